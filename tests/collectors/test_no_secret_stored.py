"""Whatever a source answers, no secret reaches a byte of the store; truth values and numbers do."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from itomm.collectors.conformance import PretendTime
from itomm.collectors.contract import (
    Check,
    CollectionContext,
    Collector,
    CollectorSettings,
    SourceError,
    Stream,
)
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import collect
from itomm.collectors.framework.secret_forms import redact_text
from itomm.collectors.framework.secret_keys import without_secrets
from itomm.collectors.source import Source
from itomm.config.secrets import SecretReference
from itomm.evidence.observation import Observation, Page, RequestMade, UnknownReason
from itomm.evidence.store import Store

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
SECRET = "hunter2SecretCanary"  # without the form of any known token: only its place tells what it is
OWN = "estate-own-canary"

KEYS: tuple[str, ...] = (
    "token",
    "access_token",
    "accessToken",
    "access-token",
    "PRIVATE-TOKEN",
    "db.password",
    "apiKey",
)
KEYS += (
    "X-Api-Key",
    "client_secret",
    "privateKey",
    "Authorization",
    "Set-Cookie",
    "credentials",
    "passphrase",
)

TEXTS = (
    "https://tool.example/x?page=2&private_token={}",
    "https://tool.example/x#access_token={}",
    "https://someone:{}@tool.example/x",
    "curl -H 'PRIVATE-TOKEN: {}' https://tool.example",
    "Authorization: Bearer {}",
    "Authorization: Basic {}",
    "export DB_PASSWORD={}",
    'config: {{"client_secret": "{}", "n": 1}}',
    'it says: \\"token\\": \\"{}\\"',
    "--api-key={}",
)

nested = st.recursive(
    st.just(SECRET),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.dictionaries(
            st.sampled_from(["name", "author", "username", "value", "id"]), inner, min_size=1, max_size=3
        ),
    ),
    max_leaves=4,
)
under_a_key = st.builds(lambda key, value: {key: value}, st.sampled_from(KEYS), nested)
as_a_pair = st.builds(
    lambda name, key: {name: key, "value": SECRET},
    st.sampled_from(["key", "name", "header"]),
    st.sampled_from(KEYS),
)
in_text = st.sampled_from(TEXTS).map(lambda text: text.format(SECRET))
secretive = st.one_of(under_a_key, as_a_pair, in_text)
payloads = st.recursive(
    secretive,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=2),
        st.dictionaries(st.sampled_from(["project", "user", "notes"]), inner, min_size=1),
    ),
    max_leaves=3,
)


class TellingSettings(CollectorSettings):
    token: SecretReference = "env:ITOMM_TEST_OWN_TOKEN"


class Telling(Collector):
    """Puts what a test says wherever a collector can put anything, and fails in the end."""

    name = "telling"
    title = "Telling"
    settings_model = TellingSettings
    streams = (Stream("silence"),)
    payload: Any = None
    text: str = ""

    def __init__(self, settings: CollectorSettings) -> None:
        pass

    def check(self, context: CollectionContext) -> list[Check]:
        return []

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        text = self.text
        context.asked(text)
        context.warn(text)
        context.refused("part", UnknownReason.PERMISSION_DENIED, text)
        fields: dict[str, object] = {
            "created_by": text,
            "comment": text,
            "starts_at": NOW - timedelta(hours=2),
            "ends_at": NOW,
            "duration_s": timedelta(hours=2),
        }
        found = Observation(text, fields, self.payload, text)
        request = RequestMade("GET", text, {"private_token": SECRET, "q": f"is {OWN}"}, 200)
        yield Page((found,), request, {"next": text})
        yield Page((found,), request, {"next": 2})
        raise SourceError(text)


def stored_bytes(folder: Path) -> bytes:
    """Every byte of a store, unpacked."""
    pieces: list[bytes] = []
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        content = path.read_bytes()
        if path.name.endswith(".json.gz"):
            content += zlib.decompress(content, 31)
        elif path.suffix == ".parquet":
            with duckdb.connect() as connection:
                rows = connection.read_parquet(str(path)).fetchall()
            content += repr(rows).encode()
        pieces += [path.name.encode(), content]
    with sqlite3.connect(folder / "itomm.db") as database:
        pieces += ["\n".join(database.iterdump()).encode()]
    database.close()
    return b"\n".join(pieces)


def stored(payload: object, text: str, *, people: str, interrupted: bool) -> bytes:
    class Told(Telling):
        pass

    Told.payload, Told.text = payload, text

    def progress(_source: str, _record_type: str, pages: int, _records: int) -> None:
        if interrupted and pages == 2:
            raise KeyboardInterrupt

    with TemporaryDirectory() as folder:
        store = Store.open(Path(folder), create=True)
        time = PretendTime(start=NOW)
        assignment = Assignment(
            run=1, until=NOW, history=timedelta(days=9), services=(), pseudonym_key=b"0123456789abcdef"
        )
        source = Source("s", Told, TellingSettings.model_validate({"people": people}))
        with store.writing("a test"):
            try:
                collect([source], store, assignment, time.clock, progress=progress, timing=time.timing)
            except KeyboardInterrupt:
                assert interrupted
            found = stored_bytes(Path(folder))
        store.engine.dispose()
    return found


@pytest.mark.parametrize("interrupted", [False, True])
@pytest.mark.parametrize("people", ["pseudonym", "named"])
@given(payload=payloads, text=in_text)
@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_secret_reaches_the_store(
    people: str, interrupted: bool, payload: object, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ITOMM_TEST_OWN_TOKEN", OWN)
    raw = {"it": payload, "has_token": True, "token_count": 31337, "said": f"your token {OWN} is old"}
    found = stored(raw, f"{text} {OWN}", people=people, interrupted=interrupted)
    assert SECRET.encode() not in found
    assert OWN.encode() not in found
    assert b'"has_token":true' in found
    assert b'"token_count":31337' in found


@given(payload=payloads)
def test_plain_data_loses_its_secrets_and_nothing_twice(payload: object) -> None:
    once = without_secrets(payload)
    assert SECRET not in json.dumps(once)
    assert without_secrets(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "401: the token is wrong, expired or missing",
        "acme/auth-token: GitLab answered 403",
        "password: see the vault",
        "has_token=true, token=3",
        "/search?nextPageToken=CAEaAggB&maxResults=100",
        "the secret of good runbooks",
    ],
)
def test_words_about_secrets_stay(text: str) -> None:
    assert redact_text(text) == text
