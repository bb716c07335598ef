"""`/openapi.json` is what is served: made-up requests get answers as it describes them, and never a 5xx of our own."""

from __future__ import annotations

import json
import os

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from decapolis.federation.face import ENDPOINTS
from decapolis.federation.openapi import document

EXAMPLES = int(os.environ.get("DECAPOLIS_OPENAPI_EXAMPLES", "10"))

schema = schemathesis.openapi.from_dict(json.loads(json.dumps(document(ENDPOINTS))))


def test_every_operation_has_a_name_of_its_own_and_a_sentence() -> None:
    names = [each.serve.__name__ for each in ENDPOINTS]
    assert len(names) == len(set(names))
    for each in ENDPOINTS:
        assert len(each.summary.split()) >= 3, each.path
        assert each.answers, each.path


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize="CI" in os.environ, suppress_health_check=list(HealthCheck))
def test_answers_are_as_described(case: schemathesis.Case, url: str) -> None:
    case.call_and_validate(
        base_url=url,
        checks=(
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ),
    )
