"""Why a token could not be had.

`Definitive` failures stay until somebody acts: trying again changes nothing. `Transient` ones pass by themselves.
No message here ever carries a token, a key or a provider's own text.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any


class AiqConnectError(Exception):
    """Anything that kept a token from a job. `code` is the wire contract's word for it."""

    code = "unknown"

    def as_result(self) -> dict[str, Any]:
        """Return the failure as a tool's answer: a JSON object that a model and a program can both read."""
        return {"error": self.code, "message": str(self), "retryable": isinstance(self, Transient)}


class Definitive(AiqConnectError):
    """Asking again does not help."""


class Transient(AiqConnectError):
    """Asking again later may help; `retry_after` is the broker's advice in seconds."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ReconnectRequired(Definitive):
    """Only the person who owns the job can help, by (re)connecting the source at `connect_url`."""

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
    ) -> None:
        super().__init__(message)
        self.source_id = source_id
        self.mcp_server_id = mcp_server_id
        self.reason = reason
        self.connect_url = connect_url
        self.missing_scopes = missing_scopes
        self.waits_until = waits_until

    def as_result(self) -> dict[str, Any]:
        """Return the failure with everything a person needs to end it."""
        return super().as_result() | {
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
