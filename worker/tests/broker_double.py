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


@dataclass
class BrokerDouble:
    """Answers are given in order, the last one for ever; `asked` holds the bodies, `keys` the credentials."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    answers: deque[Answer] = field(default_factory=deque)

    def will(self, *answers: Answer) -> None:
        self.answers.clear()
        self.answers.extend(answers)

    def next(self) -> Answer:
        return self.answers.popleft() if len(self.answers) > 1 else self.answers[0]


def token(value: str, *, seconds: float | None = 3600, server_url: str = SERVER_URL) -> Answer:
    expires_at = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat() if seconds is not None else None
    return Answer(
        200,
        {
            "access_token": value,
            "token_type": "Bearer",
            "expires_at": expires_at,
            "scopes": ["incidents:read"],
            "resource": server_url,
            "server_url": server_url,
        },
    )


def unchanged() -> Answer:
    return Answer(204)


def reconnect(reason: str = "disconnected") -> Answer:
    return Answer(
        409,
        {
            "error": "mcp_auth_required",
            "message": "Team Incidents is not connected.",
            "source_id": "incidents",
            "reason": reason,
            "connect_url": "http://localhost:9/v1/auth/mcp/incidents/connect",
            "missing_scopes": ["incidents:write"],
            "waits_until": "2030-01-01T00:00:00Z",
        },
    )


def fault(status: int, code: str, retry_after: int | None = None) -> Answer:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Answer(status, {"error": code, "message": f"It is {code}."}, headers)


@contextmanager
def broker_double() -> Iterator[BrokerDouble]:
    double = BrokerDouble()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            double.asked.append(json.loads(self.rfile.read(length)) | {"path": self.path})
            double.keys.append(self.headers["Authorization"])
            answer = double.next()
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

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    double.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
