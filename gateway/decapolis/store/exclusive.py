"""One process a SQLite file: an operating-system lock beside it, which ends with the process however that ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path


class StoreTaken(RuntimeError):
    """Another process works on the same file; two of them would each trust a memory that the other makes wrong."""

    def __init__(self, path: Path, holder: str) -> None:
        who = f" (process {holder})" if holder else ""
        super().__init__(
            f"Another gateway{who} works on {path} already. SQLite serves one gateway alone: stop the other one, give "
            "this one a file of its own, or let both share a PostgreSQL"
        )


class ExclusiveFile:
    """Holds the lock of a database file from `take` to `give`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> None:
        """Returns at once; StoreTaken when another process, or another store of this one, holds it."""
        lock = self._path.resolve().with_name(f"{self._path.resolve().name}.lock")
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not _locked(descriptor):
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise StoreTaken(self._path, holder)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def give(self) -> None:
        """Lets the next one in; the lock's file stays, because removing it could take somebody else's."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _locked(descriptor: int) -> bool:
    if sys.platform == "win32":  # no such lock there: SQLite's own ones still keep the file whole
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
