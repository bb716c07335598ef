"""Dataplex's REST, version 1, as far as catalogs go: entry groups, aspect types, entry types and entries.

After google/cloud/dataplex/v1/catalog.proto with its HTTP annotations, google.rpc.Status for refusals, and the pages on
service accounts (RFC 7523 assertions) and on the metadata server. Answers name projects by number, operations are done
only after a poll, entries are listed without aspects, at most 100 a page.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from copy import deepcopy
from fnmatch import fnmatchcase
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import orjson

from .asgi import FakeServer, Problem, Request, Route
from .dataplex_state import PROJECT, Dataplex, invalid, missing, numbered, told

TOKEN_PATH = "/token"  # noqa: S105 - an address
METADATA_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"
_IDS = {"entryGroups": "entryGroupId", "aspectTypes": "aspectTypeId", "entryTypes": "entryTypeId"}
_VIEWS = {"1": "BASIC", "2": "FULL", "3": "CUSTOM", "4": "ALL", "": "FULL"}
_PAGE, _MOST = 10, 100
_ENTRIES = 6
"""Where `entries` stands in projects/P/locations/L/entryGroups/G/entries/…"""


class DataplexFake(FakeServer):
    """One project, `demo`; `public_key` is the service account's, and without one nobody has to log in."""

    api_path = "/v1"
    throttled_body: ClassVar[dict[str, Any]] = {
        "error": {
            "code": 429,
            "status": "RESOURCE_EXHAUSTED",
            "message": "Quota exceeded for quota metric 'Entry writes'",
        }
    }

    def __init__(self) -> None:
        super().__init__()
        self.state = Dataplex()
        self.public_key: Any = None
        self.assertions: list[dict[str, Any]] = []

    def routes(self) -> list[Route]:
        """None: resource names have any number of parts."""
        return []

    def unauthorized(self) -> Problem:
        """As every API of Google's."""
        return told(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")

    # --- who

    def demand_login(self, public_key: Any = None) -> None:
        """From now on only tokens that were given out here are taken."""
        self.public_key = public_key
        self.door.oauth = ("", "")

    def expire_tokens(self) -> None:
        """Every token that was given out is refused."""
        self.door.tokens.clear()

    def _issued(self) -> dict[str, Any]:
        self.door.token_calls += 1
        token = f"ya29.token-{self.door.token_calls}"
        self.door.tokens.add(token)
        return {"access_token": token, "token_type": "Bearer", "expires_in": self.door.token_lifetime}

    def _by_assertion(self, request: Request) -> dict[str, Any]:
        form = dict(parse_qsl(request.body.decode()))
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            raise Problem(400, {"error": "unsupported_grant_type", "error_description": "Invalid grant_type"})
        said, _, signature = form.get("assertion", "").rpartition(".")
        try:
            self._verify(said, _decoded(signature))
            head, claims = (orjson.loads(_decoded(part)) for part in said.split("."))
            assert head["alg"] == "RS256"
            assert claims["exp"] - claims["iat"] <= 3600
            assert claims["aud"].endswith(TOKEN_PATH)
            assert "cloud-platform" in claims["scope"]
        except (ValueError, KeyError, AssertionError):
            raise Problem(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}) from None
        self.assertions.append(claims)
        return self._issued()

    def _verify(self, said: str, signature: bytes) -> None:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        try:
            self.public_key.verify(signature, said.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            raise ValueError("signature") from None

    def _by_machine(self, request: Request) -> dict[str, Any]:
        if request.headers.get("metadata-flavor") != "Google":
            raise Problem(403, "<html>Missing Metadata-Flavor:Google header.</html>")
        return self._issued()

    # --- what

    def _dispatch(self, request: Request) -> Any:
        if request.raw_path == TOKEN_PATH:
            return self._by_assertion(request)
        if request.raw_path == METADATA_PATH:
            return self._by_machine(request)
        parts = request.segments
        kind = parts[5] if len(parts) > 5 else "?"
        if kind == "entryGroups" and "entries" in parts:
            kind = "entries"
        self.calls[f"{request.method} {kind}"] += 1
        if not self.door.admits(request.headers.get("authorization", "")):
            raise self.unauthorized()
        if parts[:1] != ("v1",) or parts[1:2] != ("projects",):
            raise Problem(404, "<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>")
        name = numbered("/".join(parts[1:]))
        answer = self._entries(request, name) if kind == "entries" else self._resource(request, kind, name)
        self.writes += request.method != "GET"
        return answer

    def _resource(self, request: Request, kind: str, name: str) -> Any:
        """Groups and types: making them takes a while."""
        state = self.state
        if kind == "operations":
            return self._operation(name)
        if kind not in _IDS:
            raise missing(name)
        if request.method == "GET":
            for pending in [key for key, each in state.operations.items() if each[1] == name]:
                self._operation(pending)
            if name not in state.resources:
                raise missing(name)
            return state.resources[name]
        if request.method == "POST":
            return self._created(request, kind, name)
        raise told(501, "UNIMPLEMENTED", f"{request.method} is not imitated")

    def _created(self, request: Request, kind: str, name: str) -> Any:
        id, state = request.query.get(_IDS[kind], ""), self.state
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,62}", id):
            raise invalid(f"{_IDS[kind]} must begin with a letter and hold only a-z, 0-9 and -")
        full = f"{name}/{id}"
        if full in state.resources or any(full == pending[1] for pending in state.operations.values()):
            raise told(409, "ALREADY_EXISTS", f"Resource '{full}' already exists")
        body = orjson.loads(request.body)
        if kind == "aspectTypes" and body.get("metadataTemplate", {}).get("type") != "record":
            raise invalid("metadata_template must be a record")
        for required in body.get("requiredAspects", ()):
            if numbered(required["type"]) not in state.resources:
                raise missing(required["type"])
        operation = f"{name.rpartition('/')[0]}/operations/op-{len(state.operations) + 1}"
        state.operations[operation] = [state.polls, full, {**body, "name": full, "uid": f"uid-{len(state.resources)}"}]
        return self._operation(operation)

    def _operation(self, name: str) -> Any:
        if name not in self.state.operations:
            raise missing(name)
        left, full, body = self.state.operations[name]
        if left > 0:
            self.state.operations[name][0] -= 1
            return {"name": name, "done": False}
        self.state.resources.setdefault(full, body)
        return {"name": name, "done": True, "response": body}

    # --- entries

    def _entries(self, request: Request, name: str) -> Any:
        group, _, id = name.partition("/entries")
        id = id.removeprefix("/")
        if group not in self.state.resources:
            raise missing(group)
        match request.method, bool(id):
            case "GET", False:
                return self._listed(request, group)
            case "POST", False:
                return self._made(request, group)
            case "GET", True:
                return self._viewed(request, self._found(name))
            case "PATCH", True:
                return self._patched(request, name)
            case "DELETE", True:
                return self.state.entries.pop(self._found(name)["name"])
        raise told(405, "UNIMPLEMENTED", "Method not allowed")

    def _found(self, name: str) -> dict[str, Any]:
        if name not in self.state.entries:
            raise missing(name)
        return self.state.entries[name]

    def _made(self, request: Request, group: str) -> Any:
        id = request.query.get("entryId", "")
        if not id or len(id) > 4000:
            raise invalid("entry_id is required and has at most 4000 characters")
        return self._put(f"{group}/entries/{id}", orjson.loads(request.body))

    def _put(self, name: str, body: Any) -> dict[str, Any]:
        state = self.state
        entry = state.checked(body)
        if name in state.entries:
            raise told(409, "ALREADY_EXISTS", f"Resource '{name}' already exists")
        entry["aspects"] = state.aspects(entry.get("aspects", {}))
        entry["entryType"] = numbered(entry.get("entryType", ""))
        state.demand_types(entry)
        parent = entry.get("parentEntry")
        if parent:
            entry["parentEntry"] = numbered(parent)
            if entry["parentEntry"] not in state.entries:
                raise missing(entry["parentEntry"])
        moment = state.now()
        state.entries[name] = {**entry, "name": name, "createTime": moment, "updateTime": moment}
        return deepcopy(state.entries[name])

    def _patched(self, request: Request, name: str) -> Any:
        body = self.state.checked(orjson.loads(request.body))
        if name not in self.state.entries and request.flag("allowMissing"):
            return self._put(name, body)
        entry = self._found(name)
        if body.get("entryType") and numbered(body["entryType"]) != entry["entryType"]:
            raise invalid("entry_type is immutable")
        mask = {re.sub("_([a-z])", lambda m: m[1].upper(), each) for each in _list(request, "updateMask")}
        if "aspects" in mask or not mask:
            self._patch_aspects(request, entry, self.state.aspects(body.get("aspects", {})))
        for key in ("entrySource", "fullyQualifiedName"):
            if key in mask or (not mask and key in body):
                entry[key] = body.get(key)
        entry["updateTime"] = self.state.now()
        return deepcopy(entry)

    def _patch_aspects(self, request: Request, entry: dict[str, Any], given: dict[str, Any]) -> None:
        keys = {self.state.aspect_key(key) for key in _list(request, "aspectKeys")} or set(given)
        if set(given) - keys:
            raise invalid("aspects: not among aspect_keys")
        for key in keys:
            if key in given:
                made = entry["aspects"].get(key, given[key])["createTime"]
                entry["aspects"][key] = {**given[key], "createTime": made}
            elif request.flag("deleteMissingAspects"):
                entry["aspects"].pop(key, None)
        self.state.demand_types(entry)

    def _viewed(self, request: Request, entry: Mapping[str, Any]) -> Any:
        view = request.query.get("view", "")
        view = _VIEWS.get(view, view)
        aspects = entry["aspects"]
        if view == "BASIC":
            aspects = {}
        elif view == "CUSTOM":
            wanted = {numbered(each) for each in _list(request, "aspectTypes")}
            aspects = {key: each for key, each in aspects.items() if each["aspectType"] in wanted}
        elif view == "FULL":
            required = self.state.resources.get(entry["entryType"], {}).get("requiredAspects", ())
            kinds = {numbered(each["type"]) for each in required}
            aspects = {key: each if each["aspectType"] in kinds else {} for key, each in aspects.items()}
        return {**entry, "aspects": aspects} if aspects else {k: v for k, v in entry.items() if k != "aspects"}

    def _listed(self, request: Request, group: str) -> Any:
        size = min(int(request.query.get("pageSize") or _PAGE) or _PAGE, _MOST)
        start = int(request.query.get("pageToken") or 0)
        chosen = _filter(request.query.get("filter", ""))
        found = [
            each
            for name, each in sorted(self.state.entries.items())
            if name.startswith(f"{group}/entries/") and chosen(each)
        ]
        page = [{k: v for k, v in each.items() if k != "aspects"} for each in found[start : start + size]]
        more = {"nextPageToken": str(start + size)} if start + size < len(found) else {}
        return {"entries": page, **more} if page else more

    # --- what others do

    def put_group(self, id: str, location: str = "us-central1") -> str:
        """Somebody makes an entry group."""
        name = numbered(f"projects/{PROJECT}/locations/{location}/entryGroups/{id}")
        self.state.resources[name] = {"name": name}
        return name

    def put_entry(self, group: str, id: str, kind: str, *fields: Mapping[str, Any], doc: str = "") -> None:
        """Another tool describes a table."""
        aspects: dict[str, Any] = {"dataplex-types.global.schema": {"data": {"fields": list(fields)}}} if fields else {}
        source = {"system": "BIGQUERY", "displayName": id.rpartition("/")[2], "description": doc}
        entry_type = f"projects/dataplex-types/locations/global/entryTypes/{kind}"
        self._put(f"{group}/entries/{id}", {"entryType": entry_type, "aspects": aspects, "entrySource": source})


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _list(request: Request, name: str) -> list[str]:
    """A repeated parameter, or one with commas, as a field mask is."""
    return [each for key, value in request.pairs if key == name for each in value.split(",") if each]


def _filter(text: str) -> Any:
    """The filters of ListEntries that are asked for here: one comparison, or its opposite."""
    if not text:
        return lambda entry: True
    matched = re.fullmatch(r"(NOT )?(entry_type|parent_entry|entry_source\.display_name)(!?=)(.+)", text)
    if matched is None:
        raise invalid(f"Invalid filter: {text}")
    opposite = bool(matched[1]) != (matched[3] == "!=")
    pattern = numbered(matched[4].strip('"'))

    def chosen(entry: Mapping[str, Any]) -> bool:
        keys = {"entry_type": entry.get("entryType"), "parent_entry": entry.get("parentEntry")}
        said = keys.get(matched[2]) or (entry.get("entrySource") or {}).get("displayName")
        if matched[2] == "parent_entry":
            said = entry.get("parentEntry")
        return fnmatchcase(said or "", pattern) != opposite

    return chosen
