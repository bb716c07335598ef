"""Secrets: found wherever a type or a name says so, encrypted with a key that can be changed, for one purpose only."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from decapolis.operations.configured import HIDDEN
from decapolis.plugging.secret_places import masked, secret_places, unmasked
from decapolis.safe import NoKey, Safe, UnusableKey
from decapolis_translators.discovery import Types


def key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


class TestSafe:
    def test_what_is_sealed_opens_for_its_purpose_alone(self) -> None:
        safe = Safe(key())
        sealed = safe.seal("one", "hidden: ö")
        assert "hidden" not in sealed
        assert safe.open("one", sealed) == "hidden: ö"
        with pytest.raises(UnusableKey, match="stands where"):
            safe.open("two", sealed)
        with pytest.raises(UnusableKey, match="another key"):
            Safe(key()).open("one", sealed)

    def test_a_key_can_be_changed(self) -> None:
        old, new = key(), key()
        sealed = Safe(old).seal("one", "hidden")
        both = Safe(f"{new}, {old}")
        assert both.open("one", sealed) == "hidden"
        assert Safe(new).open("one", both.seal("one", "hidden")) == "hidden"

    def test_the_key_may_stand_in_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "key"
        path.write_text(f"{key()}\n")
        safe = Safe.of_environment({"DECAPOLIS_SECRET_KEY_FILE": str(path)})
        assert safe.open("one", safe.seal("one", "hidden")) == "hidden"
        with pytest.raises(UnusableKey, match="cannot be read"):
            Safe.of_environment({"DECAPOLIS_SECRET_KEY_FILE": str(tmp_path / "none")})

    def test_without_one_nothing_is_sealed(self) -> None:
        safe = Safe.of_environment({})
        assert not safe.has_key
        with pytest.raises(NoKey, match="DECAPOLIS_SECRET_KEY_FILE"):
            safe.seal("one", "hidden")

    @pytest.mark.parametrize("text", ["short", "ä" * 44, base64.b64encode(b"x" * 16).decode()])
    def test_a_key_of_another_form_is_refused_without_being_repeated(self, text: str) -> None:
        with pytest.raises(UnusableKey, match="32 bytes") as refused:
            Safe(text)
        assert text not in str(refused.value)


@pytest.mark.parametrize(
    ("type_", "config", "secrets"),
    [
        ("confluent", {"url": "http://h", "username": "me", "password": "p"}, {("password",)}),
        ("confluent", {"url": "http://h", "headers": {"X-Tenant": "t"}}, {("headers", "X-Tenant")}),
        (
            "apicurio",
            {
                "url": "http://h",
                "auth": {"type": "oidc", "client_id": "i", "client_secret": "s", "token_url": "http://t"},
            },
            {("auth", "client_secret")},
        ),
        (
            "aws_glue",
            {"region": "eu-west-1", "aws_access_key_id": "A", "aws_secret_access_key": "s"},
            {("aws_secret_access_key",)},
        ),
        ("unity_catalog", {"url": "http://h", "token": "t", "token_url": "http://t"}, {("token",)}),
        (
            "snowflake",
            {"account": "a", "private_key": "k", "private_key_passphrase": "p"},
            {("private_key",), ("private_key_passphrase",)},
        ),
        (
            None,
            {"url": "http://h", "api_key": "k", "region": "r", "nested": [{"Password": "p"}]},
            {("api_key",), ("nested", 0, "Password")},
        ),
        (None, {"endpoint": "http://me:pass@h/"}, {("endpoint",)}),
    ],
)
def test_secrets_are_found_by_declaration_and_by_name(type_: str | None, config: dict[str, Any], secrets: Any) -> None:
    model = None if type_ is None else Types().named(type_).Config
    places = secret_places(config, config, model)
    assert places == secrets
    shown = masked(config, places)
    assert unmasked(shown, config) == config
    text = str(shown)
    assert text.count(HIDDEN) == len(secrets)


def test_references_to_variables_are_shown() -> None:
    config = {"url": "http://h", "password": "${PASSWORD}", "token": "${TOKEN:-hidden}"}
    shown = masked(config, {("password",), ("token",)})
    assert shown == {"url": "http://h", "password": "${PASSWORD}", "token": HIDDEN}
