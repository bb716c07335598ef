"""A registry without integer ids behind the gateway's overlay: a whole registry, whatever fails."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import pytest

from decapolis.registries.overlay import NotOurs, Overlay, overlaid, rebuild
from decapolis.store import Store, store_at
from decapolis_formats import Format, Metadata, Reference, Rule, RuleSet, Schema
from decapolis_translators import errors
from decapolis_translators.contract import Translator
from decapolis_translators.testing.fakes.plain import SHELVES, PlainConfig, PlainRegistry, Shelf
from decapolis_translators.testing.samples import referring, sample
from decapolis_translators.testing.suite import TranslatorContract

BASE = 1_000_000_000


@pytest.fixture
def shelf(tmp_path: Path) -> Any:
    yield SHELVES.setdefault(str(tmp_path), Shelf())
    SHELVES.pop(str(tmp_path), None)


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Any]:
    opened: list[Store] = []

    async def open_one(name: str = "one") -> Store:
        store = store_at(f"sqlite:///{tmp_path}/{name}.db")
        await store.open()
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        await store.close()


@pytest.fixture
async def registry(stores: Any, shelf: Shelf, tmp_path: Path) -> Overlay:
    return over(await stores(), tmp_path)


def over(store: Store, tmp_path: Path, base: int = BASE) -> Overlay:
    made: Translator[Any] = overlaid(PlainRegistry("plain", PlainConfig(shelf=str(tmp_path))), store, base, 10_000_000)
    assert isinstance(made, Overlay)
    return made


def avro(variant: int) -> Schema:
    return sample(Format.AVRO, variant)


class TestContract(TranslatorContract):
    """What holds for every registry holds for one with an overlay."""

    @pytest.fixture
    def registry(self, registry: Overlay) -> Overlay:
        return registry


async def test_ids_belong_to_contents(registry: Overlay) -> None:
    first = await registry.register("a", avro(0))
    assert (await registry.register("b", avro(0))).native_id == first.native_id
    assert (await registry.register("b", avro(1))).native_id != first.native_id


async def test_soft_deleted_and_registered_again(registry: Overlay, shelf: Shelf) -> None:
    first = await registry.register("a", avro(0))
    await registry.delete("a")
    assert shelf.texts["a"], "a tombstone leaves the text where it is"
    again = await registry.register("a", avro(0))
    assert (again.native_id, again.version) == (first.native_id, 2)
    assert len(shelf.texts["a"]) == 1


async def test_what_others_put_there_is_found_in_its_order(registry: Overlay, shelf: Shelf) -> None:
    ours = await registry.register("a", avro(0))
    spaced = Schema(Format.AVRO, json.dumps(json.loads(avro(2).text), indent=2))
    shelf.put("a", avro(1))
    shelf.put("a", spaced)
    shelf.put("theirs", avro(0))
    assert await registry.subjects() == ["a", "theirs"]
    assert await registry.versions("a") == [1, 2, 3]
    assert (await registry.fetch("a")).schema.text == avro(2).text
    assert (await registry.fetch("theirs", 1)).native_id == ours.native_id
    assert shelf.texts["a"][2].schema == spaced, "nothing of theirs is rewritten"
    found = await registry.lookup("a", avro(1))
    assert found is not None
    assert found.version == 2


async def test_what_others_took_away_is_gone_but_its_id_resolves(registry: Overlay, shelf: Shelf) -> None:
    stored = await registry.register("a", avro(0))
    await registry.register("a", avro(1))
    del shelf.texts["a"][0]
    assert await registry.versions("a") == [2]
    shelf.texts.pop("a")
    assert await registry.subjects() == []
    assert (await registry.fetch_by_id(stored.native_id)).text == avro(0).text


async def test_a_known_registration_asks_the_registry_nothing(registry: Overlay, shelf: Shelf) -> None:
    await registry.register("a", avro(0))
    shelf.calls.clear()
    assert await registry.lookup("a", avro(0)) is not None
    await registry.register("a", avro(0))
    assert not shelf.calls


async def test_a_version_that_is_needed_stays_in_the_registry(registry: Overlay, shelf: Shelf) -> None:
    """Two fronts may stand on one native text; only the last one to go takes it along."""
    await registry.register("a", avro(0))
    await registry.register("user", referring(Format.AVRO, "a", 1))
    await registry.delete("user")
    await registry.delete("user", permanent=True)
    await registry.delete("a", 1)
    await registry.register("a", avro(0))
    assert await registry.versions("a", deleted=True) == [2]
    await registry.delete("a", 2)
    await registry.delete("a", 2, permanent=True)
    assert not shelf.texts["a"]


RULES = RuleSet(domain_rules=(Rule(name="hide", kind="TRANSFORM", mode="WRITEREAD", type="ENCRYPT", tags=("PII",)),))
OWNED = Metadata(properties={"owner": "bob"})


@pytest.mark.parametrize("kind", [Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF])
async def test_rules_and_metadata_survive_the_store(stores: Any, shelf: Shelf, tmp_path: Path, kind: Format) -> None:
    registry = over(await stores(), tmp_path)
    guarded = Schema(kind, sample(kind).text, (), OWNED, RULES)
    plain = await registry.register("a", sample(kind))
    stored = await registry.register("a", guarded)
    assert stored.native_id != plain.native_id
    fresh = over(await stores("two"), tmp_path)
    await rebuild(fresh)
    assert await fresh.fetch_by_id(stored.native_id) == guarded
    assert (await fresh.fetch("a")).schema == guarded


@pytest.mark.parametrize("kind", [Format.AVRO, Format.JSON_SCHEMA])
async def test_references_are_inlined_and_come_back(stores: Any, shelf: Shelf, tmp_path: Path, kind: Format) -> None:
    registry = over(await stores(), tmp_path)
    await registry.register("order", sample(kind))
    stored = await registry.register("purchase", referring(kind, "order", 1))
    sent = shelf.texts["purchase"][0].schema
    assert not sent.references
    assert "f0" in sent.text, "the text stands for itself"
    fresh = over(await stores("two"), tmp_path)
    await rebuild(fresh)
    assert (await fresh.fetch("purchase")).schema == stored.schema
    assert (await fresh.fetch("purchase")).native_id == stored.native_id


async def test_a_lost_store_is_rebuilt(stores: Any, shelf: Shelf, tmp_path: Path) -> None:
    registry = over(await stores(), tmp_path)
    known = {}
    for subject, variant in (("a", 0), ("b", 1), ("a", 1), ("a", 2), ("c", 3)):
        stored = await registry.register(subject, avro(variant))
        known[stored.native_id] = stored.schema
    await registry.delete("a", 1)
    gone = await registry.register("gone", avro(9))
    await registry.delete("gone")
    await registry.delete("gone", permanent=True)
    shelf.put("theirs", avro(7))
    rebuilt = [over(await stores(name), tmp_path) for name in ("two", "three")]
    for fresh in rebuilt:
        await rebuild(fresh)
        for native_id, schema in known.items():
            assert await fresh.fetch_by_id(native_id) == schema
        assert await fresh.versions("a") == [2, 3]
        assert await fresh.versions("a", deleted=True) == [1, 2, 3]
    ids = {(await fresh.fetch("theirs")).native_id for fresh in rebuilt}
    assert len(ids) == 1, "two gateways that rebuild agree"
    assert ids.isdisjoint(known)
    assert gone.native_id not in ids, "an id that was given once is not given again"
    assert isinstance(gone.native_id, int)
    assert (await rebuilt[0].register("new", avro(11))).native_id not in {*known, gone.native_id}


async def test_a_lost_store_gives_no_ids_before_it_is_rebuilt(stores: Any, shelf: Shelf, tmp_path: Path) -> None:
    registry = over(await stores(), tmp_path)
    stored = await registry.register("a", avro(0))
    shelf.put("theirs", avro(1))
    fresh = over(await stores("two"), tmp_path)
    for question in (fresh.register("b", avro(3)), fresh.fetch("theirs")):
        with pytest.raises(NotOurs, match="ids rebuild plain"):
            await question
    assert "b" not in shelf.texts
    assert (await fresh.fetch("a")).native_id == stored.native_id, "what is pinned can be read all the same"
    other = over(await stores("three"), tmp_path, base=5)
    with pytest.raises(NotOurs, match=f"base {BASE}.*base 5"):
        await other.register("b", avro(3))


async def test_levels_wait_for_their_subject(registry: Any, shelf: Shelf) -> None:
    assert await registry.config("a") is None
    await registry.set_config("a", {"compatibilityLevel": "FULL"})
    assert await registry.config("a") == {"compatibilityLevel": "FULL"}
    assert not shelf.levels
    await registry.register("a", avro(0))
    assert shelf.levels == {"a": "FULL"}
    assert await registry.config("a") == {"compatibilityLevel": "FULL"}
    await registry.set_config(None, {"compatibilityLevel": "NONE"})
    assert await registry.config(None) == {"compatibilityLevel": "NONE"}
    await registry.clear_config("a")
    await registry.clear_config(None)
    with pytest.raises(errors.ConfigNotFound):
        await registry.clear_config(None)
    assert await registry.config("a") is None


SITES = ("listed", "fetch", "notes", "own_note", "set_own_note", "register", "set_config", "note")


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("passing", [0, 1])
@pytest.mark.parametrize("site", SITES)
async def test_a_fault_anywhere_leaves_nothing_or_a_whole_version(
    stores: Any, shelf: Shelf, tmp_path: Path, site: str, passing: int, side: Literal["before", "after"]
) -> None:
    registry: Any = over(await stores(), tmp_path)
    await registry.set_config("a", {"compatibilityLevel": "FULL"})
    shelf.put("a", avro(0))
    shelf.fail_at = (site, passing, side)
    with suppress(errors.RegistryFault):
        await registry.register("a", avro(1))
    shelf.fail_at = None
    # the process may have died with it: only the store and the registry are left
    again: Any = over(registry._store, tmp_path)
    before = await again.versions("a")
    stored = await again.register("a", avro(1))
    assert (stored.version, await again.versions("a")) == (2, [1, 2])
    assert before in ([1], [1, 2])
    assert [each.schema.text for each in shelf.texts["a"]] == [avro(0).text, avro(1).text]
    assert await again.config("a") == {"compatibilityLevel": "FULL"}
    assert await again.fetch_by_id(stored.native_id) == avro(1)


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("site", ["listed", "set_own_note", "delete", "note"])
@pytest.mark.parametrize("version", [None, 2])
async def test_a_fault_while_deleting_can_be_repeated(
    stores: Any, shelf: Shelf, tmp_path: Path, site: str, side: Literal["before", "after"], version: int | None
) -> None:
    registry = over(await stores(), tmp_path)
    for variant in (0, 1):
        await registry.register("a", avro(variant))
    await registry.delete("a", version)
    shelf.fail_at = (site, 0, side)
    with suppress(errors.RegistryFault):
        await registry.delete("a", version, permanent=True)
    shelf.fail_at = None
    with suppress(errors.SubjectNotFound, errors.VersionNotFound):  # the first one may have come through
        await registry.delete("a", version, permanent=True)
    left = [] if version is None else [avro(0).text]
    assert [each.schema.text for each in shelf.texts["a"]] == left
    if version is None:
        with pytest.raises(errors.SubjectNotFound):
            await registry.versions("a", deleted=True)
    else:
        assert await registry.versions("a", deleted=True) == [1]


async def test_two_native_versions_of_one_text_are_one_version(registry: Overlay, shelf: Shelf) -> None:
    shelf.put("a", avro(0))
    shelf.put("a", Schema(Format.AVRO, json.dumps(json.loads(avro(0).text), indent=4)))
    assert await registry.versions("a") == [1]
    await registry.delete("a", 1)
    assert await registry.delete("a", 1, permanent=True) == [1]
    assert not shelf.texts["a"], "both stood for it"


async def test_a_dangling_reference_reaches_nobody(registry: Overlay, shelf: Shelf) -> None:
    dangling = Schema(Format.AVRO, '["Nobody"]', (Reference("Nobody", "nobody", 1),))
    with pytest.raises(errors.Refused):
        await registry.register("a", dangling)
    assert not shelf.texts
