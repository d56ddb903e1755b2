from __future__ import annotations

from collections.abc import Iterator

import pytest

from itomm.collectors.conformance import contract_faults
from itomm.collectors.contract import (
    Check,
    CollectionContext,
    Collector,
    CollectorSettings,
    NetworkedSettings,
    Stream,
)
from itomm.collectors.discovery import load_collector
from itomm.collectors.framework.credentials import sign_in
from itomm.evidence.observation import Observation, Page

FURTHER_SETTINGS: dict[str, dict[str, object]] = {
    "alertmanager": {},
    "gitlab": {"groups": ["acme"]},
    "jira": {"user": "auditor@acme.example", "projects": ["OPS"]},
    "prometheus": {},
}


def settings(url: str) -> dict[str, object]:
    return {"url": url, "token": "env:ITOMM_CONTRACT_TOKEN"}


@pytest.mark.parametrize("name", FURTHER_SETTINGS)
def test_no_fault_of_a_source_makes_a_stream_complete_or_shows_its_token(name: str) -> None:
    assert (
        contract_faults(load_collector(name), lambda url: {**settings(url), **FURTHER_SETTINGS[name]}) == []
    )


class Careless(Collector):
    """Takes whatever comes for an answer, and keeps the token in what it hands over."""

    name = "careless"
    title = "Careless"
    settings_model = NetworkedSettings
    streams = (Stream("notification_route"),)

    def __init__(self, settings: CollectorSettings) -> None:
        assert isinstance(settings, NetworkedSettings)
        self._settings = settings

    def check(self, context: CollectionContext) -> list[Check]:
        return []

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        session = sign_in(context.session(), self._settings)
        session.get(self._settings.url)
        sent = str(session.headers["Authorization"]).removeprefix("Bearer ")
        fields = {"receiver": sent, "matchers": [], "integrations": [], "paging": False}
        yield Page((Observation("r", fields, {}, self._settings.url),), context.last_request)


def test_a_careless_collector_is_found_out() -> None:
    faults = contract_faults(Careless, settings)
    assert "after 401, notification_route calls itself complete" in faults
    assert "after a web page with 200, notification_route calls itself complete" in faults
    assert "after 403, the token stands in what it hands over" in faults


def test_a_collector_that_is_declared_wrongly_is_told_so_first() -> None:
    class Nameless(Careless):
        name = ""

    assert contract_faults(Nameless, settings) == ["its attribute 'name' must be text that is not empty"]
