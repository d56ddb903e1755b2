"""What every tracker can do: find the tickets that itomm made, and make one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from itomm.config.errors import ItommError
from itomm.config.tracker_settings import TrackerSettings
from itomm.reports.roadmap_tickets import Section

PAGE_SIZE = 100
MOST_PAGES = 200
"""So many pages of tickets with one label, and the search is given up: it goes round in circles."""


class TrackerError(ItommError):
    """A tracker could not be asked, or did not make a ticket."""


@dataclass(frozen=True)
class FoundTicket:
    """A ticket as the tracker has it.

    Attributes:
        name: what people call it by, such as ``OPS-12`` or ``ops/board#12``.
        url: under the tracker's configured address, whatever the tracker says.
        closed: whether its status is one of being done.
    """

    name: str
    url: str
    labels: frozenset[str]
    closed: bool = False


class Tracker(ABC):
    """One project of one tool; implementations raise what their client library raises."""

    def __init__(self, settings: TrackerSettings) -> None:
        self.settings = settings

    @abstractmethod
    def pages(self, label: str) -> Iterator[Sequence[FoundTicket]]:
        """All tickets of the project with a label, open and closed, page by page."""

    @abstractmethod
    def create(self, title: str, sections: Sequence[Section], labels: Sequence[str]) -> FoundTicket:
        """Make a ticket; the request is sent once and never repeated blindly."""
