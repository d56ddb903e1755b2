"""Records that a tool sends without the time at which they occurred: nobody can say whether they count."""

from __future__ import annotations

from itomm.collectors.contract import CollectionContext
from itomm.evidence.observation import UnknownReason


def note_undated(what: str, context: CollectionContext) -> None:
    """Note that ``what`` was left out for want of its time; so the stream is not whole."""
    context.incomplete(
        UnknownReason.INSUFFICIENT_COVERAGE, f"{what} was left out: it is not said when it began."
    )
