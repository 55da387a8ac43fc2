"""Call MCP servers from a job as the person who started it.

`MCPTokenStore` (for an event loop) and `SyncMCPTokenStore` (for threads) are for any Dask task; `aiq_connect.nat` plugs
the same into NeMo Agent Toolkit.
"""

from aiq_connect.access_token import AccessToken
from aiq_connect.broker import Broker, SyncBroker
from aiq_connect.errors import (
    AiqConnectError,
    BrokerUnreachable,
    ConfigurationMismatch,
    Definitive,
    IdpUnreachable,
    JobNotRegistered,
    JobUnknown,
    ReconnectRequired,
    RefreshInProgress,
    ServerNotCovered,
    ServerRefused,
    ServerUnreachable,
    Transient,
    WorkerKeyInvalid,
)
from aiq_connect.sync_token_store import SyncMCPTokenStore
from aiq_connect.token_store import MCPTokenStore
from aiq_connect.wire import RegisteredJob

__all__ = [
    "AccessToken",
    "AiqConnectError",
    "Broker",
    "BrokerUnreachable",
    "ConfigurationMismatch",
    "Definitive",
    "IdpUnreachable",
    "JobNotRegistered",
    "JobUnknown",
    "MCPTokenStore",
    "ReconnectRequired",
    "RefreshInProgress",
    "RegisteredJob",
    "ServerNotCovered",
    "ServerRefused",
    "ServerUnreachable",
    "SyncBroker",
    "SyncMCPTokenStore",
    "Transient",
    "WorkerKeyInvalid",
]
