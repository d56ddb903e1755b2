"""Time: always UTC-aware, always injected.

Nothing outside this module asks the operating system for the time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from itomm.config.errors import UsageError

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The operating system's time, in UTC."""
    return datetime.now(UTC)


def tells_real_time(clock: Clock) -> bool:
    """Whether a clock is the operating system's; only such a one can be compared with a server's."""
    return clock is system_clock


def fixed_clock(instant: datetime) -> Clock:
    """A clock that always answers ``instant``; used by ``--now`` and by tests."""
    if instant.tzinfo is None:
        raise ValueError("a clock needs a time with an offset")
    utc = instant.astimezone(UTC)
    return lambda: utc


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant or date (midnight UTC) as UTC.

    Raises:
        UsageError: when the text is no ISO 8601 date or date-time, or carries no offset.
    """
    candidate = text.strip()
    try:
        value = datetime.fromisoformat(candidate.replace("z", "Z"))
    except ValueError:
        raise UsageError(
            f"'{text}' is not an instant. Write it as 2026-11-22 or 2026-11-22T06:00:00Z."
        ) from None
    if value.tzinfo is None:
        if len(candidate) > len("2026-11-22"):
            raise UsageError(f"'{text}' has no offset. Add Z for UTC, or an offset such as +01:00.")
        value = value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise UsageError(f"'{text}' lies outside the years 1 to 9999 in UTC.") from None


def format_instant(instant: datetime) -> str:
    """Write an instant as ISO 8601 in UTC, with a Z, without needless fractions."""
    utc = instant.astimezone(UTC)
    timespec = "microseconds" if utc.microsecond else "seconds"
    return utc.replace(tzinfo=None).isoformat(timespec=timespec) + "Z"
