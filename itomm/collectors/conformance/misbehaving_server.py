"""A real HTTP server on the loopback that answers as told: wrong, cut short, slow, or not at all."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """One answer of the server.

    Attributes:
        status: the HTTP status.
        body: the body.
        headers: further headers.
        missing_bytes: how much shorter the body is than its announced length.
        drip_seconds: pause after each byte of the body.
        reset: close the connection without an answer.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    missing_bytes: int = 0
    drip_seconds: float = 0.0
    reset: bool = False


class MisbehavingServer:
    """Answers each path with its scripted answers in turn, the last for ever; others with ``otherwise``."""

    def __init__(self, otherwise: Answer | None = None) -> None:
        self.otherwise = otherwise or Answer(404, b'{"message": "404 Not Found"}')
        self.connections = 0
        self.requests: list[tuple[str, str]] = []
        self.headers: list[Mapping[str, str]] = []
        self._scripts: dict[str, list[Answer]] = {}
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def on(self, path: str, *answers: Answer) -> None:
        """Answer requests for exactly ``path`` (without its query) so."""
        self._scripts[path] = list(answers)

    def __enter__(self) -> MisbehavingServer:
        """Start to listen."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and wait for the serving thread to end."""
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _next(self, path: str) -> Answer:
        with self._lock:
            script = self._scripts.get(path)
            if not script:
                return self.otherwise
            return script.pop(0) if len(script) > 1 else script[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                owner.connections += 1

            def do_GET(self) -> None:
                owner.requests.append((self.command, self.path))
                owner.headers.append(dict(self.headers.items()))
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                owner.give(self, owner._next(urlsplit(self.path).path))

            do_POST = do_GET  # noqa: N815  the name http.server looks for

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name in http.server
                """Keep quiet."""

        return Handler

    def give(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        """Send one answer."""
        handler.close_connection = bool(answer.reset or answer.missing_bytes or answer.drip_seconds)
        if answer.reset:
            at_once = struct.pack("ii", 1, 0)  # linger for zero seconds: closing sends a reset
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            return
        handler.send_response_only(answer.status)
        headers = {
            "Content-Type": "application/json",
            "Date": handler.date_time_string(),
            **answer.headers,
        }
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body) + answer.missing_bytes))
        handler.end_headers()
        try:
            self._write(handler, answer)
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True  # the client gave up, as it should

    def _write(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        if not answer.drip_seconds:
            handler.wfile.write(answer.body)
            return
        for byte in answer.body:
            if self._stopping.wait(answer.drip_seconds):
                return
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
