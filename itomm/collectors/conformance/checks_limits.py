"""Checks of the limits of a run: its deadline and its budget of requests."""

from __future__ import annotations

from collections.abc import Iterator

from itomm.collectors.conformance.trial import Asking, Subject

_MINUTES = 5.0
_SECONDS_PER_READING = 20.0
_LAST_READINGS = 3  # each stream looks at the clock before it gives up


def the_deadline_is_kept(subject: Subject) -> Iterator[str]:
    """However slow the source is, the run ends at its deadline, and says so."""
    asking = Asking({"deadline_minutes": _MINUTES}, seconds_per_reading=_SECONDS_PER_READING)
    reading = subject.read(None, asking)
    most = _MINUTES * 60 + _SECONDS_PER_READING * _LAST_READINGS * (len(reading.results) + 1)
    if reading.seconds > most:
        yield f"a run of {_MINUTES:g} minutes took {reading.seconds:.0f} s"
    for result in reading.results:
        if not result.outcome.complete and "minutes" not in result.outcome.error:
            yield f"{result.record_type} does not say that time was up: {result.outcome.error}"


def the_budget_of_requests_is_kept(subject: Subject) -> Iterator[str]:
    """When the budget is used up, no more is asked, and what is missing is said."""
    wanted = len(subject.healthy.asked)
    budget = max(1, wanted // 2)
    reading = subject.read(None, Asking({"max_requests": budget}))
    if len(reading.asked) > budget:
        yield f"it sent {len(reading.asked)} requests, with a budget of {budget}"
    if wanted > budget and all(result.outcome.complete for result in reading.results):
        yield f"with {budget} of {wanted} requests, it calls itself complete"
