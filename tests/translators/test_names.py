"""Two subjects never meet in one name, and every name of a registry belongs to somebody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decapolis_translators.errors import SubjectRefused
from decapolis_translators.names import NameCodec, is_plain

GLUE = NameCodec(allowed=r"A-Za-z0-9\-_$#.", escape="#", width=255)
LOWER = NameCodec(allowed="a-z0-9_", escape="_", width=64)
CODECS = [GLUE, LOWER]

pieces = st.lists(st.sampled_from(["#", "#2", "#23", "#2f", "_", "_5f", "/", "a", "f", "2", "A", "é", ":", " "]))
subjects = st.one_of(st.text(min_size=1, max_size=20), pieces.map("".join).filter(bool))
legal = {
    codec: st.one_of(
        st.from_regex(rf"\A[{codec.allowed}]{{1,20}}\Z"),
        pieces.map(lambda parts, codec=codec: "".join(p for p in parts if all(c in "#2f_5a3" for c in p))),
    )
    for codec in CODECS
}


def name_of(codec: NameCodec, subject: str) -> str | None:
    try:
        return codec.name_of(subject)
    except SubjectRefused:
        return None


@pytest.mark.parametrize("codec", CODECS, ids=["glue", "lower"])
@given(data=st.data())
def test_a_subject_comes_back_from_its_name(codec: NameCodec, data: st.DataObject) -> None:
    subject = data.draw(subjects)
    name = name_of(codec, subject)
    if name is not None:
        assert codec._legal.fullmatch(name)
        assert len(name) <= codec.width
        assert codec.subject_of(name) == subject


@pytest.mark.parametrize("codec", CODECS, ids=["glue", "lower"])
@given(data=st.data())
def test_two_subjects_never_meet_in_one_name(codec: NameCodec, data: st.DataObject) -> None:
    first, second = data.draw(subjects), data.draw(subjects)
    names = name_of(codec, first), name_of(codec, second)
    if None not in names and first != second:
        assert names[0] != names[1]


@pytest.mark.parametrize("codec", CODECS, ids=["glue", "lower"])
@given(data=st.data())
def test_a_name_that_another_tool_gave_is_one_subjects_name(codec: NameCodec, data: st.DataObject) -> None:
    name = data.draw(legal[codec].filter(lambda name: bool(codec._legal.fullmatch(name))))
    subject = codec.subject_of(name)
    if subject is None:
        assert not is_plain(name), "only names that no subject can have are left out"
    else:
        assert codec.name_of(subject) == name


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("orders-value", "orders-value"),
        ("a.b_c$d", "a.b_c$d"),
        ("a/b", "a#2fb"),
        ("a:b c%", "a#3ab#20c#25"),
        ("日", "#e6#97#a5"),
        ("a#b", "a#b"),
        ("a/#", "a#2f#23"),
        ("a#2fb", "a#232fb"),
        ("a#232fb", "a#23232fb"),
        ("a#23b", "a#23b"),
        ("a#2F", "a#2F"),
        ("a#41", "a#41"),
        ("a#ff", "a#ff"),
    ],
)
def test_what_names_look_like(subject: str, name: str) -> None:
    assert GLUE.name_of(subject) == name
    assert GLUE.subject_of(name) == subject


def test_upper_case_is_escaped_where_only_lower_case_is_allowed() -> None:
    assert LOWER.name_of("aB") == "a_42"
    assert LOWER.name_of("orders_v1") == "orders_v1"


@pytest.mark.parametrize("subject", ["", "a\x00b", "lone\ud800", ":.ctx:name", "__GLOBAL", "x" * 256, "/" * 86])
def test_what_has_no_name_is_refused(subject: str) -> None:
    with pytest.raises(SubjectRefused):
        GLUE.name_of(subject)


def test_a_name_that_no_subject_can_have_is_nobodys() -> None:
    assert GLUE.subject_of("__GLOBAL") is None
    assert GLUE.subject_of("a#00") == "a#00", "not the escape of a subject, so it is itself"
