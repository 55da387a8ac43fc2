"""What workers and broker say to each other (`shared/src/worker.rs`, `job_registration.rs`): pure, for both clients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

import httpx

from aiq_connect.access_token import AccessToken
from aiq_connect.errors import (
    AiqConnectError,
    BrokerUnreachable,
    ConfigurationMismatch,
    IdpUnreachable,
    JobNotRegistered,
    JobUnknown,
    ReconnectRequired,
    RefreshInProgress,
    ServerNotCovered,
    WorkerKeyInvalid,
)

RESOLVE = "/v1/worker/tokens/resolve"
REGISTER = "/v1/worker/jobs"

# The longest that the broker holds an answer back for a person, in seconds.
LONG_POLL = 25


@dataclass(frozen=True, slots=True)
class ResolveRequest:
    """The body of `RESOLVE`. Hashes are lowercase hex SHA-256 of the bare token; `challenge` is the raw header."""

    job_id: str
    mcp_server_id: str
    user_sub: str | None = None
    min_ttl_seconds: int | None = None
    known_sha256: str | None = None
    rejected_sha256: str | None = None
    challenge: str | None = None
    wait_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class RegisterJob:
    """The body of `REGISTER`. `subject_token` is the person's own bearer token and never prints itself."""

    subject_token: str = field(repr=False)
    job_id: str | None = None
    data_sources: Sequence[str] | None = None
    expiry_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class RegisteredJob:
    """A job that may ask for tokens: of whom, at which servers, until when."""

    job_id: str
    user_sub: str
    mcp_server_ids: tuple[str, ...]
    expires_at: datetime


def body(request: ResolveRequest | RegisterJob) -> dict[str, Any]:
    """Return the JSON object, without what was not said."""
    return {name: value for name, value in asdict(request).items() if value is not None}


def read_token(answer: httpx.Response, request: ResolveRequest) -> AccessToken | None:
    """Read an answer to `RESOLVE`. `None` means that the token known by `known_sha256` is still the one.

    Raises one of the errors of `aiq_connect.errors`.
    """
    if answer.status_code == httpx.codes.NO_CONTENT and request.known_sha256:
        return None
    said = _json_object(answer)
    if answer.status_code != httpx.codes.OK:
        raise _reconnect(answer, said, request) if _code(said) == ReconnectRequired.code else _failure(answer, said)
    try:
        expires_at = _time(said["expires_at"]) if said.get("expires_at") else None
        return AccessToken(
            value=said["access_token"],
            server_url=said["server_url"],
            resource=said.get("resource", ""),
            scopes=tuple(said.get("scopes", ())),
            expires_at=expires_at,
            lifetime=_lifetime(said, answer, expires_at),
        )
    except (KeyError, TypeError, ValueError):
        _unknown_shape()


def read_registered_job(answer: httpx.Response) -> RegisteredJob:
    """Read an answer to `REGISTER`, or raise one of the errors of `aiq_connect.errors`."""
    said = _json_object(answer)
    if not answer.is_success:
        failure = _failure(answer, said)
        # Any other refusal in the broker's own words is about this job and not about this worker.
        if type(failure) is ConfigurationMismatch and _code(said):
            raise JobNotRegistered(_message(answer, said), str(_code(said)), _connect_urls(said))
        raise failure
    try:
        return RegisteredJob(said["job_id"], said["user_sub"], tuple(said["mcp_server_ids"]), _time(said["expires_at"]))
    except (KeyError, TypeError, ValueError):
        _unknown_shape()


def unreachable(url: str, error: httpx.TransportError) -> BrokerUnreachable:
    """Return the failure of a request that got no answer."""
    return BrokerUnreachable(f"AIQ Connect does not answer at {url} ({type(error).__name__})")


def _reconnect(answer: httpx.Response, said: dict[str, Any], request: ResolveRequest) -> ReconnectRequired:
    until = _time_or_none(said.get("waits_until"))
    return ReconnectRequired(
        _message(answer, said),
        source_id=str(said.get("source_id", request.mcp_server_id)),
        mcp_server_id=request.mcp_server_id,
        reason=str(said.get("reason", "unknown")),
        connect_url=str(said.get("connect_url", "")),
        missing_scopes=tuple(said.get("missing_scopes") or ()),
        waits_until=until,
        waits_for=_left(until, answer) if until else 0.0,
        rejected_sha256=request.rejected_sha256,
        challenge=request.challenge,
    )


def _failure(answer: httpx.Response, said: dict[str, Any]) -> AiqConnectError:
    code, message = _code(said), _message(answer, said)
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


def _connect_urls(said: dict[str, Any]) -> dict[str, str]:
    try:
        return {str(source["source_id"]): str(source["connect_url"]) for source in said.get("sources") or ()}
    except (KeyError, TypeError):
        return {}


def _code(said: dict[str, Any]) -> object:
    return said.get("error")


def _message(answer: httpx.Response, said: dict[str, Any]) -> str:
    return str(said.get("message") or said.get("detail") or f"AIQ Connect answered {answer.status_code}.")


def _unknown_shape() -> NoReturn:
    # The cause could quote the body, and the body may hold a token.
    raise ConfigurationMismatch("AIQ Connect answered in a shape that this version does not know") from None


def _json_object(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _time_or_none(text: object) -> datetime | None:
    try:
        return _time(str(text)) if text else None
    except ValueError:
        return None


def _lifetime(said: dict[str, Any], answer: httpx.Response, expires_at: datetime | None) -> float | None:
    if expires_at is None:
        return None
    told = said.get("expires_in_seconds")
    # The end is the database's word, and a broker's own clock may be another; one that is older says no more than that.
    return _left(expires_at, answer) if told is None else float(told)


def _left(until: datetime, answer: httpx.Response) -> float:
    """Return the seconds until then by the broker's own clock, the `Date` of its answer; by ours if it has none."""
    try:
        now = parsedate_to_datetime(answer.headers["Date"])
    except (KeyError, ValueError):
        now = datetime.now(UTC)
    return (until - now).total_seconds()


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None
