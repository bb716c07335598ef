"""What only Protobuf asks of a model: one package, numbers for fields, symbols that do not collide."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from decapolis_formats.fitting.names import distinct, numbered
from decapolis_formats.renaming import called
from decapolis_formats.types import Branch, Enum, Field, List, Loss, Map, Model, Named, Struct, Type, Union

from .nodes import LARGEST_NUMBER

_RESERVED: Final = range(19_000, 20_000)
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ITEM_IDS: Final = Loss("", "the ids of items, keys and values", "only fields have numbers here")
_NUMBERED: Final = Loss("", "no numbers of the fields", "they are numbered in their order", guessed=True)


def folded(name: str) -> str:
    """What names collide by: their spelling in JSON."""
    return name.replace("_", "").lower()


def package_of(model: Model) -> str:
    """The package: the namespace of the root, without types that the root stands inside of."""
    name = model.root.name if isinstance(model.root, Named) else ""
    space = name.rpartition(".")[0]
    while space in model.definitions:
        space = space.rpartition(".")[0]
    return space


def finished(model: Model) -> tuple[Model, tuple[Loss, ...]]:
    """The model in one package, its fields numbered, its symbols distinct."""
    losses: dict[Loss, None] = {}
    model = _in_one_package(model, losses)
    structs = {name: _struct(type, name, losses) for name, type in model.definitions.items()}
    return replace(model, definitions=_distinct_symbols(structs, losses)), tuple(losses)


def _in_one_package(model: Model, losses: dict[Loss, None]) -> Model:
    package = package_of(model)
    root = model.root.name if isinstance(model.root, Named) else ""
    new = {name: name for name in model.definitions if _is_at_home(name, package, model) and name != root}
    taken = {folded(name) for name in new}
    for name in sorted(set(model.definitions) - set(new), key=lambda each: (each != root, each)):
        last = name.rpartition(".")[2]
        wanted = f"{package}.{last}" if package else last
        new[name] = wanted if folded(wanted) not in taken else numbered(wanted, taken, folded)
        taken.add(folded(new[name]))
        if new[name] != name:
            losses[Loss("", f"the type name {name}", f"it is {new[name]}: a file has one package")] = None
    if all(old == name for old, name in new.items()):
        return model
    return called(model, new)


def _is_at_home(name: str, package: str, model: Model) -> bool:
    """Whether a type stands in the package, or in a message that does."""
    space = name.rpartition(".")[0]
    while space != package and isinstance(model.definitions.get(space), Struct):
        space = space.rpartition(".")[0]
    return space == package


def _struct(type: Type, name: str, losses: dict[Loss, None]) -> Type:
    if not isinstance(type, Struct):
        return type
    fields = list(_distinct_members([_plain(field, name, losses) for field in type.fields], losses))
    in_order = sorted(fields, key=lambda field: isinstance(field.type, Union))
    if in_order != fields:
        losses[Loss("", f"the order of the fields of {name}", "oneofs stand behind the fields")] = None
        fields = in_order
    if not _are_numbers(list(_numbers(fields))):
        losses[_NUMBERED] = None
        fields = list(_renumbered(fields))
    return replace(type, fields=tuple(fields))


def _plain(field: Field, owner: str, losses: dict[Loss, None]) -> Field:
    """A field without what only some kinds of fields hold."""
    match field.type:
        case Union() if field.doc is not None or field.tags:
            losses[Loss(f"{owner}.{field.name}", "the doc and tags", "a oneof has none")] = None
            return replace(field, doc=None, tags=())
        case List() if field.type.id is not None:
            losses[_ITEM_IDS] = None
            return replace(field, type=replace(field.type, id=None))
        case Map() if field.type.key_id is not None or field.type.value_id is not None:
            losses[_ITEM_IDS] = None
            return replace(field, type=replace(field.type, key_id=None, value_id=None))
        case _:
            return field


def _distinct_members(fields: list[Field], losses: dict[Loss, None]) -> Iterator[Field]:
    """The members of a oneof are fields of its message, and named among them."""
    names = [field.name for field in fields]
    branches = [branch.name for field in fields if isinstance(field.type, Union) for branch in field.type.branches]
    new = iter(distinct([*names, *branches], folded)[len(names) :])
    for field in fields:
        if not isinstance(field.type, Union):
            yield field
            continue
        found = tuple(_called(branch, next(new), losses) for branch in field.type.branches)
        yield replace(field, type=Union(found))


def _called(branch: Branch, name: str, losses: dict[Loss, None]) -> Branch:
    if name != branch.name:
        losses[Loss("", f"the name {branch.name} of a branch", f"it is {name}: a field has that name")] = None
    return replace(branch, name=name)


def _numbers(fields: Iterable[Field]) -> Iterator[int | None]:
    for field in fields:
        if isinstance(field.type, Union):
            yield from (branch.id for branch in field.type.branches)
        else:
            yield field.id


def _are_numbers(found: list[int | None]) -> bool:
    legal = [n for n in found if n is not None and 0 < n <= LARGEST_NUMBER and n not in _RESERVED]
    return len(set(legal)) == len(found)


def _renumbered(fields: Iterable[Field]) -> Iterator[Field]:
    number = 0
    for field in fields:
        if isinstance(field.type, Union):
            branches = tuple(replace(each, id=number + n) for n, each in enumerate(field.type.branches, 1))
            number += len(branches)
            yield replace(field, type=Union(branches))
        else:
            number += 1
            yield replace(field, id=number)


def _distinct_symbols(definitions: Mapping[str, Type], losses: dict[Loss, None]) -> dict[str, Type]:
    """Symbols stand beside their enum, so those of all enums of one place must differ, and from other names."""
    taken = {name: set(_inside(name, definitions)) for name in ("", *definitions, *_spaces(definitions))}
    found: dict[str, Type] = {}
    for name, type in definitions.items():
        found[name] = type
        if isinstance(type, Enum):
            scope = taken[name.rpartition(".")[0]]
            apart = found[name] = _numbered_from_zero(_told_apart(type, name, scope, losses), name, losses)
            scope.update(apart.symbols)
    return found


def _spaces(definitions: Iterable[str]) -> set[str]:
    return {name.rpartition(".")[0] for name in definitions}


def _inside(space: str, definitions: Mapping[str, Type]) -> Iterator[str]:
    for name in definitions:
        outer, _, last = name.rpartition(".")
        if outer == space:
            yield last
    owner = definitions.get(space)
    for field in owner.fields if isinstance(owner, Struct) else ():
        yield field.name
        if isinstance(field.type, Union):
            yield from (branch.name for branch in field.type.branches)


def _told_apart(type: Enum, name: str, taken: set[str], losses: dict[Loss, None]) -> Enum:
    if taken.isdisjoint(type.symbols):
        return type
    prefix = _HUMP.sub("_", name.rpartition(".")[2]).upper()
    wanted = [f"{prefix}_{symbol}" for symbol in type.symbols]
    symbols = tuple(each if each not in taken else numbered(each, taken, str) for each in wanted)
    losses[Loss("", f"the symbols of {name}", "the enum's name stands before them: others have the same")] = None
    return replace(type, symbols=symbols)


def _numbered_from_zero(type: Enum, name: str, losses: dict[Loss, None]) -> Enum:
    if type.numbers is None or type.numbers[0] == 0:
        in_order = type.numbers == tuple(range(len(type.symbols)))
        return replace(type, numbers=None) if in_order else type
    losses[Loss("", f"the numbers of the symbols of {name}", "the first one must be zero")] = None
    return replace(type, numbers=None)
