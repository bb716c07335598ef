"""Stands where a disabled registry would: its code is not loaded, its configuration may be incomplete."""

from __future__ import annotations

from typing import NoReturn

from decapolis_formats import Format, Schema
from decapolis_translators.contract import Capabilities, NativeId, Ping, StoredVersion, Translator, TranslatorConfig
from decapolis_translators.errors import Unreachable


class DisabledRegistry(Translator[TranslatorConfig]):
    """Answers no question; who asks a disabled registry is told so by whoever holds it."""

    type = "disabled"
    Config = TranslatorConfig

    @property
    def capabilities(self) -> Capabilities:
        """Nothing is known to be missing, so that the refusal names the true reason."""
        return Capabilities(frozenset({Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF}))

    async def open(self) -> None:
        """Nothing to prepare."""

    async def close(self) -> None:
        """Nothing to give back."""

    async def ping(self) -> Ping:
        """Unreachable."""
        self._refuse()

    async def subjects(self, *, deleted: bool = False) -> list[str]:
        """Unreachable."""
        self._refuse()

    async def versions(self, subject: str, *, deleted: bool = False) -> list[int]:
        """Unreachable."""
        self._refuse()

    async def fetch(self, subject: str, version: int | None = None, *, deleted: bool = False) -> StoredVersion:
        """Unreachable."""
        self._refuse()

    async def fetch_by_id(self, native_id: NativeId, context: str = ".") -> Schema:
        """Unreachable."""
        self._refuse()

    async def lookup(self, subject: str, schema: Schema, *, deleted: bool = False) -> StoredVersion | None:
        """Unreachable."""
        self._refuse()

    async def register(
        self, subject: str, schema: Schema, *, native_id: int | None = None, version: int | None = None
    ) -> StoredVersion:
        """Unreachable."""
        self._refuse()

    async def delete(self, subject: str, version: int | None = None, *, permanent: bool = False) -> list[int]:
        """Unreachable."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise Unreachable(f"Registry {self.registry_id} is disabled")
