"""Names: which are legal, how they are made absolute, and how they are written inside a namespace."""

from __future__ import annotations

from decapolis_formats.errors import InvalidSchema

from .nodes import PRIMITIVES

# A type so named is written in full even inside its own namespace, or it would read as the keyword.
_KEYWORDS = PRIMITIVES | {"record", "enum", "array", "map", "union", "fixed"}
_LAST_PLAIN = "\uffff"


def check_name(name: object, what: str, *, strict: bool) -> str:
    """The name itself; InvalidSchema where it is none: of ASCII letters, digits and _, or of any letters."""
    if isinstance(name, str) and (is_strict(name) if strict else _is_lax(name)):
        return name
    allowed = "A-Z, a-z, 0-9 and _" if strict else "letters, digits and _"
    raise InvalidSchema(f"{name!r} is not a name for {what} (a name has {allowed}, and no digit in front)")


def is_strict(name: str) -> bool:
    """Whether it follows the specification's `[A-Za-z_][A-Za-z0-9_]*`."""
    return name.isascii() and name.isidentifier()


def _is_lax(name: str) -> bool:
    # Java's letters and digits, looked at char by char: nothing beyond the basic plane counts as a letter
    if not name or not (name[0].isalpha() or name[0] == "_"):
        return False
    return all((each.isalpha() or each.isdecimal() or each == "_") and each <= _LAST_PLAIN for each in name)


def split(name: str, space: str) -> tuple[str, str]:
    """Simple name and namespace of a name met in a namespace; a dot in the name overrules the latter."""
    if "." not in name:
        return name, space
    space, _, name = name.rpartition(".")
    return name, space


def joined(name: str, space: str) -> str:
    """The full name."""
    return f"{space}.{name}" if space else name


def check_space(space: str) -> None:
    """Refuses a namespace with a part that is no name."""
    for part in space.split("."):
        if not is_strict(part):
            raise InvalidSchema(f"{part!r} in the namespace {space!r} is not a name (A-Z, a-z, 0-9 and _)")


def written(full: str, space: str) -> str:
    """A full name as it is written inside a namespace: short where both have the same one."""
    own, _, name = full.rpartition(".")
    return name if own and own == space and name not in _KEYWORDS else full
