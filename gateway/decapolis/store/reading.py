"""Reads a store from outside, also while a gateway works on it; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from .engine import StoreUnavailable, UnsuitableStore


@contextmanager
def reading(url: str) -> Iterator[Connection]:
    """A connection that cannot change anything; StoreUnavailable where there is no store of this release."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UnsuitableStore("The store's URL cannot be read; it is sqlite:///PATH or postgresql://…") from None
    shown = parsed.render_as_string(hide_password=True)
    if parsed.get_backend_name() == "sqlite":
        path = Path(parsed.database or "")
        if not path.is_file():
            raise StoreUnavailable(f"The store {shown} cannot be opened: there is no such file")
        engine = create_engine(f"sqlite:///file:{quote(str(path.resolve()))}?mode=ro&uri=true")
    else:
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"), execution_options={"postgresql_readonly": True}
        )
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()
        raise StoreUnavailable(f"The store {shown} cannot be read: {reason[0] if reason else error}") from error
    finally:
        engine.dispose()
