"""Compares two schemas of any registries and formats: field by field, who can read whose data, and what to do about it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from decapolis.gateway import Gateway
from decapolis.judge import Judge
from decapolis_formats import InvalidSchema
from decapolis_formats.options import NO_WISHES, Options
from decapolis_formats.structural import Change, Finding, compare
from decapolis_formats.transform import read_model
from decapolis_formats.types import Loss, Reading
from decapolis_policies import Candidate, Demands, Level, PastVersion

from .candidate import DIALECT_TYPES
from .sides import Side


@dataclass(frozen=True, slots=True)
class Direction:
    """Whether data written with one side can be used with the other, and what speaks against it."""

    compatible: bool
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that two schemas differ in."""

    left: Side
    right: Side
    identical: bool
    findings: tuple[Finding, ...]
    judged_by: str
    """`format`: by the rules of the format that both have; `structure`: by the values that each can hold."""
    left_reads_right: Direction
    right_reads_left: Direction
    level: Level
    notes: tuple[Loss, ...]
    """What either side says that a comparison across formats passes over."""
    recommendations: tuple[str, ...]

    @property
    def compatible(self) -> bool:
        """Whether the right side may follow the left one under the level."""
        backward = self.right_reads_left.compatible or not self.level.backward
        return backward and (self.left_reads_right.compatible or not self.level.forward)


async def compared(gateway: Gateway, left: Side, right: Side, level: Level, options: Options = NO_WISHES) -> Comparison:
    """The comparison; InvalidSchema names the side that cannot be read."""
    findings, notes, lossy_back = await asyncio.to_thread(_structure, left, right, options)
    identical = left.format is right.format and left.text == right.text
    if left.format is right.format and left.format in DIALECT_TYPES.values():
        judged_by = "format"
        right_reads_left = await _reads(gateway.judge, right, left)
        left_reads_right = await _reads(gateway.judge, left, right)
    else:
        judged_by = "structure"
        right_reads_left = _holds(findings, right.name)
        left_reads_right = _holds(lossy_back, left.name)
    return Comparison(
        left,
        right,
        identical,
        findings,
        judged_by,
        left_reads_right,
        right_reads_left,
        level,
        notes,
        tuple(_advice(findings, left, right)),
    )


def _structure(
    left: Side, right: Side, options: Options
) -> tuple[tuple[Finding, ...], tuple[Loss, ...], tuple[Finding, ...]]:
    ours, theirs = _model(left, options), _model(right, options)
    notes = tuple(
        replace(loss, path=f"{side}: {loss.path or 'the whole schema'}")
        for side, reading in (("left", ours), ("right", theirs))
        for loss in reading.losses
    )
    return compare(ours.model, theirs.model), notes, compare(theirs.model, ours.model)


def _model(side: Side, options: Options) -> Reading:
    try:
        return read_model(side.text.text, side.format, options, side.dependencies)
    except InvalidSchema as error:
        raise InvalidSchema(f"{side.name} cannot be read as {side.format}: {error}") from error


async def _reads(judge: Judge, reader: Side, writer: Side) -> Direction:
    """Whether the reader can read what was written with the writer, by the rules of their format."""
    demands = Demands(level=Level.named("BACKWARD"), repairs=False)
    candidate = Candidate(reader.text, reader.subject or "")
    verdict = await judge.judge(candidate, [PastVersion(writer.version or 1, writer.text)], demands)
    return Direction(verdict.allowed, tuple(each.message for each in verdict.violations))


def _holds(findings: tuple[Finding, ...], name: str) -> Direction:
    lossy = [str(each) for each in findings if each.lossy]
    return Direction(not lossy, tuple(f"{name} has no place for it: {each}" for each in lossy))


def _advice(findings: tuple[Finding, ...], left: Side, right: Side) -> list[str]:
    said = []
    for each in findings:
        match each.change:
            case Change.ONLY_LEFT:
                said.append(f"Add {each.path} ({each.left}) to {right.name}, optional or with a default")
            case Change.ONLY_RIGHT if each.lossy:
                said.append(
                    f"Give {each.path} a default in {right.name}, or add it to {left.name}: it is required there"
                )
            case Change.ONLY_RIGHT:
                said.append(f"Add {each.path} ({each.right}) to {left.name}, optional or with a default")
            case Change.TYPE if each.lossy:
                said.append(f"Widen {each.path} in {right.name}: {each.right} cannot hold every {each.left}")
            case Change.NULLABILITY if each.lossy:
                said.append(
                    f"Let {each.path} be null in {right.name}, or give it a default and refuse null in {left.name}"
                )
            case Change.NAME:
                said.append(f"Spell {each.left} alike on both sides, or map it (field_mappings) when transforming")
            case _:
                continue
    return said
