"""The clients of AIQ Connect's worker listener: `Broker` for an event loop, `SyncBroker` for threads."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import NoReturn, Self, TypedDict

import httpx

from aiq_connect import wire
from aiq_connect.access_token import AccessToken
from aiq_connect.errors import ConfigurationMismatch
from aiq_connect.wire import RegisteredJob, RegisterJob, ResolveRequest

URL_VARIABLE = "AIQ_CONNECT_WORKER_URL"
KEY_VARIABLE = "AIQ_CONNECT_WORKER_KEY"

# Longer than the broker's own limit for one refresh (10 s) after one long poll.
_TIMEOUT = httpx.Timeout(wire.LONG_POLL + 15, connect=5)
# Questions that wait for a person must not keep other jobs' questions from being asked.
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20)


class _Options(TypedDict):
    timeout: httpx.Timeout
    limits: httpx.Limits
    headers: dict[str, str]
    follow_redirects: bool
    trust_env: bool


class _Address:
    """Where the broker is, and how both clients find it. The key is never printed and never leaves the process."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        self._options = _Options(
            timeout=_TIMEOUT,
            limits=_LIMITS,
            headers={"Authorization": f"Bearer {key}"},
            follow_redirects=False,
            # The key must not travel through a proxy that happens to be set for other things.
            trust_env=False,
        )

    @classmethod
    def from_environment(cls, env: Mapping[str, str] = os.environ, url: str | None = None) -> Self:
        """Read address and key from the environment; `url` wins over the variable.

        Raises `ConfigurationMismatch` when one of them is missing.
        """
        address = url or env.get(URL_VARIABLE)
        key = env.get(KEY_VARIABLE)
        missing = [name for name, value in ((URL_VARIABLE, address), (KEY_VARIABLE, key)) if not value]
        if not address or not key:
            raise ConfigurationMismatch(f"this worker cannot reach AIQ Connect: {' and '.join(missing)} not set")
        return cls(address, key)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a broker holds the worker's key and does not leave its process: make it in the task")


class Broker(_Address):
    """A client for one event loop. Close it (`async with`)."""

    def __init__(self, url: str, key: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        super().__init__(url, key)
        self._http = httpx.AsyncClient(transport=transport, **self._options)

    async def resolve(self, request: ResolveRequest) -> AccessToken | None:
        """Ask once. `None` means that the token known by `known_sha256` is still the one.

        Raises one of the errors of `aiq_connect.errors`.
        """
        return wire.read_token(await self._post(wire.RESOLVE, request), request)

    async def register_job(
        self,
        subject_token: str,
        *,
        job_id: str | None = None,
        data_sources: Sequence[str] | None = None,
        expiry: timedelta | None = None,
    ) -> RegisteredJob:
        """Register a job that did not come through the gate; `subject_token` is its owner's own bearer token.

        `data_sources` are the sources it may use (`None`: all), `expiry` how long it may ask for tokens. Without a
        `job_id` the broker makes one.

        Raises `JobNotRegistered`, `WorkerKeyInvalid`, `BrokerUnreachable` or `ConfigurationMismatch`.
        """
        return wire.read_registered_job(
            await self._post(wire.REGISTER, _registration(subject_token, job_id, data_sources, expiry))
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _post(self, path: str, request: ResolveRequest | RegisterJob) -> httpx.Response:
        try:
            return await self._http.post(self.url + path, json=wire.body(request))
        except httpx.TransportError as error:
            raise wire.unreachable(self.url, error) from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class SyncBroker(_Address):
    """A client for threads. Close it (`with`)."""

    def __init__(self, url: str, key: str, *, transport: httpx.BaseTransport | None = None) -> None:
        super().__init__(url, key)
        self._http = httpx.Client(transport=transport, **self._options)

    def resolve(self, request: ResolveRequest) -> AccessToken | None:
        """As `Broker.resolve`."""
        return wire.read_token(self._post(wire.RESOLVE, request), request)

    def register_job(
        self,
        subject_token: str,
        *,
        job_id: str | None = None,
        data_sources: Sequence[str] | None = None,
        expiry: timedelta | None = None,
    ) -> RegisteredJob:
        """As `Broker.register_job`."""
        return wire.read_registered_job(
            self._post(wire.REGISTER, _registration(subject_token, job_id, data_sources, expiry))
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _post(self, path: str, request: ResolveRequest | RegisterJob) -> httpx.Response:
        try:
            return self._http.post(self.url + path, json=wire.body(request))
        except httpx.TransportError as error:
            raise wire.unreachable(self.url, error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _registration(
    subject_token: str, job_id: str | None, data_sources: Sequence[str] | None, expiry: timedelta | None
) -> RegisterJob:
    return RegisterJob(
        subject_token,
        job_id=job_id,
        data_sources=None if data_sources is None else list(data_sources),
        expiry_seconds=None if expiry is None else round(expiry.total_seconds()),
    )
