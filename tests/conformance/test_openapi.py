"""`docs/dialect.openapi.yaml` says what is served: the same routes, and answers as they are described for made-up requests."""

from __future__ import annotations

import os
from pathlib import Path

import schemathesis
import yaml
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from decapolis.dialect.routes import ROUTES
from decapolis_policies.levels import LEVELS

DOCUMENT = Path(__file__).parents[2] / "docs" / "dialect.openapi.yaml"
EXAMPLES = int(os.environ.get("DECAPOLIS_OPENAPI_EXAMPLES", "10"))

schema = schemathesis.openapi.from_path(DOCUMENT)


def test_every_route_is_described_and_nothing_else() -> None:
    document = yaml.safe_load(DOCUMENT.read_text())
    verbs = {"get", "put", "post", "delete"}
    described = {(verb.upper(), path) for path, item in document["paths"].items() for verb in verbs & set(item)}
    assert described == {(method, path) for method, path, _ in ROUTES}
    assert document["components"]["schemas"]["Level"]["enum"] == list(LEVELS)


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
