"""No redirect and no address in an answer leads a collector, or its token, to another host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from itomm.collectors.conformance import Answer, MisbehavingServer
from itomm.collectors.conformance.authority import unknown_authority
from itomm.collectors.conformance.forgery import FORMS, misleading, redirecting
from itomm.collectors.conformance.trial import Asking, Reading
from tests.collectors.fault_matrix_sources import SOURCES, subject

IN_PAYLOADS = ("another port", "the host as a user name", "no scheme")
STATUSES = (301, 303, 307, 308)


@pytest.fixture
def elsewhere() -> Iterator[MisbehavingServer]:
    """Another listener, which must hear nothing."""
    with MisbehavingServer(otherwise=Answer(200, b"{}")) as server:
        yield server


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    path.write_bytes(unknown_authority().certificate)
    return path


def says_what_is_missing(reading: Reading) -> bool:
    return all(
        one.outcome.complete or (one.outcome.reason is not None and bool(one.outcome.error))
        for one in reading.results
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("source", SOURCES)
def test_a_redirect_elsewhere_is_not_followed(source: str, form: str, elsewhere: MisbehavingServer) -> None:
    tried = subject(source)
    reading = tried.read(redirecting(form, elsewhere.port))
    assert elsewhere.connections == 0
    assert not any(result.outcome.complete for result in reading.results)
    assert says_what_is_missing(reading)


@pytest.mark.parametrize("source", SOURCES)
def test_no_kind_of_redirect_is_followed(source: str, elsewhere: MisbehavingServer) -> None:
    tried = subject(source)
    for status in STATUSES:
        tried.read(redirecting("another port", elsewhere.port, status))
    assert elsewhere.connections == 0


@pytest.mark.parametrize("form", IN_PAYLOADS)
@pytest.mark.parametrize("source", SOURCES)
def test_an_address_in_an_answer_is_not_asked(source: str, form: str, elsewhere: MisbehavingServer) -> None:
    tried = subject(source)
    reading = tried.read(misleading(tried.tool.answer, form, elsewhere.port))
    assert elsewhere.connections == 0
    assert {asked.headers["host"] for asked in reading.asked} == {reading.base.partition("://")[2]}
    assert says_what_is_missing(reading)


@pytest.mark.parametrize("source", SOURCES)
def test_a_check_of_the_source_is_not_led_elsewhere(source: str, elsewhere: MisbehavingServer) -> None:
    tried = subject(source)
    tried.check(misleading(tried.tool.answer, "another port", elsewhere.port))
    tried.check(redirecting("another port", elsewhere.port))
    assert elsewhere.connections == 0


@pytest.mark.parametrize("source", SOURCES)
def test_a_token_for_https_never_goes_out_without(
    source: str, elsewhere: MisbehavingServer, authority: Path
) -> None:
    tried = subject(source)
    asking = Asking({"verify": str(authority)})
    tls = unknown_authority().server
    fine = tried.read(None, asking, tls=tls)
    assert all(result.outcome.complete for result in fine.results)
    assert fine.base.startswith("https://")
    downgraded = tried.read(redirecting("another port", elsewhere.port), asking, tls=tls)
    assert not any(result.outcome.complete for result in downgraded.results)
    tried.read(misleading(tried.tool.answer, "another port", elsewhere.port), asking, tls=tls)
    assert elsewhere.connections == 0


def test_a_client_that_follows_redirects_would_be_led_elsewhere(elsewhere: MisbehavingServer) -> None:
    """So that the tests above can fail: most forms do reach the other listener."""
    reached = 0
    for form in FORMS:
        before = elsewhere.connections
        ignoring = suppress(requests.RequestException, ValueError)
        with MisbehavingServer(tool=redirecting(form, elsewhere.port)) as server, ignoring:
            requests.get(f"{server.url}/a", timeout=2)
        reached += elsewhere.connections > before
    assert reached >= 8


def test_answers_do_mislead() -> None:
    """So that the tests above can fail: the tools do send addresses of their own."""
    held = {
        name
        for name in SOURCES
        for asked in subject(name).healthy.asked
        if b"7777" in misleading(subject(name).tool.answer, "another port", 7777)(asked).body
    }
    assert {"Jira Cloud", "Jira DC", "GitLab"} <= held
