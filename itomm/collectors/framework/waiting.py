"""How long to wait before a request is repeated: what the server asks for, else exponential back-off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_WAIT_SECONDS = 0.5
LONGEST_BACK_OFF_SECONDS = 30.0
_EPOCH_STARTS_AT = 1_000_000_000  # smaller numbers are seconds to wait, larger ones seconds since 1970

_PREFIXES = ("RateLimit", "X-RateLimit")

_BUSY = frozenset({429, 503})


def back_off(attempt: int, chance: float) -> float:
    """Seconds before the try that follows ``attempt`` (from 1); ``chance`` in [0, 1) spreads clients.

    Between half and all of 0.5 s, 1 s, 2 s ... 30 s.
    """
    ceiling = min(LONGEST_BACK_OFF_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** (attempt - 1))
    return ceiling * (0.5 + chance / 2)


def asked_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that a server asks to wait, by Retry-After or a rate limit's reset; None when it does not ask.

    Retry-After may be seconds or an HTTP date; a reset may be seconds, seconds since 1970 (GitLab) or
    ISO 8601 (Jira). Dates are compared with the server's own Date header where it sends one, so that a
    wrong clock on either side does no harm. What cannot be read counts as not asked, and so does the reset of
    a limit that is not used up: GitHub tells it with every answer.
    """
    server_now = _http_date(headers.get("Date", "")) or now
    retry_after = headers.get("Retry-After", "").strip()
    if retry_after:
        wait = number_in(retry_after)
        if wait is None:
            wait = _until(_http_date(retry_after), server_now)
        if wait is not None:
            return max(0.0, wait)
    for prefix in _PREFIXES:
        wait = _reset(headers.get(f"{prefix}-Reset", "").strip(), server_now)
        if wait is not None and not number_in(headers.get(f"{prefix}-Remaining", "")):
            return max(0.0, wait)
    return None


def asks_to_wait(status: int, headers: Mapping[str, str]) -> bool:
    """Whether an answer says "not now": then the work was not done, and may be asked for again.

    That is 429 and 503, and also 403 where it comes with Retry-After or a rate limit that is used up: so
    GitHub says it, and it is no lack of rights.
    """
    if status != 403:
        return status in _BUSY
    used_up = any(number_in(headers.get(f"{prefix}-Remaining", "")) == 0 for prefix in _PREFIXES)
    return used_up or "Retry-After" in headers


def reset_in(headers: Mapping[str, str], name: str, now: datetime) -> float | None:
    """Seconds until the reset that a header tells, in any of the forms of :func:`asked_wait`."""
    return _reset(headers.get(name, "").strip(), _http_date(headers.get("Date", "")) or now)


def _reset(text: str, now: datetime) -> float | None:
    number = number_in(text)
    if number is not None:
        return number - now.timestamp() if number >= _EPOCH_STARTS_AT else number
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _until(instant if instant.tzinfo else instant.replace(tzinfo=UTC), now)


def number_in(text: str) -> float | None:
    """A number that is not negative; None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _http_date(text: str) -> datetime | None:
    try:
        instant = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _until(instant: datetime | None, now: datetime) -> float | None:
    return None if instant is None else (instant - now).total_seconds()
