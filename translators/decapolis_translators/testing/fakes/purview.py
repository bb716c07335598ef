"""The Data Map of Microsoft Purview and Apache Atlas, as far as catalogs go: types, entities, relationships, search.

After the Data Map's REST reference (api-version 2023-09-01), the models of azure-purview-datamap, and Atlas's sources for
what those leave open: codes of AtlasErrorCode, upserts by unique attributes, negative guids, owned entities that go with
their owner, soft deletes. Search is late by as many searches as `lag` says.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import orjson

from .asgi import FakeServer, Problem, Request, Route

TOKEN_PATH = "/tenant/oauth2/v2.0/token"  # noqa: S105 - an address
IMDS_PATH = "/metadata/identity/oauth2/token"
_DATA_SET = {"qualifiedName": "string", "name": "string", "description": "string", "owner": "string"}
_KINDS: Mapping[str, type | tuple[type, ...]] = {"string": str, "int": int, "boolean": bool, "long": int}
_PAGE, _MOST = 50, 1000
_API_VERSION = "2023-09-01"


def told(status: int, code: str, message: str) -> Problem:
    """An error as the Data Map prints it."""
    return Problem(status, {"requestId": str(uuid.uuid4()), "errorCode": code, "errorMessage": message})


def _unsaid(request: Request) -> str:
    """Upserts, bulk reads and search demand a version of the API; Microsoft's client names none anywhere else."""
    last = request.segments[-1] if request.segments else ""
    return "" if last in {"query", "entity", "bulk"} and request.method != "DELETE" else _API_VERSION


class PurviewFake(FakeServer):
    """One account; `is_atlas` is an Apache Atlas of one's own."""

    throttled_body: ClassVar[dict[str, Any]] = {
        "requestId": "r",
        "errorCode": "429",
        "errorMessage": "Too many requests",
    }

    def __init__(self, *, is_atlas: bool = False) -> None:
        self.is_atlas = is_atlas
        super().__init__()
        self.api_path = "/api" if is_atlas else "/datamap"
        self.client: tuple[str, str] | None = None
        self.types: dict[str, dict[str, Any]] = {}
        self.entities: dict[str, dict[str, Any]] = {}
        self.links: list[tuple[str, str, str]] = []
        """Relationship, guid of the container, guid inside."""
        self.soft_deletes = is_atlas
        self.lag = 0
        self.take_only: int | None = None
        """How many entities the next bulk takes, as one that succeeds in part."""
        self._unseen: Counter[str] = Counter()
        self._gone: dict[str, tuple[str, int]] = {}

    def routes(self) -> list[Route]:
        """Those of the Data Map, or of Atlas."""
        base = "/api" if self.is_atlas else "/datamap/api"
        search = (
            Route("GET", "/api/atlas/v2/search/basic", self._basic_search)
            if self.is_atlas
            else Route("POST", f"{base}/search/query", self._search)
        )
        entity = f"{base}/atlas/v2/entity"
        return [
            search,
            Route("POST", f"{base}/atlas/v2/types/typedefs", self._make_types, writes=True),
            Route("GET", f"{base}/atlas/v2/types/entitydef/name/{{name}}", self._type),
            Route("POST", entity, self._one, writes=True),
            Route("POST", f"{entity}/bulk", self._bulk, writes=True),
            Route("GET", f"{entity}/bulk", self._by_guids),
            Route("DELETE", f"{entity}/bulk", self._delete_bulk, writes=True),
            Route("DELETE", f"{entity}/guid/{{guid}}", self._delete_one, writes=True),
            Route("GET", f"{entity}/uniqueAttribute/type/{{type}}", self._by_name),
        ]

    def unauthorized(self) -> Problem:
        """As the gateway before the Data Map."""
        return Problem(401, {"error": {"code": "Unauthorized", "message": "Not authorized to access account"}})

    # --- who

    def demand_client(self, client_id: str, secret: str) -> None:
        """From now on only tokens that were given out here are taken."""
        self.client = (client_id, secret)
        self.door.oauth = ("", "")

    def _issued(self, lifetime: Any) -> dict[str, Any]:
        self.door.token_calls += 1
        token = f"eyJ.token-{self.door.token_calls}"
        self.door.tokens.add(token)
        return {"token_type": "Bearer", "expires_in": lifetime, "access_token": token}

    def _dispatch(self, request: Request) -> Any:
        if request.raw_path == TOKEN_PATH:
            form = dict(parse_qsl(request.body.decode()))
            if (form.get("client_id"), form.get("client_secret")) != self.client:
                raise Problem(401, {"error": "invalid_client", "error_description": "AADSTS7000215"})
            if form.get("scope") != "https://purview.azure.net/.default":
                raise Problem(400, {"error": "invalid_scope", "error_description": "AADSTS70011"})
            return self._issued(3599)
        if request.raw_path == IMDS_PATH:
            if (
                request.headers.get("metadata") != "true"
                or request.query.get("resource") != "https://purview.azure.net"
            ):
                raise Problem(400, {"error": "invalid_request", "error_description": "Required metadata header"})
            return self._issued("3599")
        if not self.is_atlas and request.query.get("api-version", _unsaid(request)) != _API_VERSION:
            raise told(400, "InvalidApiVersion", "The api-version is missing")
        return super()._dispatch(request)

    # --- types

    def _make_types(self, request: Request, _: Mapping[str, str]) -> Any:
        body = orjson.loads(request.body)
        given = [*body.get("entityDefs", ()), *body.get("relationshipDefs", ())]
        for each in given:
            if each["name"] in self.types:
                raise told(409, "ATLAS-409-00-001", f"Given type {each['name']} already exists")
        known = {*self.types, *(each["name"] for each in given)}
        for each in body.get("relationshipDefs", ()):
            ends = (each["endDef1"], each["endDef2"])
            if any(end["type"] not in known for end in ends):
                raise told(404, "ATLAS-404-00-001", "Given typename of an end was invalid")
            if each["relationshipCategory"] == "COMPOSITION" and not ends[0]["isContainer"]:
                raise told(400, "ATLAS-400-00-073", "A composition needs a container")
        for each in given:
            self.types[each["name"]] = each
        return body

    def _type(self, request: Request, values: Mapping[str, str]) -> Any:
        return self._known_type(values["name"])

    def _known_type(self, name: str) -> dict[str, Any]:
        if name not in self.types:
            raise told(404, "ATLAS-404-00-001", f"Given typename {name} was invalid")
        return self.types[name]

    # --- writing

    def _one(self, request: Request, _: Mapping[str, str]) -> Any:
        body = orjson.loads(request.body)
        return self._upserted([body["entity"]])

    def _bulk(self, request: Request, _: Mapping[str, str]) -> Any:
        entities = orjson.loads(request.body)["entities"]
        taken, self.take_only = self.take_only, None
        told_back = self._upserted(entities if taken is None else entities[:taken])
        if taken is not None:
            left = [{"typeName": each["typeName"], "guid": each["guid"]} for each in entities[taken:]]
            return {**told_back, "partialUpdatedEntities": left}
        return told_back

    def _upserted(self, given: list[dict[str, Any]]) -> dict[str, Any]:
        for each in given:
            self._check(each)
        assigned: dict[str, str] = {}
        mutated: dict[str, list[Any]] = {"CREATE": [], "UPDATE": []}
        for each in given:
            guid, kind = self._put(each)
            assigned[str(each.get("guid"))] = guid
            mutated[kind].append(self._header(guid))
        for each in given:
            for name, target in (each.get("relationshipAttributes") or {}).items():
                inside = assigned[str(each["guid"])]
                self._link(each["typeName"], name, inside, self._target(target, assigned))
        return {
            "mutatedEntities": {kind: found for kind, found in mutated.items() if found},
            "guidAssignments": {key: value for key, value in assigned.items() if key.startswith("-")},
            "partialUpdatedEntities": [],
        }

    def _check(self, given: Mapping[str, Any]) -> None:
        kind = self._known_type(given["typeName"])
        attributes = given.get("attributes") or {}
        for name in ("qualifiedName", "name"):
            if not attributes.get(name):
                raise told(400, "ATLAS-400-00-02B", f"Attribute {given['typeName']}.{name} is mandatory")
        known = {**_DATA_SET, **{each["name"]: each["typeName"] for each in kind["attributeDefs"]}}
        for name, value in attributes.items():
            if name not in known:
                raise told(400, "ATLAS-400-00-029", f"Unknown attribute {name}")
            fits = isinstance(value, _KINDS[known[name]]) and (known[name] == "boolean" or not isinstance(value, bool))
            if value is not None and not fits:
                raise told(400, "ATLAS-400-00-01A", f"Invalid value of {given['typeName']}.{name}")

    def _put(self, given: Mapping[str, Any]) -> tuple[str, str]:
        there = self._find(given["typeName"], given["attributes"]["qualifiedName"])
        if there is not None:
            there["attributes"].update(given["attributes"])
            there["version"] += 1
            return there["guid"], "UPDATE"
        guid = str(uuid.uuid4())
        entity = {"typeName": given["typeName"], "guid": guid, "status": "ACTIVE", "version": 0}
        self.entities[guid] = {**entity, "attributes": dict(given["attributes"])}
        if self.lag:
            self._unseen[guid] = self.lag
        return guid, "CREATE"

    def _find(self, kind: str, qualified: str) -> dict[str, Any] | None:
        for each in self.entities.values():
            if (each["typeName"], each["attributes"]["qualifiedName"], each["status"]) == (kind, qualified, "ACTIVE"):
                return each
        return None

    def _target(self, target: Mapping[str, Any], assigned: Mapping[str, str]) -> str:
        guid = assigned.get(str(target.get("guid")), target.get("guid"))
        if guid not in self.entities:
            raise told(404, "ATLAS-404-00-00A", f"Referenced entity {target} is not found")
        return str(guid)

    def _link(self, kind: str, name: str, inside: str, container: str) -> None:
        for each in self.types.values():
            ends = each.get("endDef2") or {}
            if each["category"] == "RELATIONSHIP" and (ends["type"], ends["name"]) == (kind, name):
                link = (each["name"], container, inside)
                self.links += [] if link in self.links else [link]
                return
        raise told(400, "ATLAS-400-00-029", f"{kind} has no relationship {name}")

    def _delete_bulk(self, request: Request, _: Mapping[str, str]) -> Any:
        guids = [value for key, value in request.pairs if key == "guid"]
        if not guids:
            raise told(400, "ATLAS-400-00-014", "No guids given")
        return {"mutatedEntities": {"DELETE": [header for guid in guids for header in self._deleted(guid)]}}

    def _delete_one(self, request: Request, values: Mapping[str, str]) -> Any:
        return {"mutatedEntities": {"DELETE": self._deleted(values["guid"])}}

    def _deleted(self, guid: str) -> list[Any]:
        """An entity, and all that it owns."""
        entity = self._live(guid)
        header = self._header(guid)
        owned = [inside for _, container, inside in self.links if container == guid]
        if self.soft_deletes:
            entity["status"] = "DELETED"
        else:
            del self.entities[guid]
            self.links = [link for link in self.links if guid not in link]
        if self.lag:
            self._gone[guid] = (entity["attributes"]["qualifiedName"], self.lag)
        return [header, *(each for inside in owned if inside in self.entities for each in self._deleted(inside))]

    def _live(self, guid: str) -> dict[str, Any]:
        entity = self.entities.get(guid)
        if entity is None or entity["status"] != "ACTIVE":
            raise told(404, "ATLAS-404-00-005", f"Given instance guid {guid} is invalid/not found")
        return entity

    # --- reading

    def _header(self, guid: str) -> dict[str, Any]:
        entity = self.entities[guid]
        text = entity["attributes"]["name"]
        return {"typeName": entity["typeName"], "guid": guid, "displayText": text, "status": entity["status"]}

    def _whole(self, entity: Mapping[str, Any]) -> dict[str, Any]:
        related: dict[str, Any] = {}
        for relation, container, inside in self.links:
            if container == entity["guid"] and inside in self.entities:
                state = self.entities[inside]["status"]
                found = {**self._header(inside), "entityStatus": state, "relationshipStatus": state}
                related.setdefault(self.types[relation]["endDef1"]["name"], []).append(found)
        return {**entity, "relationshipAttributes": related}

    def _by_name(self, request: Request, values: Mapping[str, str]) -> Any:
        self._known_type(values["type"])
        qualified = request.query.get("attr:qualifiedName", "")
        entity = self._find(values["type"], qualified)
        if entity is None:
            raise told(
                404, "ATLAS-404-00-009", f"Instance {values['type']} with unique attribute {qualified} not found"
            )
        inside = [each for _, container, each in self.links if container == entity["guid"] and each in self.entities]
        return {"entity": self._whole(entity), "referredEntities": {guid: self.entities[guid] for guid in inside}}

    def _by_guids(self, request: Request, _: Mapping[str, str]) -> Any:
        guids = [value for key, value in request.pairs if key == "guid"]
        return {"entities": [self._whole(self._live(guid)) for guid in guids], "referredEntities": {}}

    def _indexed(self, kind: str) -> list[dict[str, Any]]:
        """What the index knows by now; each search brings it a step further."""
        late = {guid for guid, left in self._unseen.items() if left > 0}
        ghosts = [name for name, left in self._gone.values() if left > 0]
        self._unseen.subtract(late)
        self._gone = {guid: (name, left - 1) for guid, (name, left) in self._gone.items() if left > 1}
        found = [
            {"id": guid, "entityType": kind, **each["attributes"]}
            for guid, each in self.entities.items()
            if each["typeName"] == kind and each["status"] == "ACTIVE" and guid not in late
        ]
        return found + [{"id": "gone", "entityType": kind, "qualifiedName": name} for name in ghosts if "#" not in name]

    def catch_up(self) -> None:
        """The index comes to know everything."""
        self._unseen.clear()
        self._gone.clear()

    def _search(self, request: Request, _: Mapping[str, str]) -> Any:
        body = orjson.loads(request.body)
        size, start = body.get("limit", _PAGE), int(body.get("continuationToken") or 0)
        if size > _MOST:
            raise told(400, "InvalidParameter", "limit is at most 1000")
        found = self._indexed(body["filter"]["entityType"])
        more = {"continuationToken": str(start + size)} if start + size < len(found) else {}
        return {"@search.count": len(found), "value": found[start : start + size], **more}

    def _basic_search(self, request: Request, _: Mapping[str, str]) -> Any:
        kind = request.query["typeName"]
        self._known_type(kind)
        start, size = int(request.query.get("offset", 0)), int(request.query.get("limit", 100))
        page = self._indexed(kind)[start : start + size]
        return {"entities": [{"guid": each["id"], "attributes": each} for each in page]} if page else {}
