"""Pure judgement: levels, policy sets, rules and repairs. Nothing here knows a registry, a server or a clock.

>>> from decapolis_formats import Format
>>> from decapolis_policies import Demands, Level, PastVersion, Text, judge
>>> old = '{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}]}'
>>> new = '{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}, {"name": "total", "type": "int"}]}'
>>> history = [PastVersion(1, Text(Format.AVRO, old))]
>>> verdict = judge(Text(Format.AVRO, new), history, Demands(level=Level.named("BACKWARD")))
>>> verdict.allowed, [(each.type, each.path, each.version) for each in verdict.violations]
(False, [('READER_FIELD_MISSING_DEFAULT_VALUE', '/fields/1', 1)])
>>> judge(Text(Format.AVRO, new), history, Demands(level=Level.named("FORWARD"))).allowed
True
"""

from __future__ import annotations

from .candidate import Candidate
from .demands import BelowFloor, Demands, Stance
from .history import PastVersion, Text
from .judging import judge
from .levels import LEVELS, Level, UnknownLevel, join
from .rule import Change, Fault, Rule, RuleOptions
from .verdict import Repair, Verdict, Violation
from .whole import BrokenPair, Newest, WholeVerdict, judge_whole

__all__ = [
    "LEVELS",
    "BelowFloor",
    "BrokenPair",
    "Candidate",
    "Change",
    "Demands",
    "Fault",
    "Level",
    "Newest",
    "PastVersion",
    "Repair",
    "Rule",
    "RuleOptions",
    "Stance",
    "Text",
    "UnknownLevel",
    "Verdict",
    "Violation",
    "WholeVerdict",
    "join",
    "judge",
    "judge_whole",
]
