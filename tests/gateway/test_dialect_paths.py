"""How a path of the dialect finds its handler."""

from __future__ import annotations

import re

import pytest

from decapolis.dialect.routes import ROUTES, Paths

PATHS = Paths()


@pytest.mark.parametrize(
    ("method", "template", "handler"), ROUTES, ids=lambda each: each if isinstance(each, str) else each.__name__
)
def test_every_template_finds_itself(method: str, template: str, handler: object) -> None:
    names = re.findall(r"\{(\w+)\}", template)
    path = re.sub(r"\{(\w+)\}", r"a%2F\1", template)
    found = PATHS.find(path)
    assert found is not None
    assert (found[0].template, found[0].handlers[method]) == (template, handler)
    assert found[1] == {name: f"a%2F{name}" for name in names}


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/subjects/a/versions/1/nothing", "/subjects//versions", "/schemas", "/schemas/ids", "/Subjects"],
)
def test_what_is_no_path_finds_nothing(path: str) -> None:
    found = PATHS.find(path)
    assert found is None or found[0].template == path


def test_a_fixed_name_goes_before_one_that_varies() -> None:
    found = PATHS.find("/subjects/a/metadata")
    assert found is not None
    assert found[0].template == "/subjects/{subject}/metadata"


def test_a_path_names_its_methods() -> None:
    found = PATHS.find("/config/a")
    assert found is not None
    assert found[0].allowed == "DELETE, GET, HEAD, PUT"
