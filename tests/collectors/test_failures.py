from __future__ import annotations

import json

import pytest
import requests

from itomm.collectors.contract import SourceError
from itomm.collectors.framework.failures import explain
from itomm.config.errors import UsageError
from itomm.evidence.observation import UnknownReason

WHERE = "https://tool.example"


class GitlabHttpError(Exception):
    """Stands for python-gitlab's class of this name, which carries the status so."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.error_message = message
        self.response_code = status


class JIRAError(Exception):
    """Stands for jira's class of this name."""

    def __init__(self, text: str, status: int | None) -> None:
        super().__init__(text)
        self.text = text
        self.status_code = status


class PrometheusApiClientException(Exception):  # noqa: N818  the library's own name
    """Stands for prometheus-api-client's class of this name, which has the status only in its text."""


def not_json(body: str) -> json.JSONDecodeError:
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(body)
    return caught.value


def http_error(status: int) -> requests.HTTPError:
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError(
        f"{status} Client Error for url: https://tool.example?token=abc", response=response
    )


@pytest.mark.parametrize(
    "error",
    [
        GitlabHttpError("401 Unauthorized", 401),
        JIRAError("Unauthorized", 401),
        PrometheusApiClientException("HTTP Status Code 401 (b'')"),
        http_error(401),
    ],
)
def test_a_bad_token_is_told_alike_for_every_client_library(error: Exception) -> None:
    failure = explain(error, WHERE)
    assert failure.reason is UnknownReason.PERMISSION_DENIED
    assert failure.message == "https://tool.example answered 401: the token is wrong, expired or missing."


@pytest.mark.parametrize(
    ("error", "reason", "words"),
    [
        (http_error(403), UnknownReason.PERMISSION_DENIED, "lacks the right"),
        (http_error(404), UnknownReason.COLLECTION_FAILED, "nothing at this address"),
        (http_error(429), UnknownReason.COLLECTION_FAILED, "too many requests"),
        (http_error(502), UnknownReason.COLLECTION_FAILED, "the tool is failing"),
        (requests.exceptions.SSLError("x"), UnknownReason.COLLECTION_FAILED, "TLS failed"),
        (requests.ConnectTimeout("x"), UnknownReason.COLLECTION_FAILED, "did not accept a connection"),
        (requests.ReadTimeout("x"), UnknownReason.COLLECTION_FAILED, "stopped answering"),
        (requests.ConnectionError("x"), UnknownReason.COLLECTION_FAILED, "could not be reached"),
        (requests.exceptions.ProxyError("x"), UnknownReason.COLLECTION_FAILED, "through the proxy"),
        (requests.exceptions.ChunkedEncodingError("x"), UnknownReason.COLLECTION_FAILED, "in the middle"),
        (requests.exceptions.InvalidURL("x"), UnknownReason.COLLECTION_FAILED, "could not be asked"),
        (not_json("<html><body>Sign in"), UnknownReason.COLLECTION_FAILED, "web page instead of data"),
        (not_json('{"data": [1, 2'), UnknownReason.COLLECTION_FAILED, "in the middle of an answer"),
        (not_json("it works"), UnknownReason.COLLECTION_FAILED, "not JSON"),
        (UsageError("Set X."), UnknownReason.COLLECTION_FAILED, "Set X."),
        (SourceError("No.", UnknownReason.STALE), UnknownReason.STALE, "No."),
        (
            FileNotFoundError(2, "No such file", "/repo"),
            UnknownReason.COLLECTION_FAILED,
            "No such file (/repo)",
        ),
    ],
)
def test_each_failure_has_its_reason_and_its_words(
    error: Exception, reason: UnknownReason, words: str
) -> None:
    failure = explain(error, WHERE)
    assert failure.reason is reason
    assert words in failure.message


def test_an_unexpected_error_tells_its_kind_and_place_but_no_value() -> None:
    empty: dict[str, str] = {}
    with pytest.raises(KeyError) as caught:
        empty["hunter2"]
    failure = explain(caught.value, WHERE)
    assert "KeyError at test_failures.py:" in failure.message
    assert "hunter2" not in failure.message


def test_what_a_tool_says_about_a_bad_question_is_shown_without_secrets_and_short() -> None:
    said = "unknown field; token glpat-ABCDEFGHIJ1234567890 " + "x" * 500
    failure = explain(JIRAError(said, 400), WHERE)
    assert "unknown field" in failure.message
    assert "glpat" not in failure.message
    assert len(failure.message) <= 300
