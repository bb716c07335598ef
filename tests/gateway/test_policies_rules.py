"""Rules and stances through HTTP: refused, noticed or left alone, and always noted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.conftest import Client, code, entry, record
from tests.gateway.policed import Policed, gateway_of

NAMING = {"name": "names", "rules": {"subject-naming": {}}}
DOCS = {"name": "docs", "rules": {"required-docs": {}}}


async def metrics(client: Client) -> str:
    return (await client.get("/metrics")).text


async def test_a_naming_rule_refuses_by_name(policed: Policed) -> None:
    client = await policed(NAMING)
    answer = await client.register("Bad%20Name", record("a"))
    assert code(answer) == (422, 42205)
    assert "rule 'subject-naming' at Bad Name" in answer.json()["message"]
    assert "'names'" in answer.json()["message"]
    await client.registered("good-name", record("a"))


async def test_a_refusal_is_noted_and_counted(policed: Policed) -> None:
    client = await policed(DOCS)
    await client.register("s", record("a"))
    newest = (await gateway_of(client).audit.newest())[0]
    assert (newest["action"], newest["target"], newest["outcome"]) == ("register", "s", "refused")
    assert newest["result"]["violations"][0]["rule"] == "required-docs"
    counted = 'decapolis_policy_violations_total{outcome="refused",policy_set="docs",rule="required-docs"} 2.0'
    assert counted in await metrics(client)


async def test_warn_lets_the_write_pass_and_shows_it(policed: Policed) -> None:
    client = await policed({**DOCS, "stance": "warn"})
    await client.registered("s", record("a"))
    newest = (await gateway_of(client).audit.newest())[0]
    assert newest["outcome"] == "done"
    assert [each["rule"] for each in newest["intent"]["warnings"]] == ["required-docs", "required-docs"]
    assert 'outcome="warned",policy_set="docs",rule="required-docs"} 2.0' in await metrics(client)


async def test_a_warning_floor_lets_the_write_pass_and_shows_it(policed: Policed) -> None:
    client = await policed({"name": "soft", "floor": "BACKWARD", "stance": "warn"})
    await client.put("/config/s", json={"compatibility": "NONE"})
    await client.registered("s", record("a"))
    await client.registered("s", record("a", "b"))
    newest = (await gateway_of(client).audit.newest())[0]
    assert newest["intent"]["warnings"][0]["rule"] == "floor"
    assert (await client.get("/config/s?defaultToGlobal=true")).json()["compatibilityLevel"] == "NONE"


async def test_off_does_nothing(policed: Policed) -> None:
    client = await policed({"name": "x", "floor": "FULL", "stance": "off", "rules": {"required-docs": {}}})
    await client.put("/config/s", json={"compatibility": "NONE"})
    await client.registered("s", record("a"))
    await client.registered("s", record("a", "b"))


async def test_check_says_what_register_says(policed: Policed) -> None:
    client = await policed(DOCS)
    body = {"schema": json.dumps(record("a"))}
    url = "/compatibility/subjects/s/versions"
    assert (await client.post(url, json=body)).json() == {"is_compatible": False}
    verbose = (await client.post(f"{url}?verbose=true", json=body)).json()
    assert "rule 'required-docs' at R" in verbose["messages"][0]
    latest = (await client.post(f"{url}/latest?verbose=true", json=body)).json()
    assert latest == verbose


async def test_a_rule_that_asks_metadata_sees_it(policed: Policed) -> None:
    client = await policed({"name": "owned", "rules": {"owner-metadata": {}}})
    assert code(await client.register("s", record("a"))) == (422, 42205)
    await client.registered("s", record("a"), metadata={"properties": {"owner": "us"}})


async def test_a_lost_encryption_rule_is_refused(policed: Policed) -> None:
    client = await policed({"name": "secret", "rules": {"keep-rule-set": {"types": ["ENCRYPT"]}}})
    rules = {"domainRules": [{"name": "hide", "kind": "TRANSFORM", "type": "ENCRYPT", "mode": "WRITEREAD"}]}
    await client.registered("s", record("a"), ruleSet=rules)
    await client.registered("s", record("a", "b=0"))  # the rule set of the latest is taken over
    answer = await client.register("s", record("a", "c=0"), ruleSet={"domainRules": []})
    assert code(answer) == (422, 42205)


async def test_importing_frees_from_no_rule(policed: Policed) -> None:
    client = await policed(DOCS)
    await client.put("/mode/s", json={"mode": "IMPORT"})
    assert code(await client.register("s", record("a"), id=7, version=1)) == (422, 42205)


async def test_an_incompatible_candidate_is_told_what_would_pass(policed: Policed) -> None:
    client = await policed()
    await client.registered("s", record("a"))
    message = (await client.register("s", record("a", "b"))).json()["message"]
    assert message.endswith("It would pass if you make the field 'b' of R nullable with the default null.")


@pytest.mark.parametrize("stance", ["enforce", "warn"])
async def test_the_registrys_metadata_and_id_choose(policed: Policed, fakes: Any, gateways: Any, stance: str) -> None:
    one, two = fakes(), fakes()
    policed.write(
        {"name": "prod", "match": {"metadata": {"environment": "production"}}, "stance": stance, **_rules()},
        {"name": "named", "match": {"registry": "t*"}, "rules": {"depth-limit": {}}},
    )
    client = await gateways(
        entry("prod", one, metadata={"environment": "production"}),
        entry("test", two),
        home="prod",
        routes=[{"match": "t-*", "registry": "test"}, {"registry": "prod"}],
        policies_file=str(policed.path),
    )
    answer = await client.register("orders", record("a"))
    assert answer.status_code == (422 if stance == "enforce" else 200)
    await client.registered("t-orders", record("a"))
    newest = await gateway_of(client).audit.newest()
    assert {row["outcome"] for row in newest} == ({"refused", "done"} if stance == "enforce" else {"done"})


def _rules() -> dict[str, Any]:
    return {"rules": {"required-docs": {}}}
