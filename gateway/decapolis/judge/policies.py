"""The policies in force: read from a file, read again when it changes, kept when what is there now cannot be used."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from decapolis.files import ConfigurationFault, load_policies
from decapolis_policies.sets import Policies

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0

Seen = tuple[int, int, int]


class PolicyFile:
    """One file of policies; without a path there are none."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.policies = Policies()
        self.problem: str | None = None
        """Why the file as it is now is not in force."""
        self._seen: Seen | None = None

    def open(self) -> None:
        """Reads the file for a start; ConfigurationFault refuses it."""
        if self.path is not None:
            self._seen = _state(self.path)
            self.policies = load_policies(self.path, os.environ)
            self._tell_of_idle_sets()

    def refresh(self, *, force: bool = False) -> bool:
        """Looks whether the file changed; answers whether other policies are in force now."""
        if self.path is None:
            return False
        seen = _state(self.path)
        if seen == self._seen and not force:
            return False
        self._seen = seen
        try:
            self.policies = load_policies(self.path, os.environ)
        except ConfigurationFault as unusable:
            self.problem = str(unusable)
            log.warning("policies not taken over", extra={"file": str(self.path), "reason": self.problem})
            return False
        self.problem = None
        log.info("policies taken over", extra={"file": str(self.path), "sets": len(self.policies.sets)})
        self._tell_of_idle_sets()
        return True

    def _tell_of_idle_sets(self) -> None:
        for _, name in self.policies.idle:
            log.warning("policy set matches nobody: callers have no tenants yet", extra={"policy_set": name})


def _state(path: Path) -> Seen | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


async def watch(
    file: PolicyFile, told: asyncio.Event, changed: Callable[[], Awaitable[None]], *, day: Callable[[], object]
) -> None:
    """Looks at the file every second, and at once when told; a new day counts as a change, for exemptions end on days."""
    today = day()
    while True:
        # not wait_for: in Python 3.11 it may swallow the cancellation that ends this
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await told.wait()
        force = told.is_set()
        told.clear()
        taken_over = await asyncio.to_thread(file.refresh, force=force)
        if taken_over or day() != today:
            today = day()
            await changed()
