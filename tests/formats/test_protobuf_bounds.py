"""Hostile Protobuf texts end with a verdict or a refusal, in bounded time and memory."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from decapolis_formats import CompareOptions, ComparisonTooCostly, Dependency, InvalidSchema, protobuf

HEAD = 'syntax = "proto3";\n'


@pytest.fixture(autouse=True)
def _bounded_time() -> Iterator[None]:
    started = time.perf_counter()
    yield
    assert time.perf_counter() - started < 30


@pytest.mark.parametrize(
    "text",
    [
        "message A {" * 100_000,
        "message A {" * 100_000 + "}" * 100_000,
        "message A { option x = " + "{a:" * 100_000,
        "message A { option (x) = " + "[" * 100_000,
        "message A { " + "map<string," * 100_000,
        "{" * 1_000_000,
        "/* " * 1_000_000,
        '"\\' * 1_000_000,
        "option a = 'x" + "\\'" * 1_000_000,
        "option a" + ".(b)" * 100_000,
        " " * 5_000_000 + "x",
        "// " + "y" * 5_000_000 + "\nz",
        "message A { string s = " + "9" * 1_000_000 + "; }",
        "message A { string s = 0x" + "F" * 1_000_000 + "; }",
        "A" * 1_000_000,
    ],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(InvalidSchema):
        protobuf.parse(HEAD + text)


def test_ten_megabytes_are_read() -> None:
    message = "message M%d {\n  string name = 1; // " + "x" * 900 + "\n}\n"
    text = HEAD + "".join(message % index for index in range(11_000))
    assert len(text) > 10_000_000
    schema = protobuf.parse(text)
    assert not protobuf.compare(schema, protobuf.parse(text + " "))


def test_five_thousand_fields() -> None:
    fields = "".join(f"  string field_{number} = {number};\n" for number in range(1, 5001))
    old = protobuf.parse(f"{HEAD}message M {{\n{fields}}}\n")
    new = protobuf.parse(f"{HEAD}message M {{\n{fields.replace('string field_9 ', 'int32 field_9 ')}}}\n")
    breaking = [str(each) for each in protobuf.compare(new, old) if not each.compatible]
    assert breaking == ["FIELD_SCALAR_KIND_CHANGED #/M/9"]
    assert protobuf.normalized(new)
    assert protobuf.rendered(new, "serialized")


def _imported(text: str, version: int) -> protobuf.ProtobufSchema:
    main = f'{HEAD}import "d.proto";\nmessage Main {{ M0 m = 1; }}'
    return protobuf.parse(main, [Dependency("d.proto", HEAD + text, "d", version)])


def test_recursive_messages_end() -> None:
    ring = "".join(f"message M{at} {{ M{(at + 1) % 40} next = 1; M{at} self = 2; }}\n" for at in range(40))
    changed = ring.replace("message M39 {", "message M39 { string s = 3;")
    for options in (CompareOptions(), CompareOptions(strict_semantics=True)):
        assert all(each.compatible for each in protobuf.compare(_imported(changed, 2), _imported(ring, 1), options))


def test_a_lattice_of_messages_is_compared_once() -> None:
    lattice = "".join(f"message M{at} {{ M{at + 1} a = 1; M{at + 1} b = 2; }}\n" for at in range(60))
    old, new = lattice + "message M60 {}", lattice + "message M60 { string s = 1; }"
    with pytest.raises(ComparisonTooCostly):  # the dialect lists a difference for each of 2**60 ways to it
        protobuf.compare(_imported(new, 2), _imported(old, 1))
    assert not protobuf.compare(_imported(old + " ", 2), _imported(old, 1))


def test_long_chains_are_refused() -> None:
    chain = "".join(f"message M{at} {{ M{at + 1} next = 1; }}\n" for at in range(2000)) + "message M2000 {}"
    with pytest.raises(ComparisonTooCostly, match="levels"):
        protobuf.compare(_imported(chain + " ", 2), _imported(chain, 1))


def test_the_budget_is_kept() -> None:
    text = f"{HEAD}message M {{ {' '.join(f'string f{at} = {at};' for at in range(1, 100))} }}"
    with pytest.raises(ComparisonTooCostly):
        protobuf.compare(protobuf.parse(text + " "), protobuf.parse(text), CompareOptions(budget=50))
    assert not protobuf.compare(protobuf.parse(text + " "), protobuf.parse(text), CompareOptions(budget=500))


def test_long_names_of_deep_types_are_refused() -> None:
    deep = "".join(f"message {'n' * 1000}{at} {{" for at in range(60))
    with pytest.raises(InvalidSchema, match="too long"):
        protobuf.parse(HEAD + deep + "message a {}" * 10_000 + "}" * 60)


def test_long_paths_of_many_differences_are_refused() -> None:
    deep = "".join(f"message {'n' * 1000}{at} {{" for at in range(60))
    fields = "".join(f"string f{at} = {at};" for at in range(1, 6000))
    old, new = HEAD + deep + fields + "}" * 60, HEAD + deep + "}" * 60
    with pytest.raises(ComparisonTooCostly):
        protobuf.compare(protobuf.parse(new), protobuf.parse(old))
