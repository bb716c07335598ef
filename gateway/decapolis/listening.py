"""The port, bound before anything else is opened, so that a start that cannot listen changes nothing."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack


class CannotListen(OSError):
    """The address cannot be had; the text says which and why."""


def bound(host: str, port: int) -> list[socket.socket]:
    """A bound socket for each address that the host means, all on one port; CannotListen otherwise."""
    with ExitStack() as opened:
        sockets: list[socket.socket] = []
        try:
            for family, address in _addresses(host, port):
                # any free port, but the same one for every address
                chosen = sockets[0].getsockname()[1] if sockets else port
                sockets.append(opened.enter_context(socket.socket(family, socket.SOCK_STREAM)))
                _bind(sockets[-1], family, (address, chosen))
        except OSError as error:
            reason = error.strerror or str(error)
            raise CannotListen(
                f"Cannot listen on {host} port {port}: {reason.lower()}; --port names another"
            ) from error
        opened.pop_all()
        return sockets


def _addresses(host: str, port: int) -> list[tuple[int, str]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _bind(opened: socket.socket, family: int, address: tuple[str, int]) -> None:
    if os.name == "posix":  # a port that was just left is free again
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    opened.bind(address)
