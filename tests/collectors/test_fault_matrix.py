"""Every built-in source meets every fault: complete, or incomplete with the right reason, and never wrong."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest

from itomm.collectors.conformance.faults import FAULTS, Must
from itomm.collectors.conformance.judging import problems_after
from itomm.collectors.conformance.meeting import meet
from itomm.collectors.discovery import collector_names, load_collector
from tests.collectors.fault_matrix_page import NOT_MET, documented, outcome_of
from tests.collectors.fault_matrix_sources import SOURCES, subject

WITHOUT_REQUESTS = {"backstage_files", "catalogue", "files", "local_git", "not_connected"}
"""Collectors that send no request of their own."""


@cache
def table() -> Mapping[tuple[str, str], str]:
    return documented()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("source", SOURCES)
def test_a_fault_is_overcome_or_told_and_never_hidden(source: str, fault: str) -> None:
    reading = meet(subject(source), FAULTS[fault])
    if reading is not None:
        assert problems_after(subject(source), FAULTS[fault], reading) == []
    assert outcome_of(reading) == table()[fault, source]


@pytest.mark.parametrize("source", SOURCES)
def test_the_healthy_reading_is_complete_and_brings_records(source: str) -> None:
    for result in subject(source).healthy.results:
        assert result.outcome.complete, result.outcome.error
        assert result.records, result.record_type


def test_every_collector_that_sends_requests_is_in_the_matrix() -> None:
    tried = {source.collector for source in SOURCES.values()}
    assert tried == set(collector_names()) - WITHOUT_REQUESTS


@pytest.mark.parametrize("source", SOURCES)
def test_most_faults_can_be_met(source: str) -> None:
    met = [fault for fault in FAULTS if table()[fault, source] != NOT_MET]
    assert len(met) >= len(FAULTS) - 6
    assert {cell for (_, name), cell in table().items() if name == source} >= {"as ever", "failed", "denied"}


def test_what_must_be_survived_is_and_what_must_be_missed_is() -> None:
    for (fault, source), cell in table().items():
        if FAULTS[fault].must is Must.SURVIVE:
            assert cell in {"as ever", NOT_MET}, source
        if FAULTS[fault].must is Must.LACK:
            assert cell != "as ever", source


def test_collectors_without_requests_exist() -> None:
    for name in WITHOUT_REQUESTS & set(collector_names()):
        assert load_collector(name).streams
