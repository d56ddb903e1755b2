"""Text from tools is shown, never obeyed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itomm.reports.untrusted import anchor, safe_link, visible_text


@pytest.mark.parametrize(
    "address",
    [
        "https://jira.example/browse/OPS-1",
        "http://127.0.0.1:9090/graph?g0.expr=up%20%3D%3D%200",
        "HTTPS://gitlab.example/shop/-/merge_requests/4#note_1",
        "file:///srv/git/shop",
    ],
)
def test_an_address_that_opens_a_page_is_a_link(address: str) -> None:
    assert safe_link(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "ftp://example.org/x",
        "//evil.example/x",
        "/relative",
        "https:",
        "https:///nowhere",
        "https://user name@example.org/",
        "https://example.org/\u202egpj.exe",
        "https://[broken/",
        "file:relative",
        "mailto:a@example.org",
    ],
)
def test_any_other_address_is_only_text(address: str) -> None:
    assert safe_link(address) is None


def test_control_characters_become_visible_marks() -> None:
    assert visible_text("a\x00b\x1b[31mc\x7f\x85") == "a\ufffdb\ufffd[31mc\ufffd\ufffd"


def test_line_ends_and_tabs_stay() -> None:
    assert visible_text("a\r\n\tb") == "a\n\tb"


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_any_text_can_be_written_as_utf8(text: str) -> None:
    assert visible_text(text).encode("utf-8").decode("utf-8") == visible_text(text)


@given(st.text(), st.text())
def test_different_names_have_different_anchors(one: str, other: str) -> None:
    assert (anchor("criterion", one) == anchor("criterion", other)) == (one == other)


@given(st.text(min_size=1))
def test_an_anchor_needs_no_escaping(name: str) -> None:
    assert all(letter.isascii() and (letter.isalnum() or letter in "-._") for letter in anchor("x", name))
