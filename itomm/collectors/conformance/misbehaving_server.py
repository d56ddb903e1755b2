"""A real HTTP server on the loopback that answers as told: wrong, cut short, slow, or not at all."""

from __future__ import annotations

import socket
import ssl
import struct
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

from itomm.collectors.conformance.exchange import Answer, Asked, Tool

_NO_BODY = frozenset({204, 304})


class MisbehavingServer:
    """Answers each path with its scripted answers in turn, the last for ever.

    Other paths are answered by ``tool``, or without one with ``otherwise``. It can be asked as a proxy for
    plain HTTP, too. ``tls`` makes it an HTTPS server.
    """

    def __init__(
        self, otherwise: Answer | None = None, *, tool: Tool | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.otherwise = otherwise or Answer(404, b'{"message": "404 Not Found"}')
        self.tool = tool
        self.connections = 0
        self.requests: list[tuple[str, str]] = []
        self.headers: list[Mapping[str, str]] = []
        self.asked: list[Asked] = []
        self._scripts: dict[str, list[Answer]] = {}
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._scheme = "https" if tls else "http"
        self._server = _Listener(("127.0.0.1", 0), self._handler())
        if tls:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def faults(self) -> list[BaseException]:
        """What ``tool`` raised instead of answering."""
        return self._server.faults

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

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

    def _next(self, asked: Asked) -> Answer:
        with self._lock:
            script = self._scripts.get(asked.raw_path)
            if script:
                return script.pop(0) if len(script) > 1 else script[0]
        return self.tool(asked) if self.tool else self.otherwise

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                owner.connections += 1

            def do_GET(self) -> None:
                asked = _asked(self, owner._scheme)
                owner.requests.append((asked.method, asked.target))
                owner.headers.append(dict(self.headers.items()))
                owner.asked.append(asked)
                owner.give(self, owner._next(asked))

            do_POST = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815  the names http.server looks for

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name in http.server
                """Keep quiet."""

        return Handler

    def give(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        """Send one answer."""
        handler.close_connection = bool(
            answer.reset or answer.missing_bytes or answer.drip_seconds or answer.silent
        )
        if answer.silent:
            _wait_for_hang_up(handler, self._stopping)
            return
        if answer.reset and not answer.missing_bytes:
            _reset(handler)
            return
        handler.send_response_only(answer.status)
        own = {"Content-Type": "application/json", "Date": handler.date_time_string()}
        given = {name.lower() for name in answer.headers}
        for name, value in {
            **{name: text for name, text in own.items() if name.lower() not in given},
            **answer.headers,
        }.items():
            handler.send_header(name, value)
        if answer.piecewise:
            handler.send_header("Transfer-Encoding", "chunked")
        elif answer.status not in _NO_BODY:
            handler.send_header("Content-Length", str(len(answer.body) + answer.missing_bytes))
        try:
            handler.end_headers()
            if handler.command != "HEAD" and answer.status not in _NO_BODY:
                self._write(handler, answer)
            if answer.reset:
                _reset(handler)
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True  # the client gave up, as it should

    def _write(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        if answer.piecewise:
            chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in answer.body)
            handler.wfile.write(chunks + b"0\r\n\r\n")
            return
        if not answer.drip_seconds:
            handler.wfile.write(answer.body)
            return
        for byte in answer.body:
            if self._stopping.wait(answer.drip_seconds):
                return
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.faults: list[BaseException] = []
        super().__init__(address, handler)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002  the signature of socketserver
        """A client that hangs up or does not trust us is no news; what the tool raises is kept."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, ConnectionError | ssl.SSLError):
            self.faults.append(error)


def _asked(handler: BaseHTTPRequestHandler, scheme: str) -> Asked:
    headers = {name.lower(): text for name, text in handler.headers.items()}
    body = handler.rfile.read(int(headers.get("content-length") or 0))
    target, base, by_proxy = handler.path, f"{scheme}://{headers.get('host', '')}", False
    if not target.startswith("/"):
        parts = urlsplit(target)
        target = parts._replace(scheme="", netloc="").geturl() or "/"
        base, by_proxy = f"{parts.scheme}://{parts.netloc}", True
    return Asked(handler.command, target, base, headers, body, by_proxy)


def _reset(handler: BaseHTTPRequestHandler) -> None:
    at_once = struct.pack("ii", 1, 0)  # linger for zero seconds: closing sends a reset
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)


def _wait_for_hang_up(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
    handler.connection.settimeout(0.05)
    while not stopping.is_set():
        try:
            if not handler.connection.recv(1):
                return
        except TimeoutError:
            continue
        except OSError:
            return
