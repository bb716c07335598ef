"""The last moment of a listener: whoever has connected already is still heard."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Sequence

NEWCOMER_SECONDS = 1.0
"""How long a connection that has not asked anything yet is waited for."""
_LAST_LOOK_SECONDS = 0.02
_PAUSE = 0.01


async def accept_the_rest(
    listeners: Sequence[socket.socket], protocol: Callable[[], asyncio.Protocol], context: ssl.SSLContext | None
) -> None:
    """Takes what waits in the queues of listeners, then closes them: the kernel would reset those connections.

    A queue of no length makes those who come now try again, and then they are refused, not reset.
    """
    loop = asyncio.get_running_loop()
    taken: list[asyncio.Task[object]] = []
    for listener in listeners:
        listener.setblocking(False)
        listener.listen(0)
    for seconds in (0.0, _LAST_LOOK_SECONDS):
        await asyncio.sleep(seconds)
        for listener in listeners:
            for accepted in _waiting(listener):
                handing = loop.connect_accepted_socket(protocol, accepted, ssl=context)
                taken.append(asyncio.ensure_future(handing))
    for listener in listeners:
        listener.close()
    if taken:
        # a handshake that does not end is nobody who asks
        await asyncio.wait(taken, timeout=NEWCOMER_SECONDS)


def _waiting(listener: socket.socket) -> list[socket.socket]:
    accepted = []
    while True:
        try:
            accepted.append(listener.accept()[0])
        except OSError:
            return accepted


async def hear_newcomers(are_there: Callable[[], bool]) -> None:
    """Waits for the first request of connections that have not asked anything yet, for a moment."""
    until = time.monotonic() + NEWCOMER_SECONDS
    while are_there() and time.monotonic() < until:  # noqa: ASYNC110 - the server has no event for it
        await asyncio.sleep(_PAUSE)
