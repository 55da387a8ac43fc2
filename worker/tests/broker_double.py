"""A broker that answers as it is told, over real HTTP on a free loopback port."""

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "a-worker-key-of-the-tests"
SERVER_URL = "http://127.0.0.1:9/mcp"


@dataclass
class Answer:
    status: int
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def may_wait(self) -> bool:
        return self.status == 409 and self.body is not None and self.body.get("waits_until") is not None


@dataclass
class BrokerDouble:
    """Answers are given in order, the last one for ever; `asked` holds the bodies, `keys` the credentials.

    Answers can be meant for one job or server alone (`only_for`).
    As the broker does, it holds back "the job may wait" from a request with `wait_seconds`, until a test says by `will`
    what has become of it, or `holds` seconds have passed. `held` is how many requests are held back now.
    """

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    scripts: dict[str, deque[Answer]] = field(default_factory=dict)
    holds: float = 25.0
    held: int = 0
    news: threading.Condition = field(default_factory=threading.Condition)

    def will(self, *answers: Answer, only_for: str = "") -> None:
        with self.news:
            self.scripts[only_for] = deque(answers)
            self.news.notify_all()

    @property
    def polls(self) -> list[dict[str, Any]]:
        return [one for one in self.asked if "wait_seconds" in one]

    def answer(self, asked: dict[str, Any], stopped: threading.Event) -> Answer:
        with self.news:
            script = self._script(asked)
            answer = _next(script)
            if answer.may_wait and asked.get("wait_seconds"):
                self.held += 1
                longest = min(asked["wait_seconds"], self.holds)
                self.news.wait_for(lambda: self._script(asked) is not script or stopped.is_set(), longest)
                self.held -= 1
                if self._script(asked) is not script:
                    answer = _next(self._script(asked))
            return answer

    def _script(self, asked: dict[str, Any]) -> deque[Answer]:
        names = (asked.get("job_id"), asked.get("mcp_server_id"), "")
        return next(self.scripts[name] for name in names if name in self.scripts)


def _next(script: deque[Answer]) -> Answer:
    return script.popleft() if len(script) > 1 else script[0]


def token(
    value: str, *, seconds: float | None = 3600, database_ahead: float = 0, server_url: str = SERVER_URL
) -> Answer:
    """A token that ends in so many seconds by the database, whose clock may be ahead of that of our `Date`."""
    ends = None if seconds is None else datetime.now(UTC) + timedelta(seconds=seconds + database_ahead)
    return Answer(
        200,
        {
            "access_token": value,
            "token_type": "Bearer",
            "expires_at": ends.isoformat() if ends else None,
            "expires_in_seconds": None if seconds is None else int(seconds),
            "scopes": ["incidents:read"],
            "resource": server_url,
            "server_url": server_url,
        },
    )


def unchanged() -> Answer:
    return Answer(204)


def reconnect(reason: str = "disconnected", *, waits: float | None = None) -> Answer:
    """Only a person can help; `waits` is for how many seconds the job may wait for that."""
    waits_until = (datetime.now(UTC) + timedelta(seconds=waits)).isoformat() if waits is not None else None
    return Answer(
        409,
        {
            "error": "mcp_auth_required",
            "message": "Team Incidents is not connected.",
            "source_id": "incidents",
            "reason": reason,
            "connect_url": "http://localhost:9/v1/auth/mcp/incidents/connect",
            "missing_scopes": ["incidents:write"],
            "waits_until": waits_until,
        },
    )


def fault(status: int, code: str, retry_after: int | None = None) -> Answer:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Answer(status, {"error": code, "message": f"It is {code}."}, headers)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: a worker that gives up hangs up."""


@contextmanager
def broker_double(port: int = 0, double: BrokerDouble | None = None) -> Iterator[BrokerDouble]:
    """Serve until the block ends; `port` and `double` of an earlier one make it a restarted broker."""
    broker = double or BrokerDouble()
    stopped = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"]))) | {"path": self.path}
            if not stopped.is_set():
                broker.asked.append(asked)
                broker.keys.append(self.headers["Authorization"])
                answer = broker.answer(asked, stopped)
            if stopped.is_set():
                self.close_connection = True
                return
            content = b"" if answer.body is None else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = _Server(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    broker.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield broker
    finally:
        with broker.news:
            stopped.set()
            broker.news.notify_all()
        server.shutdown()
        server.server_close()
        thread.join()
