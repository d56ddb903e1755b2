"""The stand-in estate over real HTTP."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from itomm.estate.alertmanager_api import AlertmanagerApi
from itomm.estate.estate import Estate
from itomm.estate.faults import ANSWERED_BY_API, KINDS, REPLACING, Fault, Faults, replaced
from itomm.estate.gitlab_api import GitLabApi
from itomm.estate.http_exchange import Request, Response, json_response, page, request_of
from itomm.estate.jira_cloud import JiraCloudApi
from itomm.estate.jira_data_center import JiraDataCenterApi
from itomm.estate.prometheus_api import PrometheusApi

FAULT_CONTROL = "/_estate/faults"
_DRIPS = 10
_POLL_SECONDS = 0.01  # how soon a stop is noticed


class EstateServer:
    """Serves an estate on 127.0.0.1 from construction on; a context manager that stops it.

    Attributes:
        url: where it listens, without a trailing slash.
        faults: what goes wrong on purpose.
        requests: method and target of every request seen, in order of arrival.
    """

    def __init__(self, estate: Estate, port: int = 0) -> None:
        self.estate = estate
        self.faults = Faults()
        self.requests: list[tuple[str, str]] = []
        self.stopping = threading.Event()
        company = estate.company
        self._apis = (
            ("/prometheus/", PrometheusApi(company)),
            ("/alertmanager/", AlertmanagerApi(company)),
            ("/jira-dc/", JiraDataCenterApi(company)),
            ("/jira/", JiraCloudApi(company)),
            ("/gitlab/", GitLabApi(company)),
        )
        self._http = _Listener(("127.0.0.1", port), self)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        self._thread.start()

    def __enter__(self) -> EstateServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop listening and end what is still being sent."""
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, request: Request) -> Response:
        """The response to one request, faults aside."""
        if request.path == FAULT_CONTROL:
            return self._control(request)
        for prefix, api in self._apis:
            if request.path.startswith(prefix):
                return api.answer(request)
        if request.path == "/":
            return page("Stand-in estate", "\n".join(prefix for prefix, _ in self._apis))
        return json_response({"message": "There is nothing here."}, 404)

    def _control(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.faults.clear()
            return json_response({})
        wanted = dict(request.json())
        prefix, kind = str(wanted.pop("prefix", "")), str(wanted.pop("kind", ""))
        times, after = wanted.pop("times", None), wanted.pop("after", 0)
        if kind not in KINDS or not prefix:
            return json_response({"message": f"prefix and kind are needed; kinds: {sorted(KINDS)}"}, 400)
        self.faults.add(
            prefix,
            kind,
            times=times if isinstance(times, int) else None,
            after=after if isinstance(after, int) else 0,
            **wanted,
        )
        return json_response({}, 201)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], estate_server: EstateServer) -> None:
        self.estate_server = estate_server
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news; anything else is a fault of the stand-in and is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # typeshed names the socket types


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def do_GET(self) -> None:  # the name that http.server calls
        self._serve()

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815  # the names that http.server calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the signature of http.server
        """Keep quiet; the requests are kept in a list instead."""

    def _serve(self) -> None:
        owner = self.server.estate_server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = None
        if not self.path.startswith(FAULT_CONTROL):
            owner.requests.append((self.command, self.path))
            fault = owner.faults.met_by(self.path, body)
        kind = fault.kind if fault is not None else ""
        if kind == "reset":
            self._reset()
            return
        headers = {name.lower(): text for name, text in self.headers.items()}
        behaviours = frozenset({kind} & ANSWERED_BY_API)
        request = request_of(self.command, self.path, headers, body, behaviours)
        if fault is not None and kind in REPLACING:
            self._send(replaced(fault, request.path), None)
        else:
            self._send(owner.answer(request), fault)

    def _send(self, response: Response, fault: Fault | None) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        for name, text in response.headers.items():
            self.send_header(name, text)
        if fault is not None:
            self.send_header("Connection", "close")
        self.end_headers()
        if fault is not None and fault.kind == "truncated":
            self.wfile.write(response.body[: len(response.body) // 2])
            self.close_connection = True
        elif fault is not None and fault.kind == "slow":
            self._drip(response.body, float(fault.option("seconds", "5")))
        else:
            self.wfile.write(response.body)

    def _drip(self, body: bytes, seconds: float) -> None:
        size = max(len(body) // _DRIPS, 1)
        for start in range(0, len(body), size):
            if self.server.estate_server.stopping.wait(seconds / _DRIPS):
                break
            self.wfile.write(body[start : start + size])
            self.wfile.flush()
        self.close_connection = True

    def _reset(self) -> None:
        """Close with a reset instead of an orderly end."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()
        self.close_connection = True
