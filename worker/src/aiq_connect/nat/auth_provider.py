"""`_type: aiq_connect`: the owner's token for one MCP server, from the broker."""

from datetime import timedelta
from typing import Any

from nat.authentication.interfaces import AuthProviderBase
from nat.data_models.authentication import AuthProviderBaseConfig, AuthResult, BearerTokenCred
from pydantic import Field, SecretStr

from aiq_connect.access_token import AccessToken
from aiq_connect.broker import Broker
from aiq_connect.errors import ConfigurationMismatch
from aiq_connect.nat.account import Account
from aiq_connect.nat.job import current_job
from aiq_connect.token_store import MCPTokenStore


class AiqConnectAuthProviderConfig(AuthProviderBaseConfig, name="aiq_connect"):  # type: ignore[call-arg]
    """The key is never configured here: it comes from `AIQ_CONNECT_WORKER_KEY` alone.

    There is no default user either. Without a job there is nobody whose account could be used.
    """

    mcp_server_id: str = Field(description="The MCP server's id at AIQ Connect.")
    broker_url: str | None = Field(
        default=None, description="AIQ Connect's worker address; AIQ_CONNECT_WORKER_URL if not given."
    )
    min_ttl: timedelta = Field(
        default=timedelta(seconds=30), description="How long a token has to last at least when a call begins."
    )
    wait_for_person: bool = Field(
        default=True,
        description="Whether a tool call of aiq_connect_mcp_client waits when only the job's owner can help, by "
        "signing in again. Off: the job goes on without the source at once.",
    )
    server_url: str | None = Field(
        default=None,
        description="The MCP server's address. Needed only when another group than aiq_connect_mcp_client uses this "
        "provider: such a group does not say where it will send the token.",
    )


class AiqConnectAuthProvider(AuthProviderBase[AiqConnectAuthProviderConfig]):
    """Hands out accounts to `aiq_connect_mcp_client`, and plain credentials to the toolkit's own MCP clients."""

    def __init__(self, config: AiqConnectAuthProviderConfig) -> None:
        super().__init__(config)
        self._store: MCPTokenStore | None = None
        self._last: AccessToken | None = None

    def account(self, job_id: str) -> Account:
        """Return the account that this job may use."""
        if self._store is None:
            self._store = MCPTokenStore(Broker.from_environment(url=self.config.broker_url))
        return Account(self._store, self.config.mcp_server_id, job_id, self.config.min_ttl)

    async def authenticate(self, user_id: str | None = None, **kwargs: Any) -> AuthResult:  # noqa: ANN401, ARG002
        """Return the token for the job of this context; `response=` is the 401 that refused the last one."""
        account = self.account(current_job())
        if self.config.server_url is None:
            raise ConfigurationMismatch(
                "this provider is used by a group that does not say where it sends the token: use "
                "aiq_connect_mcp_client, or give the provider the group's address as server_url"
            )
        response = kwargs.get("response")
        if response is not None and self._last is not None:
            challenge = response.headers.get("WWW-Authenticate")
            token = await account.renewed(self.config.server_url, self._last, challenge)
        else:
            token = await account.token(self.config.server_url)
        self._last = token
        # `raw` stays empty: nothing but the access token ever leaves the broker.
        return AuthResult(
            credentials=[BearerTokenCred(token=SecretStr(token.value))], token_expires_at=token.expires_at
        )

    async def aclose(self) -> None:
        """Forget the tokens and close the connections."""
        if self._store is not None:
            await self._store.aclose()
