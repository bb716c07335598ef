"""Numbers for JSON values, the same for two values exactly when their texts with sorted keys are the same."""

from __future__ import annotations

from typing import Any

from .printing import scalar


class Identities:
    """Gives each distinct value one number; every part of a value is looked at once."""

    def __init__(self) -> None:
        self.numbers: dict[Any, int] = {}
        self.known: dict[int, int] = {}

    def of(self, value: Any) -> int:
        """The number of a value; containers must stay alive as long as this object does."""
        pending = [value]
        while pending:
            current = pending[-1]
            missing = [child for child in _containers(current) if id(child) not in self.known]
            if missing:
                pending.extend(missing)
                continue
            pending.pop()
            if isinstance(current, dict | list):
                self.known[id(current)] = self._number(self._shape(current))
        return self._direct(value)

    def _shape(self, value: Any) -> Any:
        if isinstance(value, list):
            return tuple(map(self._direct, value))
        return frozenset((name, self._direct(child)) for name, child in value.items())

    def _direct(self, value: Any) -> int:
        if isinstance(value, dict | list):
            return self.known[id(value)]
        return self._number(scalar(value))

    def _number(self, shape: Any) -> int:
        return self.numbers.setdefault(shape, len(self.numbers))


def _containers(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [child for child in value.values() if isinstance(child, dict | list)]
    if isinstance(value, list):
        return [child for child in value if isinstance(child, dict | list)]
    return []
