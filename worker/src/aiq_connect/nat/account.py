"""The account that one job may use at one MCP server."""

from dataclasses import dataclass
from datetime import timedelta

from aiq_connect.access_token import AccessToken
from aiq_connect.errors import ConfigurationMismatch
from aiq_connect.token_store import MCPTokenStore


@dataclass(frozen=True)
class Account:
    """Asks for the tokens of one job at one server."""

    store: MCPTokenStore
    mcp_server_id: str
    job_id: str
    min_ttl: timedelta

    async def token(self, url: str) -> AccessToken:
        """Return a token that may be sent to `url`; `ConfigurationMismatch` if the broker's token may not."""
        return self._checked(await self._resolve(), url)

    async def renewed(self, url: str, rejected: AccessToken, challenge: str | None) -> AccessToken:
        """Return a token after the server answered `rejected` with the `WWW-Authenticate` in `challenge`."""
        return self._checked(await self._resolve(rejected, challenge), url)

    async def _resolve(self, rejected: AccessToken | None = None, challenge: str | None = None) -> AccessToken:
        return await self.store.resolve(
            None,
            self.mcp_server_id,
            job_id=self.job_id,
            min_ttl=self.min_ttl,
            rejected_sha256=rejected.sha256 if rejected else None,
            challenge=challenge,
        )

    def _checked(self, token: AccessToken, url: str) -> AccessToken:
        if not token.is_for(url):
            raise ConfigurationMismatch(
                f"this worker calls {self.mcp_server_id} at {url}, but AIQ Connect gives tokens for "
                f"{token.server_url}: both configurations have to name the same address"
            )
        return token
