"""What can go wrong between a collector and its source, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from itomm.collectors.conformance.changes import (
    Change,
    cut_off,
    ended_early,
    hours_ahead,
    in_another_charset,
    in_drips,
    instead,
    mislabelled,
    says,
    told_by_date,
)
from itomm.collectors.conformance.exchange import Answer, Tool
from itomm.collectors.conformance.healthy_tool import HealthyTool
from itomm.collectors.conformance.paging import beginning_empty, capped, endless, repeating
from itomm.evidence.observation import UnknownReason


class Where(StrEnum):
    """Which requests meet a fault."""

    EVERY = "every request"
    LATER = "from the middle on"
    ONCE = "a few, in the middle"
    SCOPE = "one scope's"
    WAY = "the way there"


class Must(StrEnum):
    """What must come of a fault."""

    SURVIVE = "be as on a good day"
    LACK = "be incomplete"
    EITHER = "be as on a good day, or incomplete"


FAILED = frozenset({UnknownReason.COLLECTION_FAILED})
DENIED = frozenset({UnknownReason.PERMISSION_DENIED})
LACKING = frozenset({UnknownReason.COLLECTION_FAILED, UnknownReason.INSUFFICIENT_COVERAGE})
EITHER_WAY = FAILED | DENIED


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        name: as the tests and the fault matrix call it.
        where: which requests meet it.
        must: what must come of it.
        reasons: why a stream may be incomplete after it.
        change: what is answered instead.
        tool: for faults in paging: the whole tool, changed; None when it does not page.
        times: how many requests meet it; None for all from then on.
        settings: of the source while it is met.
        seconds_per_reading: how much time each look at the clock takes.
    """

    name: str
    where: Where
    must: Must
    reasons: frozenset[UnknownReason] = FAILED
    change: Change | None = None
    tool: Callable[[HealthyTool], Tool | None] | None = None
    times: int | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    seconds_per_reading: float = 0.0


def _capped(tool: HealthyTool) -> Tool | None:
    return None if tool.paging is None else capped(tool.answer, tool.paging)


def _paged(change: Callable[..., Tool]) -> Callable[[HealthyTool], Tool | None]:
    return lambda tool: None if tool.paging is None else change(tool.answer, tool.paging)


def _paged_few(change: Callable[..., Tool]) -> Callable[[HealthyTool], Tool | None]:
    return lambda tool: None if tool.paging is None else change(capped(tool.answer, tool.paging), tool.paging)


EVERY, LATER, ONCE, SCOPE, WAY = Where.EVERY, Where.LATER, Where.ONCE, Where.SCOPE, Where.WAY
SURVIVE, LACK, EITHER = Must.SURVIVE, Must.LACK, Must.EITHER

_WEB_PAGE = Answer(200, b"<!doctype html><title>Sign in</title>", {"Content-Type": "text/html"})
_NO_JSON = Answer(200, b"it works!", {"Content-Type": "text/plain"})
_ELSEWHERE = Answer(302, b"", {"Location": "https://login.invalid/"})
_SECONDS = says(429, "Too Many Requests", Retry_After="3")
_AN_HOUR = says(429, "Too Many Requests", Retry_After="3600")
_TWO_HOURS = timedelta(hours=2)
_IMPATIENT = {"timeout_seconds": (1, 0.05)}

ANSWERED: tuple[Fault, ...] = (
    Fault("reset in the middle of a page", ONCE, SURVIVE, change=cut_off, times=1),
    Fault("reset in every page", LATER, LACK, change=cut_off),
    Fault("connection closed without an answer", LATER, LACK, change=instead(Answer(reset=True))),
    Fault("silence", EVERY, LACK, change=instead(Answer(silent=True)), settings=_IMPATIENT),
    Fault("401", LATER, LACK, DENIED, says(401, "Unauthorized")),
    Fault("403", EVERY, LACK, DENIED, says(403, "Forbidden")),
    Fault("403 on one scope", SCOPE, LACK, DENIED, says(403, "Forbidden")),
    Fault("404", EVERY, LACK, EITHER_WAY, says(404, "Not Found")),
    Fault("404 on one scope", SCOPE, LACK, EITHER_WAY, says(404, "Not Found")),
    Fault("410", EVERY, LACK, FAILED, says(410, "Gone")),
    Fault("429 with seconds", ONCE, SURVIVE, change=_SECONDS, times=2),
    Fault("429 with an HTTP date", ONCE, SURVIVE, change=told_by_date(5), times=2),
    Fault(
        "429 with the date of a wrong clock", ONCE, SURVIVE, change=told_by_date(5, ahead=_TWO_HOURS), times=1
    ),
    Fault("429 for an hour", LATER, LACK, change=_AN_HOUR),
    Fault("500 burst", ONCE, SURVIVE, change=says(500, "Internal Server Error"), times=3),
    Fault("503 for ever", LATER, LACK, change=says(503, "Service Unavailable")),
    Fault("a web page with 200", EVERY, LACK, change=instead(_WEB_PAGE)),
    Fault("JSON that ends early", EVERY, LACK, change=ended_early),
    Fault("no JSON", EVERY, LACK, change=instead(_NO_JSON)),
    Fault("an empty body", EVERY, LACK, change=instead(Answer(200, b""))),
    Fault("an empty object", EVERY, LACK, change=instead(Answer(200, b"{}"))),
    Fault("null", EVERY, LACK, change=instead(Answer(200, b"null"))),
    Fault("UTF-8 labelled as another charset", EVERY, SURVIVE, change=mislabelled),
    Fault("another charset labelled as UTF-8", EVERY, LACK, change=in_another_charset),
    Fault("a clock two hours ahead", EVERY, SURVIVE, change=hours_ahead),
    Fault("a body in drips", LATER, LACK, change=in_drips, seconds_per_reading=30.0),
    Fault("a redirect to another host", EVERY, LACK, change=instead(_ELSEWHERE)),
)
"""Faults of answers."""

PAGED: tuple[Fault, ...] = (
    Fault("fewer rows a page than asked for", EVERY, EITHER, LACKING, tool=_capped),
    Fault("the same page token again", EVERY, LACK, LACKING, tool=_paged_few(repeating)),
    Fault("pages without end", EVERY, LACK, LACKING, tool=_paged_few(endless), settings={"max_requests": 60}),
    Fault("an empty page before the others", EVERY, EITHER, LACKING, tool=_paged(beginning_empty)),
)
"""Faults of paging; only for tools that page."""

REFUSED_CONNECTION = Fault("a refused connection", WAY, LACK)
UNKNOWN_AUTHORITY = Fault("TLS by an unknown authority", WAY, LACK)
DEAD_PROXY = Fault("a proxy that is down", WAY, LACK)

ON_THE_WAY: tuple[Fault, ...] = (
    REFUSED_CONNECTION,
    UNKNOWN_AUTHORITY,
    Fault("a proxy", WAY, SURVIVE),
    DEAD_PROXY,
    Fault("a proxy that wants credentials", WAY, LACK, change=says(407, "Proxy Authentication Required")),
)
"""Faults between the collector and its source."""

FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in (*ANSWERED, *PAGED, *ON_THE_WAY)}
"""All faults by name, in the order of the fault matrix."""
