"""Registries that come and go while the gateway runs: add, replace, enable, disable, remove, test, reload."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from .endpoint import Answer, Asked, Endpoint, Inputs, Shape
from .registries import RegistryShape, TestShape, registry_shape, shown, tag_of, test_shape


class EntryInputs(Inputs):
    """A registry as an entry of `registries.yaml` describes it; a hidden secret that is sent back stays as it is."""

    type: str = Field(description="the registry type, as GET /types lists them")
    enabled: bool = Field(default=True, description="false keeps the entry, but nothing is asked of it")
    config: dict[str, Any] = Field(
        default_factory=dict, description="the type's own keys; ${VAR} stands for a variable"
    )
    metadata: dict[str, Any] = Field(default_factory=dict, description="free keys: region, environment, owner …")
    ids: dict[str, Any] | None = Field(default=None, description="its range of public ids: base and span")
    routes: list[str] = Field(
        default_factory=list,
        description="subjects that it owns: globs, or expressions after re:; after those of the files",
    )
    resilience: dict[str, Any] = Field(default_factory=dict, description="bounds around every call")
    on_reissued_id: str = Field(default="refuse", description="refuse or relearn")

    def body(self, *without: str) -> dict[str, Any]:
        """What was said, as an entry."""
        said = self.model_dump(exclude_unset=True, exclude={"test", *without})
        return {key: value for key, value in said.items() if value is not None}


class NewRegistry(EntryInputs):
    """A registry that is to be added."""

    id: str = Field(description="its name in routes, doors and reports")
    test: bool = Field(default=True, description="false adds it although it does not answer yet")


class ChangedRegistry(EntryInputs):
    """What a registry is to be from now on."""

    id: str | None = Field(default=None, description="may be repeated, cannot be changed")
    test: bool = Field(default=True, description="false takes it over although it does not answer yet")


class UntriedRegistry(EntryInputs):
    """A registry that is only to be asked."""

    id: str = Field(default="test", description="how answers call it")


class SwitchInputs(Inputs):
    """Whether it must answer first."""

    test: bool = Field(default=True, description="false enables it although it does not answer yet")


class ReloadShape(Shape):
    """What came of reading the files again."""

    added: list[str]
    replaced: list[str]
    removed: list[str]
    failures: dict[str, str] = Field(
        description="by registry: why the old one is still in place, or why a new one does not answer yet"
    )
    problems: list[str] = Field(description="what is wrong with the files; then everything was left as it was")
    policies: str | None = Field(description="why the policies are still the old ones")
    types: dict[str, str | None] = Field(description="by module of the plug-in folder: why it brings no type")
    needs_restart: list[str] = Field(description="changed keys of the gateway file that count from the next start on")


async def add_registry(asked: Asked[NewRegistry]) -> Answer:
    """A registry more, opened and asked first."""
    plugged = await asked.desk.plugging.add(asked.inputs.body(), test=asked.inputs.test)
    answer = shown(asked, plugged, 201)
    return Answer(answer.body, 201, {**answer.headers, "Location": f"/api/v1/registries/{plugged.live.id}"})


def _expected(asked: Asked[Any], registry_id: str) -> str | None:
    """The revision that the caller's tag stands for; 412 where it is of another one, None where no tag was sent."""
    plugged = asked.desk.plugging.plugged(registry_id)
    asked.demand_match(tag_of(registry_shape(asked.desk.gateway, plugged), plugged.revision))
    return None if asked.headers.get("if-match") in {None, "*"} else plugged.revision


async def replace_registry(asked: Asked[ChangedRegistry]) -> Answer:
    """Another entry in place of the one there."""
    registry_id = asked.path["registry_id"]
    expected = _expected(asked, registry_id)
    plugging, inputs = asked.desk.plugging, asked.inputs
    return shown(asked, await plugging.replace(registry_id, inputs.body(), expected=expected, test=inputs.test))


async def remove_registry(asked: Asked[Inputs]) -> Answer:
    """One registry less."""
    registry_id = asked.path["registry_id"]
    await asked.desk.plugging.remove(registry_id, expected=_expected(asked, registry_id))
    return Answer(None, 204)


async def enable_registry(asked: Asked[SwitchInputs]) -> Answer:
    """It takes part again."""
    found = await asked.desk.plugging.switch(asked.path["registry_id"], enabled=True, test=asked.inputs.test)
    return shown(asked, found)


async def disable_registry(asked: Asked[Inputs]) -> Answer:
    """It takes part in nothing; its ids keep their meaning."""
    return shown(asked, await asked.desk.plugging.switch(asked.path["registry_id"], enabled=False))


async def test_new_registry(asked: Asked[UntriedRegistry]) -> Answer:
    """A test of a registry that is not configured; nothing is kept."""
    return Answer(test_shape(await asked.desk.plugging.test_body(asked.inputs.body())))


async def reload_files(asked: Asked[Inputs]) -> Answer:
    """The files, read again now."""
    found = await asked.desk.plugging.reload()
    return Answer(
        ReloadShape(
            added=list(found.added),
            replaced=list(found.replaced),
            removed=list(found.removed),
            failures=dict(found.failures),
            problems=list(found.problems),
            policies=found.policies,
            types=dict(found.types),
            needs_restart=list(found.needs_restart),
        )
    )


ENDPOINTS = (
    Endpoint(
        "POST",
        "/registries",
        add_registry,
        "Add a registry: it is opened and asked first, and takes part from then on in every replica",
        "registries",
        inputs=NewRegistry,
        answers={201: RegistryShape},
        problems=(400, 409, 422),
    ),
    Endpoint(
        "PUT",
        "/registries/{registry_id}",
        replace_registry,
        "Replace a registry that was added at run time; one that does not answer leaves the old one in place",
        "registries",
        inputs=ChangedRegistry,
        answers={200: RegistryShape},
        problems=(400, 404, 409, 412, 422),
    ),
    Endpoint(
        "DELETE",
        "/registries/{registry_id}",
        remove_registry,
        "Remove a registry that was added at run time; its ids go on resolving",
        "registries",
        answers={204: None},
        problems=(404, 409, 412),
    ),
    Endpoint(
        "POST",
        "/registries/{registry_id}/enable",
        enable_registry,
        "Enable a registry that was added at run time",
        "registries",
        inputs=SwitchInputs,
        answers={200: RegistryShape},
        problems=(400, 404, 409, 422),
    ),
    Endpoint(
        "POST",
        "/registries/{registry_id}/disable",
        disable_registry,
        "Disable a registry that was added at run time",
        "registries",
        answers={200: RegistryShape},
        problems=(404, 409),
    ),
    Endpoint(
        "POST",
        "/registries/test",
        test_new_registry,
        "Test a registry that is not configured: the same body as for adding it, and nothing is kept",
        "registries",
        inputs=UntriedRegistry,
        answers={200: TestShape},
        problems=(400, 422),
    ),
    Endpoint(
        "POST",
        "/reload",
        reload_files,
        "Read the configuration files again: registries, routes, policies and the plug-in folder",
        "registries",
        answers={200: ReloadShape},
        problems=(),
    ),
)
