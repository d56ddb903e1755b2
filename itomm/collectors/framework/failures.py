"""What went wrong with a source, in words for the person who runs it; never a secret, never a traceback.

Client libraries are told by the names of their exception classes, so that none is imported here.
"""

from __future__ import annotations

import json
import re
import traceback
from dataclasses import dataclass
from pathlib import PurePath

import requests

from itomm.collectors.contract import SourceError
from itomm.collectors.framework.secret_forms import redact_text
from itomm.config.errors import ItommError
from itomm.evidence.observation import UnknownReason

_LONGEST_DETAIL = 300


@dataclass(frozen=True)
class Failure:
    """Why a stream or a scope could not be read."""

    reason: UnknownReason
    message: str


_STATUS_MEANS = {
    400: "400 (bad request): the tool does not understand the question",
    401: "401: the token is wrong, expired or missing",
    403: "403: the token is valid but lacks the right to read this",
    404: "404: there is nothing at this address; check the source's url",
    407: "407: the proxy wants credentials",
    410: "410: this way of asking was removed from the tool",
    429: "429: too many requests, even after waiting",
}
_DENIED = frozenset({401, 403})


def explain(error: BaseException, where: str) -> Failure:
    """The failure behind ``error``; ``where`` is the source's address or name, for the message."""
    if isinstance(error, SourceError):
        return Failure(error.reason, _short(str(error)))
    if isinstance(error, ItommError):
        return _failed(str(error))
    status = status_of(error)
    if status is not None:
        return _by_status(status, where, error)
    return _failed(f"{where} {_without_status(error)}")


def _without_status(error: BaseException) -> str:
    for kinds, words in _TRANSPORT:
        if isinstance(error, kinds):
            return words
    if isinstance(error, json.JSONDecodeError):
        return _not_json(error)
    if type(error).__name__ in _MEANS_A_WEB_PAGE:
        return _HTML
    if isinstance(error, requests.RequestException):
        return f"could not be asked ({type(error).__name__})."
    if isinstance(error, OSError) and error.strerror:
        return f"failed: {error.strerror}{f' ({error.filename})' if error.filename else ''}."
    return f"gave an answer that the collector does not understand ({_place(error)})."


_MEANS_A_WEB_PAGE = frozenset({"GitlabParsingError", "RedirectError"})
_HTML = (
    "answered with a web page instead of data. Does a sign-in page or a proxy stand in front? "
    "Check the source's url and token."
)

_TRANSPORT: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (requests.exceptions.SSLError, "could not be trusted: TLS failed. Name its CA bundle with verify."),
    (requests.exceptions.ProxyError, "could not be reached through the proxy."),
    (requests.ConnectTimeout, "did not accept a connection in time."),
    (requests.ReadTimeout, "stopped answering: the read timed out."),
    (
        (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError),
        "broke off in the middle of an answer.",
    ),
    (requests.ConnectionError, "could not be reached. Is its address right, and is it up?"),
    (requests.TooManyRedirects, "sends requests round in circles."),
    (requests.exceptions.RetryError, "kept answering with errors."),
)


def status_of(error: BaseException) -> int | None:
    """The HTTP status in an exception of requests, python-gitlab, jira or prometheus-api-client."""
    for attribute in ("response_code", "status_code"):
        value = getattr(error, attribute, None)
        if isinstance(value, int) and value >= 400:
            return value
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(status, int) and status >= 400:
        return status
    if type(error).__name__ == "PrometheusApiClientException":
        found = re.match(r"HTTP Status Code (\d{3})", str(error))
        return int(found.group(1)) if found else None
    return None


def _by_status(status: int, where: str, error: BaseException) -> Failure:
    meaning = _STATUS_MEANS.get(status)
    if meaning is None:
        meaning = f"{status}: the tool is failing" if status >= 500 else f"{status}"
    message = f"{where} answered {meaning}."
    if status == 400:
        message += f" It says: {_said(error)}"
    reason = UnknownReason.PERMISSION_DENIED if status in _DENIED else UnknownReason.COLLECTION_FAILED
    return Failure(reason, _short(message))


def _said(error: BaseException) -> str:
    text = getattr(error, "error_message", None) or getattr(error, "text", None) or str(error)
    return " ".join(str(text).split())


def _not_json(error: json.JSONDecodeError) -> str:
    body = error.doc.lstrip()
    if body.startswith("<"):
        return _HTML
    if body and error.pos >= len(error.doc.rstrip()) - 1:
        return "broke off in the middle of an answer."
    return "answered with something that is not JSON. Check the source's url."


def _place(error: BaseException) -> str:
    """The kind of error and the line that met it, without values: those may hold secrets."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    where = f" at {PurePath(own[-1].filename).name}:{own[-1].lineno}" if own else ""
    return f"{type(error).__name__}{where}"


def _failed(message: str) -> Failure:
    return Failure(UnknownReason.COLLECTION_FAILED, _short(message))


def _short(message: str) -> str:
    safe = redact_text(message)
    return safe if len(safe) <= _LONGEST_DETAIL else safe[: _LONGEST_DETAIL - 1] + "…"
