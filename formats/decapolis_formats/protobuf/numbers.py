"""How the dialect's normal form writes numbers: decimal, at most three places, no exponent."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from math import isinf
from struct import pack, unpack
from typing import Final

_HEXADECIMAL: Final = re.compile(r"-?0[xX][0-9a-fA-F]{1,64}")
_OCTAL: Final = re.compile(r"-?0[0-7]{1,64}")
_INTEGER: Final = re.compile(r"-?[0-9]{1,400}")
_PLACES: Final = Decimal("0.001")
_FRACTION: Final = re.compile(r"-?[0-9]*(?:\.([0-9]*))?(?:[eE]-?[0-9]{1,3})?")


def normal_number(text: str) -> str:
    """The number in its normal spelling; a text that is no number stays as it is."""
    if _HEXADECIMAL.fullmatch(text):
        return str(int(text, 16))
    if _OCTAL.fullmatch(text):
        return str(int(text, 8))
    if _INTEGER.fullmatch(text):
        return str(int(text))
    match = _FRACTION.fullmatch(text)
    if match is None or not text.strip("-"):
        return text
    return _rounded(text, len(match[1] or ""))


def _rounded(text: str, places: int) -> str:
    try:
        value = float(text)
    except ValueError:
        return text
    if isinf(value):
        return text
    if places <= 7:
        value = _single(value)
    exact = Decimal(value) if abs(value) < 2**53 else Decimal(repr(value))
    shown = format(exact.quantize(_PLACES, ROUND_HALF_EVEN) if abs(value) < 2**53 else exact, "f")
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _single(value: float) -> float:
    """The nearest number of single precision, which is how few places are read, if it has that range."""
    try:
        single: float = unpack("<f", pack("<f", value))[0]
    except OverflowError:
        return value
    return single or value
