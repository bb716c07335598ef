"""docs/transformations.md: its examples print what it says, its tables are those of the code."""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from decapolis_formats.rules_page import page

PAGE = Path(__file__).parent.parent.parent / "docs" / "transformations.md"
EXAMPLE = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def test_the_tables_are_those_of_the_code() -> None:
    assert PAGE.read_text().partition("<!-- tables -->\n")[2] == page()


def test_the_examples_print_what_the_page_says() -> None:
    examples = EXAMPLE.findall(PAGE.read_text())
    assert len(examples) == 2
    for program, expected in examples:
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile(program, str(PAGE), "exec"), {})
        assert printed.getvalue() == expected
