"""A server that answers a bearer with its owner's name, over real HTTP on a free loopback port."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def protected_double(people: dict[str, str]) -> Iterator[str]:
    """Serve until the block ends; yields the address. `people` maps accepted tokens to their owners."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            owner = people.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
            content = (owner or "").encode()
            self.send_response(200 if owner else 401)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/mcp"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
