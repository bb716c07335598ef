"""The rule on its own: no gateway, no registry, no file."""

from __future__ import annotations

import pytest
from no_prefix import rule
from pydantic import ValidationError

from decapolis_formats import Format
from decapolis_policies import Candidate, Change, PastVersion, Text

FLAGGED = Text(Format.AVRO, '{"type": "record", "name": "R", "fields": [{"name": "x_a", "type": "int"}]}')
JSON = Text(Format.JSON_SCHEMA, '{"properties": {"x_a": {}}}')


@pytest.mark.parametrize(("schema", "path"), [(FLAGGED, "R.x_a"), (JSON, "#/properties/x_a")])
def test_a_prefixed_name_is_a_fault_in_any_format(schema: Text, path: str) -> None:
    (fault,) = rule.bound().faults(Change(Candidate(schema)))
    assert fault.path == path


def test_a_name_that_was_there_before_is_forgiven_by_default() -> None:
    change = Change(Candidate(FLAGGED), PastVersion(1, FLAGGED))
    assert rule.bound().faults(change) == []
    assert len(rule.bound({"known": False}).faults(change)) == 1


def test_options_are_checked() -> None:
    with pytest.raises(ValidationError, match="prefx"):
        rule.bound({"prefx": "y_"})
