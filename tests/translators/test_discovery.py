"""Types are found through their entry points, and broken ones hurt nobody."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from decapolis_translators.discovery import GROUP, BrokenTypeError, Types, UnknownTypeError
from decapolis_translators.karapace import KarapaceRegistry


def points(**values: str) -> list[EntryPoint]:
    return [EntryPoint(name, value, GROUP) for name, value in values.items()]


def test_a_type_is_loaded_when_it_is_asked_for() -> None:
    types = Types(points(karapace="decapolis_translators.karapace:KarapaceRegistry"))
    assert types.names() == ["karapace"]
    assert types.named("karapace") is KarapaceRegistry
    assert types.all()[0].reason is None


def test_a_broken_type_is_listed_with_its_reason_and_hurts_nobody() -> None:
    types = Types(
        points(
            karapace="decapolis_translators.karapace:KarapaceRegistry",
            gone="no_such_module_at_all:Thing",
            odd="decapolis_translators.subjects:Subject",
            misnamed="decapolis_translators.karapace:KarapaceRegistry",
        )
    )
    reasons = {found.name: found.reason for found in types.all()}
    assert reasons["karapace"] is None
    assert "no_such_module_at_all" in str(reasons["gone"])
    assert "neither a Translator nor a Catalog" in str(reasons["odd"])
    assert "calls itself 'karapace'" in str(reasons["misnamed"])
    with pytest.raises(BrokenTypeError, match="no_such_module_at_all"):
        types.named("gone")
    assert types.named("karapace") is KarapaceRegistry


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownTypeError, match=r"karapce \(known: a, b\)"):
        Types(points(b="b:B", a="a:A")).named("karapce")
    with pytest.raises(UnknownTypeError, match="none"):
        Types([]).named("x")


def test_a_record_says_where_its_type_comes_from() -> None:
    found = Types(points(karapace="decapolis_translators.karapace:KarapaceRegistry")).all()[0]
    assert found.source == "decapolis_translators.karapace:KarapaceRegistry"
    assert (found.package, found.version) == (None, None)


def test_the_installed_types_are_found() -> None:
    for found in Types().all():
        assert found.package == "decapolis"
        assert found.version
