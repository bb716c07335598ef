"""Inside a container: a store that would be lost with it is refused."""

from __future__ import annotations

from pathlib import Path, PurePath

import click
from sqlalchemy.engine import make_url

MOUNTS = Path("/proc/self/mountinfo")


def refuse_lost_store(store: str, mounts: Path = MOUNTS) -> None:
    """A SQLite file in a container's own layer goes with the container; it must lie on something that is mounted."""
    url = make_url(store)
    if url.get_backend_name() != "sqlite":
        return
    folder = Path(url.database or "").absolute().parent
    if any(point in (folder, *folder.parents) for point in _mounted(mounts)):
        return
    raise click.ClickException(
        f"The store {folder / Path(url.database or '').name} would be lost with this container: mount a volume at {folder}, "
        "or name a PostgreSQL with DECAPOLIS_STORE=postgresql://…"
    )


def _mounted(mounts: Path) -> list[PurePath]:
    """Where something is mounted, the root aside; nothing where the system does not tell."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return []
    # the fifth field is the place; spaces in it are written as \040
    places = [line.split(" ")[4].replace("\\040", " ") for line in lines if line.count(" ") > 4]
    return [PurePath(place) for place in places if place != "/"]
