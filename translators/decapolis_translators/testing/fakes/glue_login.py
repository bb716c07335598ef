"""Who may ask the fake: signatures of version 4 are demanded and read, and roles are given out as STS does.

Signatures are not recomputed; what they claim (key, scope, token) is held against what is known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

from .asgi import Problem, Request
from .glue_model import refuse

_SIGNATURE = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, "
    r"SignedHeaders=(?P<headers>[a-z0-9;-]+), Signature=[0-9a-f]{64}"
)


@dataclass(slots=True)
class Guard:
    """The keys that are known (any without a list), the tokens that go with them, and what nobody may do."""

    region: str
    keys: set[str] | None = None
    tokens: dict[str, str] = field(default_factory=dict)
    expired: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    role: str = "arn:aws:iam::123456789012:role/schemas"
    external_id: str | None = None
    role_seconds: float = 3600.0
    assumed: int = 0

    def demand(self, request: Request, operation: str) -> None:
        """Refuses a request without a signature that is good for this operation."""
        key = self._signer(request, "glue")
        if operation in self.denied:
            raise refuse(
                "AccessDeniedException",
                f"User: arn:aws:iam::123456789012:user/gateway ({key}) is not authorized to perform: glue:{operation} "
                "on resource: arn:aws:glue:us-east-1:123456789012:registry/* because no identity-based policy allows "
                f"the glue:{operation} action",
            )

    def _signer(self, request: Request, service: str) -> str:
        given = request.headers.get("authorization")
        if given is None:
            raise refuse("MissingAuthenticationTokenException", "Missing Authentication Token")
        claimed = _SIGNATURE.fullmatch(given)
        if claimed is None:
            raise refuse("IncompleteSignatureException", "Authorization header is malformed.")
        if claimed["service"] != service:
            raise refuse("InvalidSignatureException", f"Credential should be scoped to correct service: '{service}'.")
        if claimed["region"] != self.region:
            raise refuse("InvalidSignatureException", "Credential should be scoped to a valid region.")
        if not {"host", "x-amz-date"} <= set(claimed["headers"].split(";")):
            raise refuse("InvalidSignatureException", "Host and date must be signed.")
        key, token = claimed["key"], request.headers.get("x-amz-security-token")
        if key in self.expired:
            raise refuse("ExpiredTokenException", "The security token included in the request is expired")
        known = self.keys is None or key in self.keys or key in self.tokens
        if not known or self.tokens.get(key, token) != token:
            raise refuse("UnrecognizedClientException", "The security token included in the request is invalid.")
        return key

    def assume(self, request: Request) -> bytes:
        """Answers AssumeRole of STS."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        self._signer(request, "sts")
        right = (form.get("RoleArn"), form.get("ExternalId")) == (self.role, self.external_id)
        if form.get("Action") != "AssumeRole" or not form.get("RoleSessionName") or not right:
            raise Problem(
                403, _sts_error("AccessDenied", f"User is not authorized to perform: sts:AssumeRole on {self.role}")
            )
        self.assumed += 1
        key, token = f"ASIAFAKE{self.assumed:08}", f"role-token-{self.assumed}"
        self.tokens[key] = token
        ends = (datetime.now(UTC) + timedelta(seconds=self.role_seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return (
            '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>'
            f"<AssumedRoleUser><Arn>{self.role.replace(':role/', ':assumed-role/')}/s</Arn>"
            "<AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser>"
            f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>role-secret-{self.assumed}</SecretAccessKey>"
            f"<SessionToken>{token}</SessionToken><Expiration>{ends}</Expiration></Credentials>"
            "</AssumeRoleResult></AssumeRoleResponse>"
        ).encode()


def _sts_error(code: str, message: str) -> bytes:
    return (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    ).encode()
