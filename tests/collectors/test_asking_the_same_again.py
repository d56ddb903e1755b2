"""Every built-in source, gone on with after a kill, asks in the words in which it was answered before."""

from __future__ import annotations

import pytest

from itomm.collectors.conformance import checks_going_on
from itomm.collectors.conformance.trial import Subject
from tests.collectors import fault_matrix_sources
from tests.collectors.fault_matrix_sources import SOURCES


@pytest.mark.parametrize("source", SOURCES)
def test_whichever_stream_a_run_is_killed_in_no_answer_is_asked_for_again(source: str) -> None:
    of_matrix = fault_matrix_sources.subject(source)
    everything = Subject(of_matrix.collector, of_matrix.settings, of_matrix.tool, variable=of_matrix.variable)
    assert list(checks_going_on.what_was_answered_is_not_asked_again(everything)) == []
