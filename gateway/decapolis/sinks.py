"""Places outside that the trail is sent to: a file, a syslog collector, a service that checks signatures."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson

if TYPE_CHECKING:
    import httpx

SECONDS = 10.0
LARGEST_DATAGRAM = 8_000
"""Bytes that a UDP collector is sure to take (RFC 5424 asks for 2,048, most take more)."""
_AUDIT_FACILITY = 13
_NOTICE, _WARNING = 5, 4
_LARGE = ("before", "after", "facts", "result")


class SinkFault(Exception):
    """A sink did not take what it was sent; it will be sent again."""


class FileSink:
    """Appends one JSON object a line; whoever moves the file away gets a new one."""

    from_start = True

    def __init__(self, path: Path, host: str) -> None:
        self.path = path
        self.name = f"file:{host}:{path.absolute()}"
        self._reached: int | None = None

    async def reached(self) -> int:
        """The link of the file's last line: what was written just before a crash is not written again."""
        if self._reached is None:
            self._reached = await asyncio.to_thread(self._last)
        return self._reached

    def _last(self) -> int:
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - 1_000_000))
                lines = file.read().splitlines()
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise SinkFault(f"{self.path}: {error.strerror}") from error
        for line in reversed(lines):
            try:
                return int(orjson.loads(line)["link"])
            except (ValueError, KeyError, TypeError):
                continue  # a line that was not written whole
        return 0

    async def send(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Durable when this returns."""
        await asyncio.to_thread(self._append, b"".join(orjson.dumps(entry) + b"\n" for entry in entries))
        self._reached = entries[-1]["link"]

    def _append(self, lines: bytes) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
            try:
                if _lacks_line_end(self.path):
                    os.write(descriptor, b"\n")
                written = 0
                while written < len(lines):
                    written += os.write(descriptor, lines[written:])
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise SinkFault(f"{self.path}: {error.strerror}") from error

    async def close(self) -> None:
        """Nothing is held open."""


def _lacks_line_end(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


class SyslogSink:
    """Sends one message an entry (RFC 5424), over UDP or over TCP with counted octets (RFC 6587)."""

    from_start = False

    def __init__(self, host: str, port: int, protocol: Literal["udp", "tcp"]) -> None:
        self.name = f"syslog:{protocol}:{host}:{port}"
        self._address = (host, port)
        self._protocol = protocol

    async def reached(self) -> int:
        """A collector does not tell."""
        return 0

    async def send(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Hands them to the collector; UDP never tells whether they arrived."""
        try:
            async with asyncio.timeout(SECONDS):
                if self._protocol == "udp":
                    await self._datagrams(entries)
                else:
                    await self._stream(entries)
        except (OSError, TimeoutError) as error:
            raise SinkFault(f"{self.name}: {error or 'no answer'}") from error

    async def _datagrams(self, entries: Sequence[Mapping[str, Any]]) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=self._address)
        try:
            for entry in entries:
                message = syslog_message(entry)
                if len(message) > LARGEST_DATAGRAM:
                    short = {key: value for key, value in entry.items() if key not in _LARGE}
                    message = syslog_message({**short, "shortened": True})
                transport.sendto(message[:LARGEST_DATAGRAM])
        finally:
            transport.close()

    async def _stream(self, entries: Sequence[Mapping[str, Any]]) -> None:
        _, writer = await asyncio.open_connection(*self._address)
        try:
            for entry in entries:
                message = syslog_message(entry)
                writer.write(b"%d %b" % (len(message), message))
            await writer.drain()
        finally:
            writer.close()
            await writer.wait_closed()

    async def close(self) -> None:
        """Nothing is held open."""


def syslog_message(entry: Mapping[str, Any]) -> bytes:
    """An entry as one message: facility `log audit`, a warning where something was refused or failed."""
    severity = _NOTICE if entry.get("outcome") in {"done", "open", None} else _WARNING
    host = os.uname().nodename or "-"
    head = f"<{_AUDIT_FACILITY * 8 + severity}>1 {entry.get('at', '-')} {host} decapolis {os.getpid()} audit - "
    return head.encode() + orjson.dumps(dict(entry))


class WebhookSink:
    """POSTs entries with a signature over the time and the body, so that a receiver can trust both."""

    from_start = False

    def __init__(self, url: str, secret: str) -> None:
        self.name = f"webhook:{hashlib.sha256(url.encode()).hexdigest()[:16]}"
        self._url = url
        self._secret = secret.encode()
        self._client: httpx.AsyncClient | None = None

    async def reached(self) -> int:
        """A service does not tell."""
        return 0

    async def send(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Taken when it answers 2xx."""
        import httpx  # most gateways call nobody

        if self._client is None:
            self._client = httpx.AsyncClient(timeout=SECONDS, follow_redirects=False, trust_env=False)
        body = orjson.dumps({"entries": [dict(entry) for entry in entries]})
        headers = {"Content-Type": "application/json", "X-Decapolis-Signature": signature(self._secret, body)}
        try:
            answer = await self._client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise SinkFault(f"{self.name}: {type(error).__name__}") from error
        if not answer.is_success:
            raise SinkFault(f"{self.name}: it answered {answer.status_code}")

    async def close(self) -> None:
        """Closes the connection."""
        if self._client is not None:
            await self._client.aclose()


def signature(secret: bytes, body: bytes, at: int | None = None) -> str:
    """`t=…,v1=…`: HMAC-SHA256 over the time, a dot and the body."""
    moment = int(time.time()) if at is None else at
    return f"t={moment},v1={hmac.new(secret, b'%d.%b' % (moment, body), hashlib.sha256).hexdigest()}"
