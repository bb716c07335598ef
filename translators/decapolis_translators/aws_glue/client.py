"""One boto3 client behind one `call`, in a few threads of its own. No retries, no caching.

The kit blocks, so nothing of it runs on the event loop: making the client (which may look for credentials on the
network) happens in a thread at the first call. A call that its caller gave up keeps its thread until the kit's own
timeout ends it.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import orjson
from botocore import xform_name

from decapolis_translators.errors import Garbled, RegistryError, Unreachable
from decapolis_translators.tracing import outbound_headers

from .config import GlueConfig
from .credentials import glue_client
from .faults import Asked, Expired, told

Answer = Mapping[str, Any]


class GlueClient:
    """The calls of one registry; at most `concurrency` of them at once."""

    def __init__(self, config: GlueConfig) -> None:
        self._config = config
        self._threads: ThreadPoolExecutor | None = None
        self._kit: Any = None
        self._making = threading.Lock()

    def open(self) -> None:
        """Prepares the threads; neither credentials nor network yet."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._config.concurrency, thread_name_prefix="aws-glue")

    async def close(self) -> None:
        """Drops what waits and closes the connections; calls under way may fail as Unreachable."""
        threads, self._threads = self._threads, None
        kit, self._kit = self._kit, None
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)
        if kit is not None:
            await asyncio.to_thread(kit.close)

    async def call(self, operation: str, parameters: Mapping[str, Any], asked: Asked) -> Answer:
        """The answer of an operation, or one of our errors; within the configured time."""
        if self._threads is None:
            raise Unreachable("The registry's client is not open")
        future = self._threads.submit(contextvars.copy_context().run, self._ask, operation, parameters, asked)
        try:
            async with asyncio.timeout(self._config.timeout):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise self._late(future, asked) from None
        except asyncio.CancelledError:
            future.cancel()
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise Unreachable("The registry's client was closed") from None

    def scrub(self, text: str) -> str:
        """The text without any secret of ours that AWS might echo."""
        for secret in (*self._config.secrets(), *self._found_secrets()):
            text = text.replace(secret, "***") if secret else text
        return text

    def _found_secrets(self) -> list[str]:
        """Those that the kit found itself, read without letting it renew them."""
        signer = getattr(self._kit, "_request_signer", None)
        held = getattr(getattr(signer, "_credentials", None), "__dict__", {})
        found = (held.get(name) for name in ("secret_key", "token", "_secret_key", "_token"))
        return [each for each in found if isinstance(each, str)]

    def _late(self, future: Future[Answer], asked: Asked) -> Unreachable:
        """A call that never got a thread has had no effect."""
        sent = asked.write and not future.cancel()
        return Unreachable(f"No answer within {self._config.timeout:g} s", sent=sent)

    def _ask(self, operation: str, parameters: Mapping[str, Any], asked: Asked) -> Answer:
        """Runs in a thread; credentials that ended are looked for once more where that may find others."""
        kit = self._client_of(asked)
        try:
            return self._answered(kit, operation, parameters, asked)
        except Expired:
            if self._config.aws_access_key_id is not None and self._config.role_arn is None:
                raise
            self._forget(kit)
        return self._answered(self._client_of(asked), operation, parameters, asked)

    def _answered(self, kit: Any, operation: str, parameters: Mapping[str, Any], asked: Asked) -> Answer:
        try:
            answer: Answer = getattr(kit, xform_name(operation))(**parameters)
        except RegistryError:
            raise
        except Exception as error:  # the kit's parser fails in many ways on what it does not expect
            raise told(error, asked, self.scrub) from None
        return answer

    def _client_of(self, asked: Asked) -> Any:
        try:
            return self._client()
        except Exception as error:  # whatever a chain of credential providers may raise
            raise told(error, asked, self.scrub) from None

    def _client(self) -> Any:
        with self._making:
            if self._kit is None:
                kit = glue_client(self._config)
                kit.meta.events.register("before-call.glue", _pass_headers)
                kit.meta.events.register("before-parse.glue", _demand_json)
                self._kit = kit
            return self._kit

    def _forget(self, kit: Any) -> None:
        """The next call makes a new client; not where another call has made one already."""
        with self._making:
            if self._kit is kit:
                self._kit = None


def _pass_headers(params: Mapping[str, Any], **_: Any) -> None:
    """Sends request id and trace context along; the signature covers them."""
    params["headers"].update(outbound_headers.get())


def _demand_json(response_dict: Mapping[str, Any], **_: Any) -> None:
    """The kit takes a page or half an object for an empty answer, which would look like an empty registry."""
    status, content = response_dict["status_code"], response_dict["body"]
    if 300 <= status < 400:
        raise Garbled(f"Answered {status}, a redirect, which Glue's interface never does")
    if status >= 300:
        return
    try:
        body = orjson.loads(content)
    except ValueError:
        kind = str(response_dict["headers"].get("content-type", "no content type"))[:100]
        raise Garbled(f"Expected JSON, got {len(content)} bytes of {kind}") from None
    if not isinstance(body, dict):
        raise Garbled("Expected a JSON object, got something else")
