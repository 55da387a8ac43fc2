"""The environment this server is started with, checked once and named in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_NAMES = (
    "DEMO_MCP_PORT",
    "DEMO_MCP_URL",
    "PROVIDER_ISSUER",
    "DEMO_INTROSPECTION_CLIENT_ID",
    "DEMO_INTROSPECTION_CLIENT_SECRET",
)


class SettingError(Exception):
    """A setting is missing or cannot work; the message says which."""


@dataclass(frozen=True)
class Settings:
    """Where to listen, and which provider's tokens to believe."""

    port: int
    url: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)

    @property
    def base_url(self) -> str:
        """Scheme, host and port of `url`."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def path(self) -> str:
        """The path of `url`, such as `/mcp`."""
        return urlsplit(self.url).path


def read_settings(env: Mapping[str, str]) -> Settings:
    """Read the settings or raise `SettingError`."""
    missing = [name for name in _NAMES if not env.get(name)]
    if missing:
        raise SettingError(f"these environment variables are not set: {', '.join(missing)}")
    port = env["DEMO_MCP_PORT"]
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise SettingError(f"DEMO_MCP_PORT has to be a port number, not {port}")
    if urlsplit(env["DEMO_MCP_URL"]).path in ("", "/"):
        raise SettingError("DEMO_MCP_URL has to name a path, such as http://127.0.0.1:8801/mcp")
    return Settings(
        port=int(port),
        url=env["DEMO_MCP_URL"],
        issuer=env["PROVIDER_ISSUER"].rstrip("/"),
        client_id=env["DEMO_INTROSPECTION_CLIENT_ID"],
        client_secret=env["DEMO_INTROSPECTION_CLIENT_SECRET"],
    )
