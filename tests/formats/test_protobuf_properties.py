"""What must hold for every Protobuf schema, the reference's opinion aside.

DECAPOLIS_PROPERTY_EXAMPLES raises the number of tries.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from decapolis_formats import CompareOptions, Format, protobuf
from decapolis_formats.protobuf.nodes import File
from decapolis_formats.protobuf.printing import printed
from decapolis_policies.history import PastVersion, Text, failures
from decapolis_policies.levels import Level

from .protobuf_strategies import EXAMPLES, edited, files, fill

PLAIN = CompareOptions()
STRICT = CompareOptions(strict_semantics=True)
few = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
seldom = settings(few, max_examples=EXAMPLES * 4)


def _breaking(reader: str, writer: str, options: CompareOptions) -> list[str]:
    found = protobuf.compare(protobuf.parse(reader), protobuf.parse(writer), options)
    return sorted(str(difference) for difference in found if not difference.compatible)


@given(files())
@few
def test_every_schema_reads_itself(file: File) -> None:
    text = printed(file)
    for options in (PLAIN, STRICT):
        assert not protobuf.compare(protobuf.parse(text), protobuf.parse(text + "// same\n"), options)


@given(st.data())
@few
def test_full_is_backward_and_forward(data: st.DataObject) -> None:
    old = data.draw(files())
    texts = [Text(Format.PROTOBUF, printed(file)) for file in (old, data.draw(edited(old)))]
    holds = {
        name: not failures(texts[1], [PastVersion(1, texts[0])], Level.named(name))
        for name in ("FULL", "BACKWARD", "FORWARD")
    }
    assert holds["FULL"] == (holds["BACKWARD"] and holds["FORWARD"])


@given(st.data(), st.sampled_from(["BACKWARD", "FORWARD", "FULL"]))
@few
def test_transitive_implies_plain(data: st.DataObject, level: str) -> None:
    first = data.draw(files())
    second = data.draw(edited(first))
    third = Text(Format.PROTOBUF, printed(data.draw(edited(second))))
    history = [PastVersion(at, Text(Format.PROTOBUF, printed(file))) for at, file in enumerate((first, second), 1)]
    if not failures(third, history, Level.named(f"{level}_TRANSITIVE")):
        assert not failures(third, history, Level.named(level))


@given(st.data())
@few
def test_layout_and_order_of_fields_do_not_count(data: st.DataObject) -> None:
    old = data.draw(files())
    new = data.draw(edited(old))
    shuffled = replace(
        new,
        messages=tuple(replace(each, fields=tuple(data.draw(st.permutations(each.fields)))) for each in new.messages),
    )
    noisy = printed(shuffled).replace("\n", ' \t// a remark; with { odd "signs\n/* and\nmore */\r\n')
    for options in (PLAIN, STRICT):
        assert _breaking(noisy, printed(old), options) == _breaking(printed(new), printed(old), options)
        assert _breaking(printed(old), noisy, options) == _breaking(printed(old), printed(new), options)


@given(st.data())
@few
def test_normalising_keeps_the_verdict(data: st.DataObject) -> None:
    old = data.draw(files())
    texts = [printed(file) for file in (old, data.draw(edited(old)))]
    normal = [protobuf.normalized(protobuf.parse(text)) for text in texts]
    assert [protobuf.normalized(protobuf.parse(text)) for text in normal] == normal
    for options in (PLAIN, STRICT):
        assert _breaking(normal[1], normal[0], options) == _breaking(texts[1], texts[0], options)


@given(files())
@few
def test_texts_survive_reading_and_descriptors(file: File) -> None:
    schema = protobuf.parse(printed(file))
    assert protobuf.canonical(schema) == printed(file)
    serialized = protobuf.rendered(schema, "serialized")
    back = protobuf.parse(serialized)
    assert protobuf.normalized(back) == protobuf.normalized(schema)
    assert protobuf.rendered(back, "serialized") == serialized


@given(st.data())
@seldom
def test_accepted_readers_read_the_values_that_were_written(data: st.DataObject) -> None:
    old = data.draw(files())
    new = data.draw(edited(old))
    writer, reader = protobuf.parse(printed(old)), protobuf.parse(printed(new))
    assume(all(difference.compatible for difference in protobuf.compare(reader, writer, STRICT)))
    names = [message.name for message in old.messages]
    package = f"{old.package}." if old.package else ""
    for name in names:
        written = _new_message(writer, package + name)
        fill(data.draw, written)
        read = _new_message(reader, package + name)
        read.ParseFromString(written.SerializeToString())
        assert read.IsInitialized()
        _expect_values(written, read)


def _new_message(schema: protobuf.ProtobufSchema, name: str) -> Any:
    pool = DescriptorPool()
    pool.AddSerializedFile(base64.b64decode(protobuf.rendered(schema, "serialized")))
    return GetMessageClass(pool.FindMessageTypeByName(name))()


def _expect_values(written: Any, read: Any) -> None:
    for field, value in written.ListFields():
        counterpart = read.DESCRIPTOR.fields_by_number.get(field.number)
        if counterpart is None:
            continue
        found = getattr(read, counterpart.name)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            assert sorted(map(_comparable, value)) == sorted(map(_comparable, found))
            for key in value:
                _expect_value(value[key], found[key])
        elif field.is_repeated:
            assert len(value) == len(found)
            for before, after in zip(value, found, strict=True):
                _expect_value(before, after)
        else:
            _expect_value(value, found[0] if counterpart.is_repeated else found)


def _expect_value(written: Any, read: Any) -> None:
    if hasattr(written, "ListFields"):
        _expect_values(written, read)
    else:
        assert _comparable(written) == _comparable(read)


def _comparable(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value
