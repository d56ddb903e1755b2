"""What client libraries get when they ask an answer for its JSON, and what it costs to make it."""

from __future__ import annotations

import gc
import json
import math
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from itomm.collectors.framework.charset import settle_charset
from itomm.collectors.framework.garbage import rarely_collected
from itomm.collectors.framework.quick_json import QuickJsonResponse

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def answered(body: bytes) -> QuickJsonResponse:
    response = QuickJsonResponse()
    response.status_code = 200
    response.headers["Content-Type"] = "application/json"
    response._content = body
    settle_charset(response, body)
    return response


@given(PLAIN)
def test_an_answer_is_read_as_the_standard_library_reads_it(value: Any) -> None:
    text = json.dumps(value)
    read = answered(text.encode()).json()
    assert repr(read) == repr(json.loads(text))


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": 123456789012345678901234567890}',
        b'["\\ud83d"]',
        b"\xef\xbb\xbf[1]",
        '["Größe"]'.encode("utf-16"),
        b'{"a": 1, "a": 2}',
    ],
    ids=["a huge number", "half a character", "a mark", "two bytes a letter", "a key twice"],
)
def test_what_is_unusual_is_read_as_before(body: bytes) -> None:
    assert repr(answered(body).json()) == repr(json.loads(body))


def test_a_figure_that_is_none_is_read_as_before() -> None:
    assert math.isnan(answered(b"[NaN]").json()[0])


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"cut": ', b"[" * 100_000])
def test_what_is_no_json_is_told_as_requests_tells_it(body: bytes) -> None:
    with pytest.raises((requests.JSONDecodeError, RecursionError)):
        answered(body).json()


def test_garbage_is_looked_for_as_before_after_a_collection() -> None:
    before = gc.get_threshold()
    with rarely_collected():
        assert gc.get_threshold()[0] > before[0]
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
