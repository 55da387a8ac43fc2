"""The account that one job may use at one MCP server."""

from dataclasses import dataclass
from datetime import timedelta

from aiq_connect.access_token import AccessToken
from aiq_connect.errors import ConfigurationMismatch, ReconnectRequired
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
        return self._checked(await self._resolve(rejected.sha256, challenge), url)

    async def wait_for_person(self, refusal: ReconnectRequired) -> None:
        """Return when the owner has ended this refusal; raise `ReconnectRequired` when the job should wait no more."""
        await self._resolve(refusal.rejected_sha256, refusal.challenge, wait=True)

    async def _resolve(
        self, rejected_sha256: str | None = None, challenge: str | None = None, *, wait: bool = False
    ) -> AccessToken:
        return await self.store.resolve(
            None,
            self.mcp_server_id,
            job_id=self.job_id,
            wait=wait,
            min_ttl=self.min_ttl,
            rejected_sha256=rejected_sha256,
            challenge=challenge,
        )

    def _checked(self, token: AccessToken, url: str) -> AccessToken:
        if not token.is_for(url):
            raise ConfigurationMismatch(
                f"this worker calls {self.mcp_server_id} at {url}, but AIQ Connect gives tokens for "
                f"{token.server_url}: both configurations have to name the same address"
            )
        return token
