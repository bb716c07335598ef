"""JSON Schema: regular expressions mean here what they mean to the reference."""

from __future__ import annotations

import pytest

from decapolis_formats import ComparisonTooCostly, InvalidSchema
from decapolis_formats.json_schema.patterns import check_pattern, found_in


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("a", ["a", "bab"], ["b", ""]),
        ("", ["", "x"], []),
        ("^a*$", ["", "aa"], ["b"]),
        ("^(?:ab|c)+$", ["abc", "c"], ["a"]),
        ("^(?<n>a)\\k<n>$", ["aa"], ["a"]),
        ("^(a)\\1$", ["aa"], ["ab"]),
        ("^a{2}b{1,}c{0,1}?$", ["aab", "aabbc"], ["ab"]),
        ("^a++b*+$", ["aab"], ["b"]),
        ("^a(?=b)", ["ab"], ["ac"]),
        ("^a(?!b)", ["ac"], ["ab"]),
        ("(?<=a)b", ["ab"], ["cb"]),
        ("(?<!a)b", ["cb"], ["ab"]),
        ("^(?>ab?)c", ["abc"], ["b"]),
        ("^a(?i)b$", ["aB", "ab"], ["AB"]),
        ("^(?i:a)b$", ["Ab"], ["AB"]),
        ("^(?i-s)ab(?u)$", ["AB"], ["A"]),
        ("\\Aa\\z", ["a"], ["ba"]),
        ("\\Ga\\Z", ["a", "a\n"], ["ab"]),
        ("\\ba\\B", ["ab"], ["a"]),
        ("^\\d\\w\\s\\D\\W\\S$", ["1a x.y"], ["aaaaaa"]),
        ("^\\Qa.b\\E$", ["a.b"], ["axb"]),
        ("^\\Qa.b", ["a.b"], ["axb"]),
        ("^\\x41\\x{42}\\u0043\\0104\\t\\e\\cA$", ["ABCD\t\x1b\x01"], ["ABCD"]),
        ("^\\h\\v\\R$", ["\t\n\r\n", "\xa0\x0b\n"], ["ab\n"]),
        ("^\\p{L}+$", ["aé"], ["a1"]),
        ("^\\pL\\p{Lu}\\P{L}$", ["aB1"], ["ab1"]),
        ("^\\p{Alpha}\\p{Digit}\\P{Digit}$", ["a1b"], ["a11"]),
        ("^\\p{IsAlphabetic}\\p{IsUppercase}$", ["aB"], ["1B"]),
        ("^\\p{IsLatin}$", ["a"], [""]),
        ("^[a-c]$", ["b"], ["d"]),
        ("^[^a-c]$", ["d"], ["b"]),
        ("^[]a]$", ["]", "a"], ["b"]),
        ("^[a\\-z]$", ["-"], ["b"]),
        ("^[\\w-.]$", ["-", ".", "a"], ["!"]),
        ("^[a-\\d]$", ["a", "-", "1"], ["b"]),
        ("^[\\x41-C]$", ["B"], ["D"]),
        ("^[a-z&&[^b]]$", ["a"], ["b"]),
        ("^[a-z&&x]$", ["x"], ["y"]),
        ("^[a[xy]]$", ["a", "y"], ["b"]),
        ("^[^a[xy]]$", ["b"], ["a", "y"]),
        ("^[[xy]]$", ["x"], ["a"]),
        ("^[^[^x]]$", ["x"], ["a"]),
        ("^[a&&]$", ["a"], ["b"]),
        ("^[\\p{Alpha}_]$", ["_", "a"], ["1"]),
        ("^.$", ["a"], ["\n", "\u2028"]),
        ("^a#b $", ["a#b "], ["ab"]),
        ("^\\/é$", ["/é"], ["e"]),
        ("^(?:)*$", [""], ["a"]),
        ("^(?<=a*)b", [], ["ab"]),
    ],
)
def test_matching(pattern: str, matching: list[str], other: list[str]) -> None:
    check_pattern(pattern, "#/pattern")
    assert [name for name in matching if not found_in(pattern, name)] == []
    assert [name for name in other if found_in(pattern, name)] == []


@pytest.mark.parametrize(
    "pattern",
    [
        "[",
        "[a",
        "[]",
        "[b-a]",
        "[a[b]",
        "(",
        "(a",
        "a)",
        "(?#a)",
        "(?P<n>a)",
        "*a",
        "a|*",
        "a**",
        "a{",
        "a{b}",
        "a{,2}",
        "a{2,1}",
        "{1}",
        "\\",
        "\\y",
        "\\k",
        "\\xg",
        "\\x{110000}",
        "[" * 60 + "a" + "]" * 60,
        "a" * 20_001,
    ],
)
def test_expressions_that_do_not_compile(pattern: str) -> None:
    with pytest.raises(InvalidSchema, match="#/pattern: the regular expression does not compile"):
        check_pattern(pattern, "#/pattern")


def test_short_names_are_always_matched() -> None:
    assert found_in("^(a+)+$", "a" * 18)
    with pytest.raises(ComparisonTooCostly):
        found_in("^(a+)+$", "a" * 30)
