"""An access token as the broker hands it out: for one person, one server and one address."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from aiq_connect.errors import ConfigurationMismatch

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token that never prints itself and stays in the process that asked for it.

    `expires_at` is the provider's word and `None` when it gave none; `lifetime` is what was left of it when the broker
    answered, in seconds and by the clock of the broker's database, so that no process's wrong clock does harm.
    """

    value: str = field(repr=False)
    server_url: str
    resource: str = ""
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    lifetime: float | None = None

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        # As an argument or a result of a task it would travel through Dask's scheduler in clear text.
        raise TypeError("an access token does not leave its process: ask for it in the task that uses it")

    @property
    def sha256(self) -> str:
        """Lowercase hex SHA-256 of the bare token, as the broker wants to be told about it."""
        return hashlib.sha256(self.value.encode()).hexdigest()

    def is_for(self, url: str) -> bool:
        """Say whether the token may be sent to `url`: the same scheme, host and port, and the same path or below."""
        home, target = urlsplit(self.server_url), urlsplit(url)
        if _origin(home.scheme, home.hostname, home.port) != _origin(target.scheme, target.hostname, target.port):
            return False
        if ".." in unquote(target.path).split("/"):
            return False
        base = home.path.rstrip("/")
        return target.path.rstrip("/") == base or target.path.startswith(base + "/")

    def headers_for(self, url: str) -> dict[str, str]:
        """Return `{"Authorization": "Bearer …"}` for a request to `url`.

        Raises `ConfigurationMismatch`, which names both addresses, if the token may not be sent there.
        """
        if not self.is_for(url):
            raise ConfigurationMismatch(
                f"{url} is to be called with a token that AIQ Connect gives for {self.server_url}: "
                "both configurations have to name the same address"
            )
        return {"Authorization": f"Bearer {self.value}"}


def _origin(scheme: str, host: str | None, port: int | None) -> tuple[str, str | None, int | None]:
    return scheme, host, port or _PORTS.get(scheme)
