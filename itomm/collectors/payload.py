"""Reading JSON payloads whose fields may be null, absent or of another shape than the documentation says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

Payload = Mapping[str, Any]
"""One JSON object as a source sent it."""


class HoldsRows(Protocol):
    """One page of a list."""

    @property
    def rows(self) -> Sequence[Payload]:
        """What is on it."""


PageOfRows = TypeVar("PageOfRows", bound=HoldsRows)


def first_with_rows(pages: Iterator[PageOfRows]) -> PageOfRows:
    """The first page of a list that holds anything, the last one when none does; further ones are not asked.

    For who wants the newest row only: a page may be empty although others follow.
    """
    page = next(pages)
    while not page.rows:
        following = next(pages, None)
        if following is None:
            break
        page = following
    return page


def text_of(value: object) -> str | None:
    """Text with content, stripped; None for anything else."""
    return value.strip() or None if isinstance(value, str) else None


def mapping_of(value: object) -> Payload:
    """The object itself, or an empty one in place of null or another type."""
    return value if type(value) is dict or isinstance(value, Mapping) else {}  # a dict is told at once


def rows_of(value: object) -> list[Payload]:
    """The objects of a list; empty in place of null or another type."""
    if type(value) is not list and (not isinstance(value, Sequence) or isinstance(value, str)):
        return []
    return [row for row in value if type(row) is dict or isinstance(row, Mapping)]


def instant_of(value: object) -> datetime | None:
    """An ISO 8601 date (midnight UTC) or date-time with an offset, in UTC; None for anything else."""
    text = text_of(value)
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    if instant.tzinfo is None:
        if len(text) > len("2026-11-22"):
            return None
        instant = instant.replace(tzinfo=UTC)
    return instant if instant.tzinfo is UTC else instant.astimezone(UTC)


def instant_of_milliseconds(value: object) -> datetime | None:
    """Milliseconds since the epoch as an instant in UTC; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return datetime.fromtimestamp(value / 1000, UTC)
