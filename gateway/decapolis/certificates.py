"""The listener's certificates: read at the start, and again whenever their files change."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from decapolis.settings import Tls

log = logging.getLogger(__name__)


class UnusableCertificate(ValueError):
    """Certificate, key or authority cannot be used; the text names the files and the reason."""


class Certificates:
    """A TLS context that gives every new connection the newest certificates.

    A renewed set replaces the old one as a whole, or, while it does not fit together, not at all: connections that are
    made between the writing of two files still get the old set. What an authority's file no longer holds is no longer
    trusted.
    """

    def __init__(self, tls: Tls) -> None:
        self._tls = tls
        self._seen = _state(tls)
        self._newest = self.context = _context(tls)
        self.context.sni_callback = self._give_newest

    def _give_newest(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        connection.context = self._newest

    def refresh(self) -> None:
        """Reads the files again if they changed; files that do not fit are told in the log and tried at their next change."""
        state = _state(self._tls)
        if state == self._seen:
            return
        self._seen = state
        try:
            self._newest = _context(self._tls)
        except UnusableCertificate as fault:
            log.warning("changed certificates cannot be used, the old ones stay", extra={"reason": str(fault)})
        else:
            log.info("certificates changed and are in use", extra={"cert": str(self._tls.cert)})


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # an encrypted key would otherwise ask for its passphrase on the terminal
        context.load_cert_chain(tls.cert, tls.key, password=_no_passphrase)
        if tls.client_ca is not None:
            context.load_verify_locations(tls.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
            # a resumed session would not be asked for its certificate again
            context.options |= ssl.OP_NO_TICKET
            context.num_tickets = 0
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        files = ", ".join(str(path) for path in (tls.cert, tls.key, tls.client_ca) if path is not None)
        raise UnusableCertificate(f"listen.tls: {files} cannot be used together: {reason}") from error
    return context


def _no_passphrase() -> str:
    raise ValueError("the key is encrypted, and nobody is there to type its passphrase")


def _state(tls: Tls) -> tuple[tuple[int, int, int] | None, ...]:
    return tuple(_file_state(path) for path in (tls.cert, tls.key, tls.client_ca) if path is not None)


def _file_state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
