"""Call MCP servers from a job as the person who started it.

`MCPTokenStore` is for any Dask task; `aiq_connect.nat` plugs the same into NeMo Agent Toolkit.
"""

from aiq_connect.access_token import AccessToken
from aiq_connect.broker import Broker
from aiq_connect.errors import (
    AiqConnectError,
    BrokerUnreachable,
    ConfigurationMismatch,
    Definitive,
    IdpUnreachable,
    JobUnknown,
    ReconnectRequired,
    RefreshInProgress,
    ServerNotCovered,
    ServerRefused,
    ServerUnreachable,
    Transient,
    WorkerKeyInvalid,
)
from aiq_connect.token_store import MCPTokenStore

__all__ = [
    "AccessToken",
    "AiqConnectError",
    "Broker",
    "BrokerUnreachable",
    "ConfigurationMismatch",
    "Definitive",
    "IdpUnreachable",
    "JobUnknown",
    "MCPTokenStore",
    "ReconnectRequired",
    "RefreshInProgress",
    "ServerNotCovered",
    "ServerRefused",
    "ServerUnreachable",
    "Transient",
    "WorkerKeyInvalid",
]
