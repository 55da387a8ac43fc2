"""The one request a worker makes: `POST /v1/worker/tokens/resolve`, with every answer it can get."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self

import httpx

from aiq_connect.access_token import AccessToken
from aiq_connect.errors import (
    AiqConnectError,
    BrokerUnreachable,
    ConfigurationMismatch,
    IdpUnreachable,
    JobUnknown,
    ReconnectRequired,
    RefreshInProgress,
    ServerNotCovered,
    WorkerKeyInvalid,
)

URL_VARIABLE = "AIQ_CONNECT_WORKER_URL"
KEY_VARIABLE = "AIQ_CONNECT_WORKER_KEY"

_PATH = "/v1/worker/tokens/resolve"
# Longer than the broker's own limit for one refresh (10 s) and for one long poll (25 s).
_TIMEOUT = httpx.Timeout(40, connect=5)


@dataclass(frozen=True, slots=True)
class ResolveRequest:
    """The body of the request. Hashes are lowercase hex SHA-256 of the bare token; `challenge` is the raw header."""

    job_id: str
    mcp_server_id: str
    user_sub: str | None = None
    min_ttl_seconds: int | None = None
    known_sha256: str | None = None
    rejected_sha256: str | None = None
    challenge: str | None = None
    wait_seconds: int | None = None

    def body(self) -> dict[str, Any]:
        """Return the JSON object, without what was not said."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class Broker:
    """A client of AIQ Connect's worker listener. The key stays in this object and is never printed."""

    def __init__(self, url: str, key: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.AsyncClient(
            timeout=_TIMEOUT,
            headers={"Authorization": f"Bearer {key}"},
            follow_redirects=False,
            # The key must not travel through a proxy that happens to be set for other things.
            trust_env=False,
            transport=transport,
        )

    @classmethod
    def from_environment(cls, env: Mapping[str, str] = os.environ, url: str | None = None) -> Self:
        """Read address and key from the environment; `url` wins over the variable.

        Raises `ConfigurationMismatch` when one of them is missing.
        """
        address = url or env.get(URL_VARIABLE)
        key = env.get(KEY_VARIABLE)
        missing = [name for name, value in ((URL_VARIABLE, address), (KEY_VARIABLE, key)) if not value]
        if not address or not key:
            raise ConfigurationMismatch(f"this worker cannot reach AIQ Connect: {' and '.join(missing)} not set")
        return cls(address, key)

    async def resolve(self, request: ResolveRequest) -> AccessToken | None:
        """Ask once. `None` means that the token known by `known_sha256` is still the one.

        Raises one of the errors of `aiq_connect.errors`.
        """
        try:
            answer = await self._http.post(self.url + _PATH, json=request.body())
        except httpx.TransportError as error:
            raise BrokerUnreachable(f"AIQ Connect does not answer at {self.url} ({type(error).__name__})") from None
        if answer.status_code == httpx.codes.NO_CONTENT and request.known_sha256:
            return None
        body = _json_object(answer)
        if answer.status_code == httpx.codes.OK:
            return _token(answer, body)
        raise _failure(answer, body, request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _json_object(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _token(answer: httpx.Response, body: dict[str, Any]) -> AccessToken:
    try:
        expires_at = _time(body["expires_at"]) if body.get("expires_at") else None
        return AccessToken(
            value=body["access_token"],
            server_url=body["server_url"],
            resource=body.get("resource", ""),
            scopes=tuple(body.get("scopes", ())),
            expires_at=expires_at,
            lifetime=(expires_at - _now_there(answer)).total_seconds() if expires_at else None,
        )
    except (KeyError, TypeError, ValueError):
        # The cause could quote the body, and the body holds the token.
        raise ConfigurationMismatch("AIQ Connect answered in a shape that this version does not know") from None


def _failure(answer: httpx.Response, body: dict[str, Any], request: ResolveRequest) -> AiqConnectError:
    code = body.get("error")
    message = str(body.get("message") or f"AIQ Connect answered {answer.status_code}")
    if code == ReconnectRequired.code:
        until = body.get("waits_until")
        return ReconnectRequired(
            message,
            source_id=str(body.get("source_id", request.mcp_server_id)),
            mcp_server_id=request.mcp_server_id,
            reason=str(body.get("reason", "unknown")),
            connect_url=str(body.get("connect_url", "")),
            missing_scopes=tuple(body.get("missing_scopes") or ()),
            waits_until=_time(until) if until else None,
        )
    for definitive in (WorkerKeyInvalid, ServerNotCovered, JobUnknown):
        if code == definitive.code:
            return definitive(message)
    retry_after = _seconds(answer.headers.get("Retry-After"))
    for transient in (IdpUnreachable, RefreshInProgress):
        if code == transient.code:
            return transient(message, retry_after)
    if answer.is_server_error or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return BrokerUnreachable(f"AIQ Connect answered {answer.status_code}", retry_after)
    return ConfigurationMismatch(
        f"AIQ Connect answered {answer.status_code} at {answer.url}: is this its worker address?"
    )


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _now_there(answer: httpx.Response) -> datetime:
    """Return the broker's time, by the `Date` of its answer; ours when it does not say."""
    try:
        return parsedate_to_datetime(answer.headers["Date"])
    except (KeyError, ValueError):
        return datetime.now(UTC)


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None
