"""What a server says is left of its rate limit, in the forms that are in use. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from itomm.collectors.framework.waiting import number_in, reset_in

LONGEST_WINDOW_SECONDS = 3600.0
"""Rate limits are counted over an hour at most; a reset later than that is a fault and not heeded."""

_PREFIXES = ("RateLimit", "X-RateLimit")


@dataclass(frozen=True)
class Allowance:
    """So many requests may still be sent within so many seconds; ``limit`` is None where it is not told."""

    remaining: int
    seconds: float
    limit: int | None = None


def allowance_in(headers: Mapping[str, str], now: datetime) -> Allowance | None:
    """What the headers of an answer say is left; None when they do not say, or not until when.

    Understood are ``RateLimit-Remaining`` and ``X-RateLimit-Remaining`` with a reset in seconds, in seconds
    since 1970 or as ISO 8601, and Jira Data Center's bucket (so many per interval).
    """
    for prefix in _PREFIXES:
        remaining = number_in(headers.get(f"{prefix}-Remaining", ""))
        if remaining is None:
            continue
        seconds = reset_in(headers, f"{prefix}-Reset", now)
        if seconds is None:
            seconds = _until_refilled(headers, prefix)
        if seconds is not None and 0 < seconds <= LONGEST_WINDOW_SECONDS:
            limit = number_in(headers.get(f"{prefix}-Limit", ""))
            return Allowance(int(remaining), seconds, None if limit is None else int(limit))
    return None


def _until_refilled(headers: Mapping[str, str], prefix: str) -> float | None:
    """Until the next portion of a bucket that is filled up at intervals."""
    return number_in(headers.get(f"{prefix}-Interval-Seconds", "")) or None
