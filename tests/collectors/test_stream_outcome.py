"""What a stream lacks as a whole speaks before what it was refused in parts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from itomm.collectors.framework.adapter import GuardedAdapter
from itomm.collectors.framework.context import Period, StreamContext
from itomm.collectors.framework.failures import Failure
from itomm.collectors.framework.limits import Limits
from itomm.collectors.framework.timing import system_timing
from itomm.evidence.observation import CollectionOutcome, UnknownReason, UntoldField

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DENIED, FAILED = UnknownReason.PERMISSION_DENIED, UnknownReason.COLLECTION_FAILED


@pytest.fixture
def context() -> Iterator[StreamContext]:
    limits = Limits(origin="http://127.0.0.1:1", max_requests=0)
    with GuardedAdapter(limits, system_timing(threading.Event())) as adapter:
        yield StreamContext(Period(NOW - timedelta(days=1), NOW), adapter)


def ended(context: StreamContext, failure: Failure | None = None) -> CollectionOutcome:
    return context.outcome(failure, NOW, is_state=True, unmapped=0)


def test_a_refused_part_alone_is_named_so_that_the_others_count_as_read(context: StreamContext) -> None:
    context.asked("shop/a")
    context.refused("shop/b", DENIED, "403")

    outcome = ended(context)

    assert (outcome.complete, outcome.reason, outcome.denied) == (False, DENIED, ("shop/b",))


@pytest.mark.parametrize("reason", [FAILED, DENIED])
def test_a_lack_of_the_whole_stream_after_a_refused_part_leaves_no_part_read(
    reason: UnknownReason, context: StreamContext
) -> None:
    context.refused("shop/b", DENIED, "403")
    context.incomplete(reason, "the list of projects was cut short")

    outcome = ended(context)

    assert (outcome.complete, outcome.reason, outcome.denied) == (False, reason, ())
    assert "shop/b: 403" in outcome.error


def test_a_failure_after_a_refused_part_leaves_no_part_read(context: StreamContext) -> None:
    context.refused("shop/b", DENIED, "403")

    outcome = ended(context, Failure(DENIED, "the token has expired"))

    assert (outcome.complete, outcome.reason, outcome.denied) == (False, DENIED, ())


def test_what_cannot_be_told_is_named_once_and_is_known_again_after_a_kill(context: StreamContext) -> None:
    context.cannot_tell("risk", "the site has no such field")
    context.cannot_tell("approvals", "")
    context.cannot_tell("risk", "another reason")

    told = (UntoldField("approvals"), UntoldField("risk", "the site has no such field"))
    assert ended(context).untold == told
    context.restore({**context.state(), "untold": {}})
    assert ended(context).untold == told
