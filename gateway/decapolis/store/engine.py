"""Where the store's work runs: off the event loop, durable when awaited, one commit for all who wait.

SQLite has one writer thread that takes everything queued and commits once for all of it (group commit), and a few reader
threads on the write-ahead log. What was only learned from a registry, and could be learned again, is committed without
waiting for the disk: it survives this process, however that ends, and a power cut may undo the last of it, in order.
PostgreSQL has a pool of threads, one transaction a piece of work. SQLAlchemy's Core is used synchronously on purpose: its
asynchronous side costs several times the throughput.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from decapolis.breaker import Breaker

from .exclusive import ExclusiveFile
from .schema import prepare

T = TypeVar("T")
Work = Callable[[Connection], T]

SQLITE_READERS = 2
POSTGRES_THREADS = 8
POSTGRES_SECONDS = 2.5
"""How long an answer of the database is waited for; less than any client waits for ours."""
REST_SECONDS = 2.0
"""How long a database that did not answer is left alone, while nobody waits for it."""
TRIAL_SECONDS = 1.0
"""How long the first question after that waits."""
BATCH = 256


class StoreUnavailable(Exception):
    """The database could not be reached or did not take the work; nothing of it was kept."""


class UnsuitableStore(ValueError):
    """The store's URL names something that the gateway cannot keep its data in; says what would do."""


class Store(Protocol):
    """The gateway's database."""

    @property
    def exclusive(self) -> bool:
        """Whether this process alone may write to it (SQLite), so that memory can be trusted."""

    async def open(self) -> None: ...
    async def close(self) -> None: ...

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Runs a reading function in a thread; it sees everything whose `write` was answered before."""

    async def write(self, work: Callable[[Connection], T], *, learned: bool = False) -> T:
        """Runs a writing function in a transaction; durable when this returns, undone when it raises.

        What is only `learned` from a registry may survive the end of this process alone, not a power cut.
        """


def store_at(url: str) -> Store:
    """The store that a URL names: `sqlite:///PATH` or `postgresql://…`."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UnsuitableStore("The store's URL cannot be read; it is sqlite:///PATH or postgresql://…") from None
    if parsed.get_backend_name() == "sqlite":
        return SqliteStore(parsed)
    if parsed.get_backend_name() == "postgresql":
        return PostgresStore(parsed)
    raise UnsuitableStore(
        f"The store {parsed.render_as_string(hide_password=True)} is neither sqlite:///PATH nor postgresql://…"
    )


def _on_connect(connection: Any, _: Any) -> None:
    # FULL: an answered write survives a power cut, not only a crash of this process.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "busy_timeout=10000",
        "foreign_keys=ON",
        "cache_size=-4096",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _wait_for_disk(connection: Connection, synced: bool) -> None:
    """Says whether commits wait until the disk has them, or only until the operating system has."""
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA synchronous={'FULL' if synced else 'NORMAL'}")


def _on_begin(connection: Connection) -> None:
    # readers see the latest commit with each statement; a transaction would hold them at an old one
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        driver: Any = connection.connection.driver_connection
        driver.execute("BEGIN")


class SqliteStore:
    """One file, one writer thread with group commit, readers beside it."""

    exclusive = True

    def __init__(self, url: URL) -> None:
        self.path = Path(url.database or "")
        if not url.database or url.database == ":memory:":
            raise UnsuitableStore("The store needs a file (sqlite:///PATH): memory would lose every id at a restart")
        self._shown = url.render_as_string(hide_password=True)
        self._lock = ExclusiveFile(self.path)
        self._engine = create_engine(url, connect_args={"check_same_thread": False}, pool_size=SQLITE_READERS + 2)
        event.listen(self._engine, "connect", _on_connect)
        event.listen(self._engine, "begin", _on_begin)
        self._readers = ThreadPoolExecutor(SQLITE_READERS, thread_name_prefix="store-read")
        self._queue: queue.SimpleQueue[_Piece | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._local = threading.local()
        self._reading: list[Connection] = []

    async def open(self) -> None:
        """Makes the file and its tables when missing, and starts the writer; StoreTaken while another one works on it."""
        with _opening(self._shown):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.take()
            await asyncio.to_thread(prepare, self._engine)
        self._writer = threading.Thread(target=self._write_forever, name="store-write", daemon=True)
        self._writer.start()

    async def close(self) -> None:
        """Waits for everything queued, then gives the file back."""
        if self._writer is not None:
            self._queue.put(None)
            await asyncio.to_thread(self._writer.join)
            self._writer = None
        self._readers.shutdown(wait=True)
        for connection in self._reading:
            connection.close()
        self._engine.dispose()
        self._lock.give()

    async def read(self, work: Work[T]) -> T:
        """Runs `work` in a reader thread."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    def _read(self, work: Work[T]) -> T:
        with _translated():
            return work(self._reading_connection())

    def _reading_connection(self) -> Connection:
        """One connection a reader thread, for as long as the store is open; each statement sees the latest commit."""
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._local.connection = connection
            self._reading.append(connection)
        return connection

    async def write(self, work: Work[T], *, learned: bool = False) -> T:
        """Queues `work` for the writer and waits for the commit that makes it durable."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._queue.put(_Piece(work, loop, future, learned))
        result: T = await future
        return result

    def _write_forever(self) -> None:
        with self._engine.connect() as connection:
            synced = True
            while (first := self._queue.get()) is not None:
                batch, ended = self._batch(first)
                if synced == all(piece.learned for piece in batch):
                    # the next commit that waits for the disk takes everything before it along
                    synced = not synced
                    _wait_for_disk(connection, synced)
                self._commit(connection, batch)
                if ended:
                    return

    def _batch(self, first: _Piece) -> tuple[list[_Piece], bool]:
        batch = [first]
        while len(batch) < BATCH:
            try:
                piece = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
            if piece is None:
                return batch, True
            batch.append(piece)
        return batch, False

    @staticmethod
    def _commit(connection: Connection, batch: list[_Piece]) -> None:
        """One commit for all; when a piece fails, everything is undone and done again, each under a savepoint."""
        try:
            try:
                with connection.begin():
                    for piece in batch:
                        piece.run(connection)
            except Exception:  # whatever a piece raises is its own affair, and told to whoever awaits it
                with connection.begin():
                    for piece in batch:
                        piece.run_apart(connection)
        except SQLAlchemyError as error:
            fault = StoreUnavailable(str(error))
            for piece in batch:
                piece.error = piece.error or fault
        for piece in batch:
            piece.answer()


class _Piece:
    """One waiting piece of work: run under a savepoint, answered after the commit."""

    def __init__(
        self, work: Work[Any], loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any], learned: bool
    ) -> None:
        self.work = work
        self.learned = learned
        self.loop = loop
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self, connection: Connection) -> None:
        """Does the work; it may be undone and asked for again."""
        self.result = self.work(connection)

    def run_apart(self, connection: Connection) -> None:
        """Does the work so that a failure undoes nothing else."""
        savepoint = connection.begin_nested()
        try:
            self.result = self.work(connection)
        except Exception as error:  # whatever the work raises belongs to whoever awaits it
            savepoint.rollback()
            self.error = StoreUnavailable(str(error)) if isinstance(error, OperationalError) else error
        else:
            savepoint.commit()

    def answer(self) -> None:
        try:
            self.loop.call_soon_threadsafe(self._set)
        except RuntimeError:
            # the loop closed while we committed: nobody waits any more, the work is kept
            return

    def _set(self) -> None:
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


def _postgres_engine(url: URL) -> Engine:
    try:
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=POSTGRES_THREADS,
            pool_pre_ping=True,
            pool_timeout=POSTGRES_SECONDS,
            connect_args={"connect_timeout": round(POSTGRES_SECONDS)},
        )
    except ModuleNotFoundError as error:
        raise UnsuitableStore("A PostgreSQL store needs its driver: pip install 'decapolis[postgres]'") from error


class PostgresStore:
    """A shared database: several gateways on it behave as one."""

    exclusive = False

    def __init__(self, url: URL) -> None:
        self._shown = url.render_as_string(hide_password=True)
        self._engine = _postgres_engine(url)
        self._threads = ThreadPoolExecutor(POSTGRES_THREADS, thread_name_prefix="store")
        self._breaker = Breaker(1, REST_SECONDS)

    async def open(self) -> None:
        """Makes the tables when missing; several gateways may do so at once."""
        with _opening(self._shown):
            await asyncio.get_running_loop().run_in_executor(self._threads, prepare, self._engine)

    async def close(self) -> None:
        """Waits for what runs, then closes every connection."""
        self._threads.shutdown(wait=True)
        self._engine.dispose()

    async def read(self, work: Work[T]) -> T:
        """Runs `work` in a thread on a connection of the pool."""
        return await self._run(lambda: self._transact(work))

    async def write(self, work: Work[T], *, learned: bool = False) -> T:
        """Runs `work` in a transaction of its own, committed when this returns; what is learned is as durable as the rest."""
        return await self._run(lambda: self._transact(work))

    def _transact(self, work: Work[T]) -> T:
        with _translated(), self._engine.begin() as connection:
            return work(connection)

    async def _run(self, work: Callable[[], T]) -> T:
        seconds = POSTGRES_SECONDS if self._breaker.state == "closed" else TRIAL_SECONDS
        if not self._breaker.admit():
            raise StoreUnavailable("The database did not answer a moment ago")
        asked_at = time.monotonic()
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        running.add_done_callback(_heard)
        try:
            done, _ = await asyncio.wait({running}, timeout=seconds)
        except asyncio.CancelledError:
            self._breaker.released()
            raise
        if not done:
            running.cancel()  # what still waits for a thread is not begun; what has begun may end either way
            self._breaker.failed()
            raise StoreUnavailable(f"The database did not answer within {seconds:g} seconds")
        try:
            result = running.result()
        except StoreUnavailable:
            # a refusal that came at once costs nobody anything; waiting for a connection in vain does
            late = time.monotonic() - asked_at >= TRIAL_SECONDS
            if late:
                self._breaker.failed()
            else:
                self._breaker.released()
            raise
        except Exception:  # the database answered, whatever it said
            self._breaker.succeeded()
            raise
        self._breaker.succeeded()
        return result


def _heard(done: asyncio.Future[Any]) -> None:
    """Whoever asked may have gone meanwhile; then nobody needs to hear of its failure."""
    if not done.cancelled():
        done.exception()


@contextmanager
def _opening(shown: str) -> Iterator[None]:
    """What keeps a store from opening becomes one sentence with its URL."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"The store {shown} cannot be opened: {error.strerror}") from error
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()
        raise StoreUnavailable(f"The store {shown} cannot be opened: {reason[0] if reason else error}") from error


class _translated:  # noqa: N801 - reads as a phrase at its uses
    """Turns the driver's complaints into StoreUnavailable."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, DBAPIError) and not isinstance(error, IntegrityError | ProgrammingError | DataError):
            raise StoreUnavailable(str(error.orig)) from error
        if isinstance(error, PoolTimeout):
            raise StoreUnavailable("Every connection to the database is in use") from error
