"""A tool that exists and is not read: what it would tell is unknown, rather than never missed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from itomm.collectors.contract import (
    Check,
    CheckState,
    CollectionContext,
    Collector,
    CollectorSettings,
    Stream,
)
from itomm.evidence.observation import Page, UnknownReason
from itomm.evidence.record_types import record_types

_SAID_ELSEWHERE = ("service", "answer")
"""What the configuration and people say, and no tool."""


class NotConnectedSettings(CollectorSettings):
    """What the tool holds, and why nothing reads it.

    Attributes:
        record_types: the record types that it holds; what rests on them is unknown.
        why: why it is not connected, in words for auditors.
    """

    record_types: Annotated[tuple[str, ...], Field(min_length=1)]
    why: Annotated[str, Field(min_length=1)]


class NotConnectedCollector(Collector):
    """Names a tool that is not read, so that its records are known to be missing.

    Of a tool that no configuration names, nobody can tell that something is missing: what other tools say is
    then taken for all there is. It asks nothing of anyone, and does not make a run incomplete.
    """

    name = "not_connected"
    title = "A tool that is not connected"
    settings_model = NotConnectedSettings
    streams = tuple(Stream(each) for each in record_types() if each not in _SAID_ELSEWHERE)
    streams_are_configured = True

    def __init__(self, settings: CollectorSettings) -> None:
        if not isinstance(settings, NotConnectedSettings):
            raise TypeError("a tool that is not connected needs NotConnectedSettings")
        self._settings = settings

    def check(self, context: CollectionContext) -> list[Check]:  # noqa: ARG002  it asks nothing of anyone
        """A reminder of what is missing."""
        held = ", ".join(self._settings.record_types)
        detail = f"not read: {held}. {self._settings.why}"
        return [Check("connected", CheckState.WARNING, detail, "What rests on these is unknown.")]

    def collect(
        self,
        stream: Stream,  # noqa: ARG002  none is read
        cursor: str | None,  # noqa: ARG002  none is read
        context: CollectionContext,
    ) -> Iterator[Page]:
        """No page; the stream stays open."""
        context.incomplete(UnknownReason.NEVER_COLLECTED, f"The tool is not connected: {self._settings.why}")
        yield from ()
