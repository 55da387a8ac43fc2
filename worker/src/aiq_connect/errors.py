"""Why a token could not be had.

`Definitive` failures stay until somebody acts: trying again changes nothing. `Transient` ones pass by themselves.
No message here ever carries a token, a key or a provider's own text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any


class AiqConnectError(Exception):
    """Anything that kept a token from a job. `code` is the wire contract's word for it."""

    code = "unknown"

    def __reduce__(self) -> tuple[Any, ...]:
        # Dask carries a task's error to whoever waits for it, and it has to arrive as what it was.
        return _again, (type(self), self.args, self.__dict__)

    def as_result(self) -> dict[str, Any]:
        """Return the failure as a tool's answer: a JSON object that a model and a program can both read."""
        return {"error": self.code, "message": str(self), "retryable": isinstance(self, Transient)}


def _again(kind: type[AiqConnectError], args: tuple[object, ...], state: dict[str, Any]) -> AiqConnectError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class Definitive(AiqConnectError):
    """Asking again does not help."""


class Transient(AiqConnectError):
    """Asking again later may help; `retry_after` is the broker's advice in seconds."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ReconnectRequired(Definitive):
    """Only the person who owns the job can help, by (re)connecting the source at `connect_url`.

    `reason` is the fault's word, or `disconnected`, or `skipped` when the person said that the job shall go on
    without. `waits_until` says until when the job may wait for the person, and is `None` when it should go on without
    the source now; `waits_for` is what was left of it when the broker answered, in seconds and by the broker's clock.
    """

    code = "mcp_auth_required"

    def __init__(
        self,
        message: str,
        *,
        source_id: str,
        mcp_server_id: str,
        reason: str,
        connect_url: str,
        missing_scopes: tuple[str, ...] = (),
        waits_until: datetime | None = None,
        waits_for: float = 0.0,
        rejected_sha256: str | None = None,
        challenge: str | None = None,
    ) -> None:
        super().__init__(message)
        self.source_id = source_id
        self.mcp_server_id = mcp_server_id
        self.reason = reason
        self.connect_url = connect_url
        self.missing_scopes = missing_scopes
        self.waits_until = waits_until
        self.waits_for = waits_for
        # What the refused question had told of the server's own refusal; asked again, it has to be told again.
        self.rejected_sha256 = rejected_sha256
        self.challenge = challenge

    def as_result(self) -> dict[str, Any]:
        """Return the failure with everything a person needs to end it, and what it means for the job."""
        return super().as_result() | {
            "message": f"{self} The job goes on without this source.",
            "source_id": self.source_id,
            "mcp_server_id": self.mcp_server_id,
            "reason": self.reason,
            "connect_url": self.connect_url,
        }


class WorkerKeyInvalid(Definitive):
    """The broker does not know this worker's key."""

    code = "worker_key_invalid"


class ServerNotCovered(Definitive):
    """The job was started without this server, so its owner never offered it to the job."""

    code = "server_not_covered"


class JobUnknown(Definitive):
    """No living job has this id, or the job belongs to somebody else."""

    code = "job_unknown"


class JobNotRegistered(Definitive):
    """The broker does not register this job; `reason` is its word for why.

    `token_missing`, `token_expired` and `token_invalid` are about the `subject_token`. With `mcp_auth_required` the
    person has to connect sources first: `connect_urls` says where, by source.
    """

    code = "job_not_registered"

    def __init__(
        self, message: str, reason: str = "unknown", connect_urls: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.connect_urls = dict(connect_urls)


class ConfigurationMismatch(Definitive):
    """The configuration of this worker and the broker's answer do not fit; the message names both sides."""

    code = "configuration_mismatch"


class ServerRefused(Definitive):
    """The MCP server refuses a request that carries a token the broker stands by."""

    code = "server_refused"


class IdpUnreachable(Transient):
    """The provider does not answer, so the token could not be renewed."""

    code = "idp_unreachable"


class RefreshInProgress(Transient):
    """Somebody else is renewing this token right now."""

    code = "refresh_in_progress"


class BrokerUnreachable(Transient):
    """AIQ Connect itself does not answer."""

    code = "broker_unreachable"


class ServerUnreachable(Transient):
    """The MCP server does not answer. The call may or may not have reached it."""

    code = "server_unreachable"
