"""`python -m tests.federation_page`: the table of endpoints of `docs/federation.md`, made from what serves them."""

from __future__ import annotations

from pathlib import Path

from decapolis.federation.face import ENDPOINTS

PAGE = Path(__file__).parent.parent / "docs" / "federation.md"
START = "<!-- made by: python -m tests.federation_page -->"
END = "<!-- end -->"


def table() -> str:
    """A row for each endpoint, by group."""
    lines = [START, "| call | what it does |", "|---|---|"]
    for tag in dict.fromkeys(each.tag for each in ENDPOINTS):
        lines.append(f"| **{tag}** | |")
        lines += [
            f"| {e.method} `{e.path}` | {e.summary.replace('|', chr(92) + '|')} |" for e in ENDPOINTS if e.tag == tag
        ]
    return "\n".join([*lines, END])


def main() -> None:
    """Writes the table into the page."""
    text = PAGE.read_text()
    before, _, rest = text.partition(START)
    PAGE.write_text(before + table() + rest.partition(END)[2])


if __name__ == "__main__":
    main()
