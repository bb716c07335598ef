"""What Glue's interface accepts: members, lengths, patterns and values as its published model (in botocore) has them."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from .asgi import Problem


def refuse(code: str, message: str, status: int = 400) -> Problem:
    """An error as the JSON 1.1 protocol writes it."""
    return Problem(status, {"__type": code, "Message": message}, {"x-amzn-requestid": "fake"})


@cache
def _model() -> Any:
    import botocore.session

    return botocore.session.Session().get_service_model("glue")


def demand_valid(operation: str, given: Any) -> None:
    """Refuses an input that the model does not allow, in the words of AWS's front servers."""
    shape = _model().operation_model(operation).input_shape
    found = list(_faults(shape, given, ""))
    if found:
        plural = "s" if len(found) > 1 else ""
        raise refuse("ValidationException", f"{len(found)} validation error{plural} detected: {'; '.join(found)}")


def _faults(shape: Any, given: Any, path: str) -> list[str]:
    check = {"structure": _structure, "list": _list, "map": _map, "string": _string, "boolean": _boolean}
    return check.get(shape.type_name, _number)(shape, given, path)


def _structure(shape: Any, given: Any, path: str) -> list[str]:
    if not isinstance(given, dict):
        return [f"Value at '{path}' is no structure"]
    found = [f"Unknown member '{path}{name}'" for name in given if name not in shape.members]
    found += [
        f"Value null at '{path}{name}': Member must not be null" for name in shape.required_members if name not in given
    ]
    for name, value in given.items():
        if name in shape.members:
            found += _faults(shape.members[name], value, f"{path}{name}.")
    return found


def _list(shape: Any, given: Any, path: str) -> list[str]:
    if not isinstance(given, list):
        return [f"Value at '{path}' is no list"]
    return [fault for each in given for fault in _faults(shape.member, each, path)]


def _map(shape: Any, given: Any, path: str) -> list[str]:
    if not isinstance(given, dict):
        return [f"Value at '{path}' is no map"]
    pairs = [(shape.key, key) for key in given] + [(shape.value, value) for value in given.values()]
    return [fault for kind, each in pairs for fault in _faults(kind, each, path)] + _sized(shape, len(given), path)


def _string(shape: Any, given: Any, path: str) -> list[str]:
    if not isinstance(given, str):
        return [f"Value at '{path}' is no string"]
    name = path.rstrip(".")
    if shape.enum and given not in shape.enum:
        return [
            f"Value '{given}' at '{name}' failed to satisfy constraint: Member must satisfy enum value set: {shape.enum}"
        ]
    pattern = shape.metadata.get("pattern", "")
    if pattern and "\\u" not in pattern and not re.fullmatch(pattern, given, re.DOTALL):
        return [
            f"Value at '{name}' failed to satisfy constraint: Member must satisfy regular expression pattern: {pattern}"
        ]
    return _sized(shape, len(given), name)


def _boolean(shape: Any, given: Any, path: str) -> list[str]:
    return [] if isinstance(given, bool) else [f"Value at '{path}' is no boolean"]


def _number(shape: Any, given: Any, path: str) -> list[str]:
    if not isinstance(given, int) or isinstance(given, bool):
        return [f"Value at '{path}' is no number"]
    return _sized(shape, given, path.rstrip("."))


def _sized(shape: Any, size: int, name: str) -> list[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if most is not None and size > most:
        return [f"Value at '{name}' failed to satisfy constraint: Member must have length less than or equal to {most}"]
    if least is not None and size < least:
        return [
            f"Value at '{name}' failed to satisfy constraint: Member must have length greater than or equal to {least}"
        ]
    return []
