from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itomm.collectors.framework.provenance import public_url, same_origin
from itomm.collectors.framework.redaction import Scrubber
from itomm.collectors.framework.secret_forms import REDACTED, redact_text, redact_thoroughly
from itomm.config.identity import Pseudonyms

KEY = b"0123456789abcdef"
SCRUBBER = Scrubber(Pseudonyms(KEY))
NAMED = Scrubber(Pseudonyms(KEY, named=True))


@pytest.mark.parametrize(
    "key",
    ["token", "runners_token", "PRIVATE-TOKEN", "privateKey", "api_key", "Authorization", "db_password"],
)
def test_text_under_a_secret_key_is_redacted(key: str) -> None:
    assert NAMED.payload({key: "abc", "id": 7}) == {key: REDACTED, "id": 7}


def test_settings_about_secrets_are_kept_when_they_hold_none() -> None:
    payload = {"reset_approvals_on_password": True, "ci_job_token": False, "expires_token": 30, "token": None}
    assert NAMED.payload(payload) == payload


def test_secrets_nested_below_a_secret_key_are_redacted() -> None:
    assert NAMED.payload({"credentials": {"value": ["a", {"b": "c"}], "count": 2}}) == {
        "credentials": {"value": [REDACTED, {"b": REDACTED}], "count": 2}
    }


@pytest.mark.parametrize(
    "secret",
    [
        "glpat-ABCDEFGHIJ1234567890",
        "ghp_abcdefghij0123456789",
        "xoxb-123456789012-abcdef",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn",
        "Bearer abcdefghijklmnop",
        "https://hooks.slack.com/services/T0/B0/xyz",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sig",
    ],
)
def test_what_looks_like_a_secret_is_redacted_inside_text(secret: str) -> None:
    scrubbed = redact_text(f"use {secret} here")
    assert REDACTED in scrubbed
    assert secret not in scrubbed
    assert scrubbed.startswith("use ")


def test_users_in_addresses_are_taken_out_of_text() -> None:
    assert redact_text("clone https://ada:pw@git.example/x.git now") == "clone https://git.example/x.git now"


def test_people_in_payloads_become_pseudonyms() -> None:
    payload = {
        "title": "Ask ada@example.com",
        "author": {
            "id": 5,
            "username": "ada",
            "name": "Ada L.",
            "state": "active",
            "web_url": "https://x/ada",
        },
        "assignees": [{"accountId": "557058:1", "displayName": "Ada L."}],
        "message": "Fix it\n\nReviewed-by: Grace Hopper <grace@example.com>",
        "component": {"name": "checkout"},
    }
    text = json.dumps(SCRUBBER.payload(payload))
    for name in ("ada", "Ada", "Grace", "grace", "557058", "example.com"):
        assert name not in text
    assert '"state": "active"' in text
    assert '"name": "checkout"' in text
    assert "Fix it" in text


def test_people_are_named_when_configuration_says_so() -> None:
    payload = {"author": {"username": "ada"}, "note": "ada@example.com"}
    assert NAMED.payload(payload) == payload


def test_numbers_and_text_that_cannot_be_stored_become_text() -> None:
    assert SCRUBBER.payload({"a": float("nan"), "b": "\ud800", "c": {1: 2}}) == {
        "a": "nan",
        "b": "?",
        "c": {"1": 2},
    }


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_scrubbing_twice_changes_nothing_more(payload: object) -> None:
    once = SCRUBBER.payload(payload)
    assert SCRUBBER.payload(once) == once


def test_secret_parameters_leave_addresses_and_page_tokens_stay() -> None:
    url = "https://u:p@host:8443/a?access_token=x&page_token=3&q=a%20b#f"
    assert public_url(url) == "https://host:8443/a?page_token=3&q=a+b#f"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://a/x", "http://a:80/y", True),
        ("https://A/x", "https://a:443", True),
        ("http://a", "https://a", False),
        ("http://a", "http://a:8080", False),
        ("http://a.example", "http://a.example.evil", False),
        ("http://a@b", "http://a", False),
        ("http://[::1", "http://a", False),
    ],
)
def test_only_the_same_scheme_host_and_port_is_the_same_origin(one: str, other: str, same: bool) -> None:
    assert same_origin(one, other) is same


PIECES = st.sampled_from(
    [
        *(
            "glpat-ABCDEFGHIJ12",
            "ghp_abcdefghij0123",
            "github_pat_abcdefghij01",
            "xoxb-12345678",
            "AKIA0123456789ABCDEF",
        ),
        *("-----BEGIN RSA PRIVATE KEY-----", "https://hooks.slack.com/services/T0", "ATATT3abcdefghijklmn"),
        *(
            "eyJhbGciOiJI.eyJzdWIiOiI.sig",
            "Bearer abcdefghijklmnop",
            "BASIC abcdefghijklmnop1",
            "https://ada:pw@x.y/",
        ),
        *(
            "token",
            "\u017fecret",
            "pa\u017f\u017fword",
            "API-\u212aEY",
            "Cookie",
            "set-cookie",
            "x-my-key",
            "private_key",
            "passphrase",
        ),
        *(
            "credential",
            "authorization",
            "page_token",
            ": ",
            "=",
            "=abc",
            '":"',
            "?",
            "&",
            " ",
            "\n",
            "1234567890abcdefgh",
        ),
    ]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=6).map("".join))
def test_looking_first_leaves_nothing_in(text: str) -> None:
    assert redact_text(text) == redact_thoroughly(text)
