"""Which subjects of which registries a plan is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from decapolis.gateway import Gateway
from decapolis.operations.errors import OperationRefused
from decapolis.operations.everywhere import Failed, everywhere
from decapolis.operations.subject_filter import matching
from decapolis.registries.live import LiveRegistry
from decapolis.web import current_call


class NothingMatches(OperationRefused):
    """The filter means no subject of any registry that could be asked."""

    def __init__(self, filter_: str | None, registries: Sequence[str]) -> None:
        what = "has any subject" if not filter_ else f"has a subject that matches '{filter_}'"
        super().__init__(f"None of the registries {', '.join(registries)} {what}")


@dataclass(frozen=True, slots=True)
class Selected:
    """Names by registry, and the registries that could not be asked."""

    names: Mapping[str, Sequence[str]]
    failures: Mapping[str, Failed] = field(default_factory=dict)

    def places(self) -> Iterator[tuple[str, str]]:
        """Each registry with each of its subjects."""
        for registry, names in self.names.items():
            for name in names:
                yield registry, name

    @property
    def told(self) -> dict[str, str]:
        """Why registries are missing, for a job to remember."""
        return {registry: str(failed) for registry, failed in self.failures.items()}


async def selected(gateway: Gateway, registries: Sequence[LiveRegistry], filter_: str | None) -> Selected:
    """The subjects that a filter means; NothingMatches, or the fault where nobody could be asked."""
    current_call().demand_fresh()

    async def names_of(registry: LiveRegistry) -> list[str]:
        return await registry.subjects()

    listed = await everywhere(registries, names_of)
    failures = {registry: answer for registry, answer in listed.items() if isinstance(answer, Failed)}
    # one question for all, because an expression is matched in another process
    places = [(registry, name) for registry, names in listed.items() if not isinstance(names, Failed) for name in names]
    wanted = await matching(gateway, filter_, sorted({name for _, name in places}))
    keep, names = set(wanted), dict[str, list[str]]()
    for registry, name in places:
        if name in keep:
            names.setdefault(registry, []).append(name)
    if not names:
        if failures and len(failures) == len(listed):
            raise next(iter(failures.values())).error
        raise NothingMatches(filter_, [registry.id for registry in registries])
    return Selected(names, failures)
