"""`decapolis diff OLD NEW`: two schema files compared for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from decapolis_formats import CompareOptions, Dependency, Difference, Format, FormatError, engine_of
from decapolis_policies import LEVELS, Demands, Level, PastVersion, Text, judge
from decapolis_policies.levels import Depth

_FORMATS = {".avsc": Format.AVRO, ".proto": Format.PROTOBUF, ".json": Format.JSON_SCHEMA}
_DIRECTIONS = (
    ("backward", "readers with NEW, data written with OLD"),
    ("forward", "readers with OLD, data written with NEW"),
)


@click.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--level", default="BACKWARD", help="Which level decides the exit code.  [BACKWARD]")
@click.option("--format", "named", metavar="FORMAT", help="avro, json or protobuf, where the files' names do not tell.")
@click.option(
    "--reference", "references", multiple=True, metavar="NAME=FILE", help="The text of a reference; may be repeated."
)
@click.option(
    "--strict-semantics", is_flag=True, help="Judge by the format's own rules, without the reference's oddities."
)
@click.option("--color/--no-color", default=None, help="Colours, also where nobody looks.  [on a terminal]")
def command(
    old: Path,
    new: Path,
    level: str,
    named: str | None,
    references: tuple[str, ...],
    strict_semantics: bool,
    color: bool | None,
) -> None:
    """Compare the schema files OLD and NEW (.avsc, .proto, .json).

    Every difference is shown in both directions; ✗ marks those that break. Exit codes: 0 when NEW may follow OLD under
    the level, 2 when not, 1 when something cannot be read.
    """
    try:
        known = tuple(_reference(each) for each in references)
        before, after = (_text(path, named, known) for path in (old, new))
        wanted = Level.named(level)
        options = CompareOptions(strict_semantics=strict_semantics)
        for line in _report(before, after, options):
            click.echo(line, color=color)
        demands = Demands(level=wanted, strict_semantics=strict_semantics)
        verdict = judge(after, [PastVersion(1, before)], demands)
    except (FormatError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(_summary(before, after, options), color=color)
    click.echo(_conclusion(wanted, allowed=verdict.allowed), color=color)
    if verdict.repair is not None:
        click.echo(verdict.repair.sentence, color=color)
    raise SystemExit(0 if verdict.allowed else 2)


def _reference(spelled: str) -> Dependency:
    name, equals, path = spelled.partition("=")
    if not equals:
        raise click.UsageError(f"--reference {spelled}: NAME=FILE is expected")
    return Dependency(name, _read(Path(path)))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{path}: not UTF-8: {error.reason}") from error


def _text(path: Path, named: str | None, known: tuple[Dependency, ...]) -> Text:
    return readable(path, Text(format_of(path, named), _read(path), known))


def format_of(path: Path, named: str | None) -> Format:
    """The format that is named, or the one that the file's ending tells."""
    if named is not None:
        return Format.named(named)
    try:
        return _FORMATS[path.suffix.lower()]
    except KeyError:
        raise click.UsageError(
            f"{path}: the name does not tell the format; say --format avro, json or protobuf"
        ) from None


def readable(path: Path, text: Text) -> Text:
    """The same text, once it is known that it can be read; a click error names the file and the fault."""
    try:
        text.parsed(strict=False)
    except FormatError as error:
        raise click.ClickException(f"{path}: {error}") from error
    return text


def _report(old: Text, new: Text, options: CompareOptions) -> Iterator[str]:
    if old.format is not new.format:
        yield click.style(f"✗ the format changes from {old.format} to {new.format}", fg="red")
        return
    for direction, meaning in _DIRECTIONS:
        found = _differences(old, new, direction, options)
        yield click.style(f"{direction}", bold=True) + f" ({meaning})"
        if not found:
            yield "  no difference"
        for difference in sorted(found, key=lambda each: each.compatible):
            yield _line(new, difference, direction)


def _differences(old: Text, new: Text, direction: str, options: CompareOptions) -> Sequence[Difference]:
    reader, writer = (new, old) if direction == "backward" else (old, new)
    engine = engine_of(new.format)
    return engine.compare(reader.parsed(strict=False), writer.parsed(strict=False), options)


def _line(text: Text, difference: Difference, direction: str) -> str:
    mark = click.style("✓", fg="green") if difference.compatible else click.style("✗ breaking", fg="red")
    sides = {"reader": "NEW", "writer": "OLD"} if direction == "backward" else {"reader": "OLD", "writer": "NEW"}
    place = difference.path or "the schema"
    name = click.style(difference.type, bold=not difference.compatible)
    return f"  {mark} {name} at {place}\n      {engine_of(text.format).describe(difference, **sides)}"


def _summary(old: Text, new: Text, options: CompareOptions) -> str:
    """Which levels NEW would pass."""
    past = [PastVersion(1, old)]
    passed = [
        level.name
        for level in LEVELS.values()
        if level.depth is not Depth.ALL
        and judge(new, past, Demands(level, strict_semantics=options.strict_semantics, repairs=False)).allowed
    ]
    return f"passes {', '.join(passed)}"


def _conclusion(level: Level, *, allowed: bool) -> str:
    if allowed:
        return click.style(f"NEW may follow OLD under {level}", fg="green")
    return click.style(f"NEW breaks OLD under {level}", fg="red", bold=True)
