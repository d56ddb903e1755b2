"""A request as a server sees it, and the answer that it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, unquote, unquote_plus, urlencode, urlsplit, urlunsplit


@dataclass(frozen=True)
class Answer:
    """One answer of a server.

    Attributes:
        status: the HTTP status.
        body: the body.
        headers: further headers; they win over the server's own Date and Content-Type.
        missing_bytes: how much shorter the body is than its announced length.
        drip_seconds: pause after each byte of the body.
        piecewise: send the body as chunks of one byte each, so that a client needs as many reads.
        reset: break the connection off: without an answer, or after the body when bytes are missing.
        silent: say nothing until the client gives up.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    missing_bytes: int = 0
    drip_seconds: float = 0.0
    piecewise: bool = False
    reset: bool = False
    silent: bool = False

    def with_headers(self, **headers: str) -> Answer:
        """The same with further headers; an underscore in a name stands for a hyphen."""
        added = {name.replace("_", "-"): text for name, text in headers.items()}
        names = {name.lower() for name in added}
        kept = {name: text for name, text in self.headers.items() if name.lower() not in names}
        return replace(self, headers={**kept, **added})

    def header(self, name: str) -> str:
        """A header's text, whatever the case of its name; empty without one."""
        return next((text for key, text in self.headers.items() if key.lower() == name.lower()), "")


@dataclass(frozen=True)
class Asked:
    """One request.

    Attributes:
        method: GET, POST ...
        target: path and query as they were sent.
        base: scheme, host and port as the client wrote them.
        headers: by name in lower case.
        body: as it was sent.
        by_proxy: whether it was sent to the server as to a proxy.
    """

    method: str
    target: str
    base: str = "http://127.0.0.1"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    by_proxy: bool = False

    @property
    def raw_path(self) -> str:
        """The path as it was sent."""
        return urlsplit(self.target).path

    @property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(self.raw_path)

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Names and values of the query, in order."""
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def query(self) -> dict[str, str]:
        """The parameters by name; of a repeated one, the last."""
        return dict(self.parameters)

    @property
    def text(self) -> str:
        """Path, query and body in one, decoded; to look for what a request is about."""
        path, _, query = self.target.partition("?")
        body = self.body.decode("utf-8", "replace")
        return f"{unquote(path)} {path} {unquote_plus(query)} {body}"

    def without(self, *names: str) -> Asked:
        """The same request without parameters of these names."""
        return self._asking([pair for pair in self.parameters if pair[0] not in names])

    def with_parameter(self, name: str, value: str) -> Asked:
        """The same request with one parameter set."""
        return self._asking([*self.without(name).parameters, (name, value)])

    def _asking(self, parameters: list[tuple[str, str]]) -> Asked:
        parts = urlsplit(self.target)
        return replace(self, target=urlunsplit(parts._replace(query=urlencode(parameters))))


Tool = Callable[[Asked], Answer]
"""What answers requests: a pure function from a request to its answer."""
