"""What a server, or what stands between, makes of a healthy answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime

from itomm.collectors.conformance.exchange import Answer, Asked

Change = Callable[[Answer, Asked, datetime], Answer]
"""What stands in for the healthy answer to a request; the instant is the server's time of day."""


def says(status: int, message: str, **headers: str) -> Change:
    """An error with a message, as tools word them, and further headers."""
    body = json.dumps({"message": f"{status} {message}", "errorMessages": [message]}).encode()
    answer = Answer(status, body).with_headers(**headers)
    return lambda _healthy, _asked, _now: answer


def told_by_date(seconds: float, ahead: timedelta = timedelta()) -> Change:
    """429 with the instant of the next try as an HTTP date; ``ahead`` is how far the server's clock is."""

    def change(_healthy: Answer, _asked: Asked, now: datetime) -> Answer:
        theirs = now + ahead
        until = format_datetime(theirs + timedelta(seconds=seconds), usegmt=True)
        return Answer(429, b"{}").with_headers(Retry_After=until, Date=format_datetime(theirs, usegmt=True))

    return change


def instead(answer: Answer) -> Change:
    """Always this answer."""
    return lambda _healthy, _asked, _now: answer


def cut_off(healthy: Answer, _asked: Asked, _now: datetime) -> Answer:
    """Half a body, then a broken connection."""
    kept = healthy.body[: len(healthy.body) // 2]
    return replace(healthy, body=kept, missing_bytes=max(len(healthy.body) - len(kept), 1), reset=True)


def ended_early(healthy: Answer, _asked: Asked, _now: datetime) -> Answer:
    """Half a body, as if it were whole."""
    return replace(healthy, status=200, body=healthy.body[: len(healthy.body) // 2] or b'{"data": [')


def mislabelled(healthy: Answer, _asked: Asked, _now: datetime) -> Answer:
    """JSON in UTF-8 under the name of another charset."""
    return healthy.with_headers(Content_Type="application/json; charset=iso-8859-1")


def in_another_charset(healthy: Answer, _asked: Asked, _now: datetime) -> Answer:
    """JSON in Latin-1 that calls itself UTF-8, with a letter in it that shows."""
    text = healthy.body.decode("utf-8", "replace")
    odd = text.replace('": "', '": "\u00fc', 1).replace('":"', '":"\u00fc', 1)
    return replace(healthy, body=odd.encode("latin-1", "replace")).with_headers(
        Content_Type="application/json; charset=utf-8"
    )


def hours_ahead(healthy: Answer, _asked: Asked, now: datetime) -> Answer:
    """The answer of a server whose clock is wrong."""
    return healthy.with_headers(Date=format_datetime(now + timedelta(hours=2), usegmt=True))


def in_drips(healthy: Answer, _asked: Asked, _now: datetime) -> Answer:
    """A body of which every byte has to be waited for."""
    return replace(healthy, body=b" " * 64 + healthy.body[:64], piecewise=True)
