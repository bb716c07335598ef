"""Rules beside compatibility: each one with a change that it allows and one that it does not, in every format it knows."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from decapolis_formats import Dependency, Metadata, RuleSet
from decapolis_formats import Rule as ContractRule
from decapolis_policies import Candidate, Change, Fault, PastVersion, Rule, RuleOptions, Text
from decapolis_policies.rules import GROUP, Rules, UnknownRule
from tests.policies.schemas import avro, candidate, json_schema, plain, proto


def faults(
    rule: str, options: dict[str, Any], new: Candidate | Text, old: PastVersion | Text | None = None
) -> list[str]:
    """The places where the rule finds fault."""
    change = Change(
        candidate(new) if isinstance(new, Text) else new, PastVersion(1, old) if isinstance(old, Text) else old
    )
    return [fault.path for fault in Rules().named(rule).bound(options).faults(change)]


DOCUMENTED = avro({"name": "a", "type": "int", "doc": "The a"}, doc="A record")
ENUM = {"type": "enum", "name": "E", "symbols": ["A"], "doc": "x"}
PERSON = proto(
    'syntax = "proto3"; package p; message M { string email = 1; Inner i = 2; message Inner { int32 n = 1; } }'
)
OBJECT = json_schema({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})


def test_required_docs() -> None:
    assert faults("required-docs", {}, DOCUMENTED) == []
    assert faults("required-docs", {}, avro("a")) == ["R", "R.a"]
    assert faults("required-docs", {"types": False}, avro("a")) == ["R.a"]
    assert faults("required-docs", {"min_length": 6}, DOCUMENTED) == ["R.a"]
    assert faults("required-docs", {}, OBJECT) == ["#", "#/properties/a"]
    assert faults("required-docs", {"fields": False}, PERSON) == ["p.M", "p.M.Inner"]


def test_protobuf_documentation_is_what_the_meta_options_say() -> None:
    text = (
        'syntax = "proto3"; import "confluent/meta.proto"; message M { option (confluent.message_meta).doc = "An M"; '
        'int32 a = 1 [(confluent.field_meta).doc = "An a"]; int32 b = 2 [(confluent.field_meta) = {doc: "A b"}]; }'
    )
    assert faults("required-docs", {}, proto(text)) == []


def test_required_defaults() -> None:
    assert faults("required-defaults", {}, avro("a", "b=0")) == ["R.a"]
    assert faults("required-defaults", {"except_fields": ["a*"]}, avro("a", "b=0")) == []
    assert faults("required-defaults", {"new_only": True}, avro("a", "b"), avro("a")) == ["R.b"]
    assert faults("required-defaults", {}, OBJECT) == ["#/properties/a"]
    assert faults("required-defaults", {}, json_schema({"properties": {"a": {}}})) == []
    assert faults("required-defaults", {}, PERSON) == []


def test_owner_metadata() -> None:
    assert faults("owner-metadata", {}, candidate(avro("a"))) == ["metadata.properties.owner"]
    assert faults("owner-metadata", {}, candidate(avro("a"), owner="team")) == []
    options = {"properties": ["owner", "mail"], "pattern": "@"}
    assert faults("owner-metadata", options, candidate(avro("a"), owner="x", mail="x@y")) == [
        "metadata.properties.owner"
    ]


def test_subject_naming() -> None:
    assert faults("subject-naming", {}, candidate(avro("a"), "orders-value")) == []
    assert faults("subject-naming", {}, candidate(avro("a"), "Bad Name")) == ["Bad Name"]
    assert faults("subject-naming", {"pattern": "[a-z]+"}, candidate(avro("a"), "orders-value")) == ["orders-value"]


def test_record_naming() -> None:
    assert faults("record-naming", {}, avro("a", name="Order")) == []
    assert faults("record-naming", {}, avro("a", name="order")) == ["order"]
    options = {"field": "[a-z_]+", "namespace": r"com\..+", "symbol": "[A-Z_]+"}
    inner = avro("aB", {"name": "e", "type": {**ENUM, "symbols": ["a"]}}, name="x.Order")
    assert faults("record-naming", options, inner) == ["x.Order", "x.E", "x.E.a", "x.Order.aB"]
    assert faults("record-naming", {}, OBJECT) == []
    assert faults("record-naming", {}, json_schema({"title": "order", "properties": {}})) == ["#"]
    assert faults("record-naming", {}, PERSON) == []


@pytest.mark.parametrize(
    ("strategy", "subject", "good"),
    [
        ("topic", "orders-value", True),
        ("topic", "orders-key", True),
        ("topic", "orders", False),
        ("topic", "-value", False),
        ("record", "shop.Order", True),
        ("record", "Order", False),
        ("topic-record", "orders-shop.Order", True),
        ("topic-record", "orders-Order", False),
        ("topic-record", "-shop.Order", False),
    ],
)
def test_naming_strategy(strategy: str, subject: str, good: bool) -> None:
    found = faults("naming-strategy", {"strategy": strategy}, candidate(avro("a", name="shop.Order"), subject))
    assert (found == []) is good


def test_a_strategy_by_record_needs_a_name() -> None:
    assert faults("naming-strategy", {"strategy": "record"}, candidate(plain("int"), "int")) == ["int"]


def test_types() -> None:
    nested = avro({"name": "a", "type": ["null", {"type": "array", "items": "float"}]}, "user_id")
    assert faults("types", {"forbidden": ["float"]}, nested) == ["R.a"]
    assert faults("types", {"required": {"*_id": ["string", "long"]}}, nested) == ["R.user_id"]
    assert faults("types", {"required": {"*_id": ["int"]}}, nested) == []
    assert faults("types", {"forbidden": ["google.protobuf.Any"]}, PERSON) == []
    assert faults("types", {"forbidden": ["string"]}, PERSON) == ["p.M.email"]
    assert faults("types", {"forbidden": ["integer"]}, OBJECT) == ["#/properties/a"]


def test_logical_types() -> None:
    at = {"name": "made_at", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]}
    assert faults("logical-types", {}, avro(at)) == []
    assert faults("logical-types", {}, avro("made_at")) == ["R.made_at"]
    assert faults("logical-types", {"forbidden": ["timestamp-millis"], "required": {}}, avro(at)) == ["R.made_at"]
    dated = json_schema({"properties": {"made_at": {"type": "string", "format": "date-time"}}})
    assert faults("logical-types", {}, dated) == []
    stamped = (
        'syntax = "proto3"; import "google/protobuf/timestamp.proto"; '
        "message M { google.protobuf.Timestamp made_at = 1; }"
    )
    assert faults("logical-types", {}, proto(stamped)) == []


def test_limits() -> None:
    assert faults("size-limit", {"characters": 10}, avro("a")) == [""]
    assert faults("size-limit", {}, avro("a")) == []
    deep = avro({"name": "a", "type": {"type": "record", "name": "I", "fields": []}})
    assert faults("depth-limit", {"depth": 1}, deep) == [""]
    assert faults("depth-limit", {"depth": 2}, deep) == []
    assert faults("depth-limit", {"depth": 1}, PERSON) == [""]
    assert faults("field-limit", {"per_type": 1}, avro("a", "b")) == ["R"]
    assert faults("field-limit", {"in_all": 1}, avro("a", "b")) == [""]
    known = (Dependency("x", '"int"'), Dependency("y", '"int"', indirect=True))
    used = replace(avro("a"), dependencies=known)
    assert faults("reference-limit", {"direct": 1}, used) == []
    assert faults("reference-limit", {"direct": 0}, used) == ["references"]
    assert faults("reference-limit", {"in_all": 1}, used) == ["references"]


def test_removal_needs_deprecation() -> None:
    rule = "removal-needs-deprecation"
    assert faults(rule, {}, avro(), avro("a")) == ["R.a"]
    for mark in ({"doc": "Deprecated: use b"}, {"deprecated": True}, {"doc": "The a. @deprecated"}):
        assert faults(rule, {}, avro(), avro({"name": "a", "type": "int", **mark})) == []
    assert faults(rule, {"fields": False}, avro(), avro("a")) == []
    assert faults(rule, {}, avro("a")) == []
    assert faults(rule, {}, json_schema({"properties": {}}), OBJECT) == ["#/properties/a"]
    marked = json_schema({"properties": {"a": {"deprecated": True}}})
    assert faults(rule, {}, json_schema({"properties": {}}), marked) == []
    gone = proto('syntax = "proto3"; package p; message M { string email = 1; }')
    assert faults(rule, {}, gone, PERSON) == ["p.M.Inner", "p.M.i", "p.M.Inner.n"]
    gentle = proto('syntax = "proto3"; package p; message M { string email = 1; int32 b = 2 [deprecated = true]; }')
    assert faults(rule, {}, gone, gentle) == []


def test_enum_growth() -> None:
    small, large = plain(ENUM), plain({**ENUM, "symbols": ["A", "B"]})
    excused = plain({**ENUM, "default": "A"})
    assert faults("enum-growth", {}, large, small) == ["E"]
    assert faults("enum-growth", {}, large, excused) == []
    assert faults("enum-growth", {"allowed": False}, large, excused) == ["E"]
    assert faults("enum-growth", {"needs_default": False}, large, small) == []
    assert faults("enum-growth", {"most_symbols": 1}, large) == ["E"]
    assert faults("enum-growth", {}, json_schema({"enum": ["A", "B"]}), json_schema({"enum": ["A"]})) == ["#"]


def test_reserved_words() -> None:
    assert faults("reserved-words", {}, avro("Select", "class")) == ["R.Select"]
    assert faults("reserved-words", {"languages": ["java"]}, avro("Select", "class")) == ["R.class"]
    assert faults("reserved-words", {"languages": ["python"]}, avro("lambda", "Lambda")) == ["R.lambda"]
    assert faults("reserved-words", {"languages": [], "words": ["tmp"]}, avro("TMP")) == ["R.TMP"]


def test_pii_tags() -> None:
    assert faults("pii-tags", {}, avro("Email")) == ["R.Email"]
    assert faults("pii-tags", {}, avro({"name": "email", "type": "string", "confluent:tags": ["PII"]})) == []
    assert faults("pii-tags", {"fields": ["shoe*"], "tags": ["BODY"]}, avro("shoe_size", "email")) == ["R.shoe_size"]
    assert faults("pii-tags", {}, PERSON) == ["p.M.email"]
    for path, good in (("R.email", True), ("**.email", True), ("*.email", True), ("X.email", False), ("email", False)):
        tagged = Candidate(avro("email"), metadata=Metadata(tags={path: ("PII",)}))
        assert (faults("pii-tags", {}, tagged) == []) is good


def test_keep_rule_set() -> None:
    encrypt = RuleSet(domain_rules=(ContractRule("hide", type="ENCRYPT"), ContractRule("check", type="CEL")))
    before = PastVersion(1, avro("a"), rule_set=encrypt)
    assert faults("keep-rule-set", {}, Candidate(avro("a"), rule_set=encrypt), before) == []
    assert faults("keep-rule-set", {}, Candidate(avro("a")), before) == ["ruleSet.hide", "ruleSet.check"]
    assert faults("keep-rule-set", {"types": ["ENCRYPT"]}, Candidate(avro("a")), before) == ["ruleSet.hide"]
    disabled = RuleSet(
        domain_rules=(ContractRule("hide", type="ENCRYPT", disabled=True), ContractRule("check", type="CEL"))
    )
    assert faults("keep-rule-set", {}, Candidate(avro("a"), rule_set=disabled), before) == ["ruleSet.hide"]


class TestExpressions:
    @pytest.fixture(autouse=True)
    def _installed(self) -> None:
        pytest.importorskip("cel", reason="the extra `cel` is not installed")

    def asked(self, expression: str, each: str = "schema", **more: str) -> list[str]:
        rule = Rules().named("cel").bound({"expressions": {"x": {"expression": expression, "each": each, **more}}})
        return [f"{fault.path}|{fault.message}" for fault in rule.faults(Change(candidate(avro("a", "B"))))]

    def test_true_is_the_only_answer_that_passes(self) -> None:
        assert self.asked("fields.size() == 2 && subject == 'orders-value' && previous == null") == []
        assert self.asked("fields.size()") == ["|x: fields.size() must be true"]

    def test_each_field_is_asked_for_itself(self) -> None:
        assert self.asked("field.name.matches('^[a-z]+$')", "field", message="small letters") == [
            "R.B|x: small letters"
        ]

    def test_a_failing_expression_is_a_fault(self) -> None:
        assert self.asked("nothing.here")[0].startswith("|x: the expression fails")

    def test_work_is_bounded_beforehand(self) -> None:
        nested = "fields.all(a, fields.all(b, " * 9 + "true" + "))" * 9
        assert self.asked(nested) == ["|x: the schema is too large for this expression"]

    def test_what_is_no_expression_is_refused_with_the_policies(self) -> None:
        with pytest.raises(ValueError, match="not an expression"):
            self.asked("a +")


def _raises(change: Change, options: RuleOptions) -> list[Fault]:
    raise KeyError("oops")


def test_a_rule_that_fails_is_a_fault_and_not_a_pass() -> None:
    bound = Rule("mine", "Fails.", RuleOptions, _raises).bound()
    (fault,) = bound.faults(Change(candidate(avro("a"))))
    assert "KeyError" in fault.message


class TestStrangers:
    def test_a_package_offers_a_rule_through_an_entry_point(self) -> None:
        found = Rules([EntryPoint("strange", "decapolis_policies.rules.size_limit:rule", GROUP)])
        assert found.named("strange").name == "size-limit"
        assert "required-docs" in found.names

    def test_a_name_of_ours_cannot_be_taken_over(self) -> None:
        found = Rules([EntryPoint("required-docs", "decapolis_policies.rules.size_limit:rule", GROUP)])
        assert found.named("required-docs").name == "required-docs"

    def test_a_package_that_does_not_load_hurts_nobody_else(self) -> None:
        found = Rules([EntryPoint("broken", "no.such.module:rule", GROUP), EntryPoint("wrong", "json:loads", GROUP)])
        assert found.named("size-limit").name == "size-limit"
        with pytest.raises(UnknownRule, match="cannot be loaded"):
            found.named("broken")
        with pytest.raises(UnknownRule, match="is not a"):
            found.named("wrong")


@pytest.mark.parametrize("name", [name for name in Rules().names if name != "cel"])
def test_every_rule_copes_with_any_schema(name: str) -> None:
    bound = Rules().named(name).bound({})
    assert bound.name == name
    schemas = [plain("int"), plain(["null", "string"]), plain([]), plain(ENUM), avro(), PERSON, OBJECT]
    schemas += [json_schema(True), json_schema({"$ref": "#"}), proto('syntax = "proto3";'), proto("")]
    for new in schemas:
        for old in (None, *schemas):
            change = Change(candidate(new), None if old is None else PastVersion(1, old))
            for fault in bound.faults(change):
                assert "the rule itself failed" not in fault.message
