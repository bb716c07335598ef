"""Encrypts what must not be readable in the store, with a key that is never in the store."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

KEY = "DECAPOLIS_SECRET_KEY"
KEY_FILE = "DECAPOLIS_SECRET_KEY_FILE"
_MAKE = "make one with `openssl rand -base64 32`"


class NoKey(ValueError):
    """Nothing can be encrypted or read without a key; the text says how to give one."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: set {KEY} or {KEY_FILE} ({_MAKE})")


class UnusableKey(ValueError):
    """The key cannot be used, or does not fit what it should open."""


class Safe:
    """Seals texts for a purpose and opens them again; with several keys the first seals and each of them opens."""

    def __init__(self, keys: str | None = None) -> None:
        self._keys = [_key(each) for each in re.split(r"[\s,]+", keys) if each] if keys else []
        self._fernet: MultiFernet | None = None

    @classmethod
    def of_environment(cls, environ: Mapping[str, str]) -> Safe:
        """The safe whose keys the variables give or name the file of; UnusableKey where they cannot be used."""
        if environ.get(KEY):
            return cls(environ[KEY])
        if not environ.get(KEY_FILE):
            return cls()
        try:
            return cls(Path(environ[KEY_FILE]).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            raise UnusableKey(f"The file that {KEY_FILE} names cannot be read: {reason}") from error

    @property
    def has_key(self) -> bool:
        """Whether anything can be sealed."""
        return bool(self._keys)

    def seal(self, purpose: str, text: str) -> str:
        """The text, encrypted so that it can only be opened for the same purpose; NoKey without a key."""
        return self._opened(f"A secret for {purpose} cannot be kept").encrypt(f"{purpose}\n{text}".encode()).decode()

    def open(self, purpose: str, sealed: str) -> str:
        """The text again; NoKey, or UnusableKey where no key fits."""
        fernet = self._opened(f"The secrets of {purpose} cannot be read")
        from cryptography.fernet import InvalidToken

        try:
            meant, _, text = fernet.decrypt(sealed.encode()).decode().partition("\n")
        except InvalidToken:
            raise UnusableKey(
                f"The secrets of {purpose} were encrypted with another key than {KEY} holds now"
            ) from None
        if meant != purpose:
            raise UnusableKey(f"A secret of {meant} stands where one of {purpose} should")
        return text

    def _opened(self, what: str) -> MultiFernet:
        if not self._keys:
            raise NoKey(what)
        if self._fernet is None:
            try:
                from cryptography.fernet import Fernet, MultiFernet
            except ModuleNotFoundError as error:
                raise UnusableKey(f"{KEY} needs a package more: pip install 'decapolis[secrets]'") from error
            self._fernet = MultiFernet([Fernet(key) for key in self._keys])
        return self._fernet


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise UnusableKey(f"{KEY} must hold 32 bytes in base64: {_MAKE}")
    return base64.urlsafe_b64encode(key)
