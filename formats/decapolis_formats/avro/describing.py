"""Differences in the dialect's shape and in words of our own."""

from __future__ import annotations

from decapolis_formats.model import Difference

from .comparing import AMBIGUOUS_FIELD

_TEXTS = {
    "TYPE_MISMATCH": "the {reader} schema expects a type that cannot read what the {writer} schema writes",
    "NAME_MISMATCH": "the {reader} schema has a type of another name, without an alias for the {writer} one",
    "FIXED_SIZE_MISMATCH": "the {reader} schema reads another number of bytes than the {writer} one writes",
    "MISSING_ENUM_SYMBOLS": "the enum of the {reader} schema lacks {info} of the {writer} one and a default",
    "MISSING_UNION_BRANCH": "no branch of the {reader} schema reads what the {writer} schema may write",
    "READER_FIELD_MISSING_DEFAULT_VALUE": (
        "the {reader} schema has the field '{info}' without a default, and the {writer} one does not write it"
    ),
    AMBIGUOUS_FIELD: "one field of the {reader} schema answers to several fields of the {writer} one",
}


def described(difference: Difference, *, reader: str, writer: str) -> str:
    """One line: `{errorType:'T', description:'...', additionalInfo:'...'}` as the dialect's clients print it.

    A comparison that failed as a whole is told in one sentence with the dialect's own beginning instead.
    """
    if not difference.path:
        return (
            f"Unexpected exception during compatibility check: the {reader} schema's {difference.info}, "
            f"all in the {writer} schema"
        )
    text = _TEXTS[difference.type].format(info=difference.info, reader=reader, writer=writer)
    at = f"At '{difference.path}' {text}"
    return f"{{errorType:'{difference.type}', description:'{at}', additionalInfo:'{difference.info}'}}"
