"""The HTTP client of a Pulsar cluster: how it logs in, and how it follows a broker to the topic's owner.

A broker that does not own a topic answers 307. We go there ourselves, because the credentials may travel only to hosts of
the configured cluster, and because a loop must end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import httpx

from decapolis_translators.errors import CredentialsRefused, Garbled, RegistryFault, Unreachable
from decapolis_translators.http import Answer, Credentials, Fixed, HttpClient, Send, Tokens, basic

from .config import BasicAuth, OAuth2Auth, PulsarConfig, TokenAuth

_MOST_HOPS = 5
_REDIRECTS = frozenset({307, 308})


class PulsarClient(HttpClient):
    """One cluster's addresses."""

    accept: ClassVar[str] = "application/json, text/plain;q=0.5"

    def __init__(self, config: PulsarConfig, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._pulsar = config
        super().__init__(config, transport)

    def credentials(self) -> Credentials:
        """What the configuration asks for."""
        match self._pulsar.auth:
            case TokenAuth() as auth:
                token = auth.token.get_secret_value()
                return Fixed({"Authorization": f"Bearer {token}"}, (token,))
            case BasicAuth() as auth:
                password = auth.password.get_secret_value()
                header = basic(auth.username, password)
                return Fixed({"Authorization": header}, (password, header.removeprefix("Basic ")))
            case OAuth2Auth() as auth:
                return IssuedTokens(auth, self.send)
        return Fixed({}, ())

    def needs_tls(self) -> bool:
        """An issuer is secure even where the brokers beside us are not."""
        return super().needs_tls() or isinstance(self._pulsar.auth, OAuth2Auth)

    async def _send(
        self, method: str, url: str, content: bytes | None, headers: Mapping[str, str], write: bool
    ) -> Answer:
        """A broker that sends us on has done nothing, so a write may be sent again as well."""
        ours = any(url.startswith(f"{each}/") for each in self._pulsar.url)
        answer = await super()._send(method, url, content, headers, write)
        for _ in range(_MOST_HOPS):
            if answer.status not in _REDIRECTS or not ours:
                return answer
            url = self._owner(url, answer)
            answer = await super()._send(method, url, content, headers, write)
        if answer.status in _REDIRECTS:
            raise RegistryFault(f"The brokers send us round in circles: {_MOST_HOPS} redirects, no owner of the topic")
        return answer

    def _owner(self, url: str, answer: Answer) -> str:
        """Where a redirect leads, if credentials may go there."""
        try:
            target = httpx.URL(url).join(answer.headers.get("location", ""))
        except httpx.InvalidURL:
            raise Garbled(f"Answered {answer.status} with a location that is no URL") from None
        if str(target) == url or not target.path.startswith("/admin/"):
            raise Garbled(f"Answered {answer.status} to no address of the admin API")
        if url.startswith("https:") and target.scheme != "https":
            raise RegistryFault(f"A broker redirects to {target.host} without TLS; credentials do not go there")
        if not self._is_ours(target.host):
            raise RegistryFault(
                f"A broker redirects to {target.host}, which is not of this cluster as far as we know; "
                "where it is, name it in cluster_hosts"
            )
        return str(target)

    def _is_ours(self, host: str) -> bool:
        hosts = {httpx.URL(each).host for each in self._pulsar.url}
        named = [each.strip("[]").lower() for each in self._pulsar.cluster_hosts]
        suffixes = tuple(each[1:] for each in named if each.startswith("*."))
        return host in hosts or host in named or bool(suffixes and host.endswith(suffixes))


class IssuedTokens(Tokens):
    """Client credentials at an issuer, as Pulsar's own clients use them (an audience names the cluster)."""

    def __init__(self, auth: OAuth2Auth, send: Send) -> None:
        super().__init__(auth.client_id, auth.client_secret, auth.scope, send)
        self._auth = auth
        self._found: str | None = auth.token_url

    async def token_url(self) -> str:
        """The configured address, else what the issuer's discovery document names."""
        if self._found is None:
            self._found = await self._discovered((self._auth.issuer or "").rstrip("/"))
        return self._found

    def grant(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Client credentials, with the audience where one is configured."""
        form, identity = super().grant()
        return (form if self._auth.audience is None else {**form, "audience": self._auth.audience}), identity

    async def _discovered(self, issuer: str) -> str:
        url = f"{issuer}/.well-known/openid-configuration"
        answer = await self._send("GET", url, None, {"Accept": "application/json"})
        if answer.status >= 500:
            raise Unreachable(f"The issuer answered {answer.status}")
        try:
            body = answer.json() if answer.status == 200 else None
        except Garbled:
            body = None
        found = body.get("token_endpoint") if isinstance(body, Mapping) else None
        if not isinstance(found, str) or not found.startswith(("http://", "https://")):
            raise CredentialsRefused(f"auth: {url} names no token_endpoint; give auth.token_url")
        if issuer.startswith("https:") and not found.startswith("https:"):
            raise CredentialsRefused(
                "auth: the issuer names a token_endpoint without TLS; give auth.token_url yourself"
            )
        return found
