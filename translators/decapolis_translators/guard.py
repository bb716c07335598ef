"""Keeps a registry's client away from addresses that whoever configured it must not make the gateway call."""

from __future__ import annotations

import errno
import ipaddress
import socket
from contextvars import ContextVar
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA = {ipaddress.ip_address(each) for each in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200")}
"""Where clouds tell a machine its own credentials."""
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")


class AddressRefused(OSError):
    """An address that must not be called; the text says which and why."""

    def __init__(self, reason: str) -> None:
        super().__init__(errno.EACCES, reason)  # the second is what connectors tell of it

    def __str__(self) -> str:
        return str(self.strerror)


@dataclass(frozen=True, slots=True)
class Guard:
    """Which addresses may be called: public ones, private and loopback ones where that is allowed."""

    allow_private: bool = False
    trusted: frozenset[str] = frozenset()
    """Hosts that nobody gave at run time: defaults of the type."""

    def demand(self, host: str, address: str) -> None:
        """AddressRefused unless the host may be called at that address."""
        if host in self.trusted:
            return
        reason = self._reason(_plain(address))
        if reason is not None:
            where = host if host == address else f"{host} ({address})"
            raise AddressRefused(f"{where} {reason}")

    def _reason(self, address: Address) -> str | None:
        if address in _METADATA:
            return "is the metadata service of a cloud"
        if address.is_link_local:
            return "is a link-local address"
        if address.is_multicast or address.is_unspecified or (address.is_reserved and not address.is_loopback):
            return "is no address of a server"
        if not address.is_global and not self.allow_private:
            return "is a private or loopback address; `allow_private_networks: true` in gateway.yaml admits those"
        return None


def _plain(text: str) -> Address:
    """The address that is meant, also where IPv6 carries an IPv4 one."""
    address = ipaddress.ip_address(text.split("%", maxsplit=1)[0])
    if isinstance(address, ipaddress.IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if carried is None and address in _TRANSLATED:
            carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return carried or address
    return address


def literal(host: str) -> str | None:
    """The address that a host is written as, in any spelling that a resolver takes (`127.1`); None for a name."""
    bare = host.strip("[]")
    try:
        return str(ipaddress.ip_address(bare.split("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(bare))
    except (OSError, ValueError):
        return None


guard: ContextVar[Guard | None] = ContextVar("decapolis_guard", default=None)
"""Holds while a client is opened; it obeys that guard as long as it lives."""
