"""The environment this server is started with, checked once and named in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_SHARED = (
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


def read_settings(env: Mapping[str, str], variables: str) -> Settings:
    """Read the settings, with address and port from the variables that begin so, or raise `SettingError`."""
    own_port, own_url = f"{variables}_PORT", f"{variables}_URL"
    missing = [name for name in (own_port, own_url, *_SHARED) if not env.get(name)]
    if missing:
        raise SettingError(f"these environment variables are not set: {', '.join(missing)}")
    port = env[own_port]
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise SettingError(f"{own_port} has to be a port number, not {port}")
    if urlsplit(env[own_url]).path in ("", "/"):
        raise SettingError(f"{own_url} has to name a path, such as http://127.0.0.1:8801/mcp")
    return Settings(
        port=int(port),
        url=env[own_url],
        issuer=env["PROVIDER_ISSUER"].rstrip("/"),
        client_id=env["DEMO_INTROSPECTION_CLIENT_ID"],
        client_secret=env["DEMO_INTROSPECTION_CLIENT_SECRET"],
    )
