"""Reads one stream: its search cut into parts that are read side by side, and whether all was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Any

from jira import JIRAError

from itomm.collectors.contract import CollectionContext
from itomm.collectors.jira.client import JiraClient
from itomm.collectors.jira.connection import said
from itomm.collectors.jira.issue import Issue, read_issue
from itomm.collectors.jira.query import Wanted, issue_query, restriction
from itomm.collectors.jira.reading import Reading
from itomm.collectors.jira.site import Site
from itomm.collectors.jira.windows import windows
from itomm.collectors.undated import note_undated
from itomm.config.clock import format_instant
from itomm.evidence.observation import Observation, Page, UnknownReason

REFUSALS: Mapping[int, UnknownReason] = {
    400: UnknownReason.PERMISSION_DENIED,  # Jira's way of hiding a project: "does not exist for the field"
    403: UnknownReason.PERMISSION_DENIED,
    404: UnknownReason.PERMISSION_DENIED,
}

TOLERANCE = 0.02
FEWEST_TOLERATED = 10
"""Cloud's count is an estimate that lags; only when more than both of these are missing, some are."""


@dataclass(frozen=True)
class Part:
    """A part of a search that is read from its first page to its last, or from a position on."""

    number: int
    wanted: Wanted
    position: str | None = None


@dataclass
class Seen:
    """What was read so far: how many issues, and of a reading of what changed also which.

    ``issues`` are keys with when they were created, ``records`` the names of what they became. A whole
    reading keeps neither, since it may bring very many.
    """

    keeps_names: bool = False
    issues: dict[str, datetime] = field(default_factory=dict)
    records: set[str] = field(default_factory=set)
    sent: list[int] = field(default_factory=list)
    refused: bool = False


@dataclass(frozen=True)
class Place:
    """Where reading goes on: the checkpoint of a page. ``counted`` makes the same windows again.

    Attributes:
        group: number of the group of projects.
        counted: how many issues of the group there were.
        part: number of the part of the group.
        position: of the next page of that part; None when the part was read to its end.
        again_since: what changed since then is read once more, since something is gone.
    """

    group: int
    counted: int | None
    part: int
    position: str | None
    again_since: str | None = None

    @classmethod
    def read(cls, checkpoint: Mapping[str, Any] | None) -> Place | None:
        """The place that a checkpoint tells; None without one, or for one that another version wrote."""
        if checkpoint is None or checkpoint.keys() != cls.__dataclass_fields__.keys():
            return None
        return cls(**checkpoint)

    def written(self) -> dict[str, Any]:
        """The place as a checkpoint."""
        return dict(vars(self))


class Search:
    """Reads the issues of one stream.

    Args:
        wanted: what every search of the stream asks; its projects are set group by group.
        reading: how the stream reads.
        site: the site's vocabulary.
        zone: the time zone of JQL, when it is known.
        client_of: the client of a context's lane.
    """

    def __init__(
        self,
        wanted: Wanted,
        reading: Reading,
        site: Site,
        *,
        zone: tzinfo | None,
        client_of: Callable[[CollectionContext], JiraClient],
    ) -> None:
        self.wanted = wanted
        self.reading = reading
        self.site = site
        self.zone = zone
        self.client_of = client_of

    def pages(
        self,
        groups: Sequence[Sequence[str]],
        context: CollectionContext,
        *,
        begun: Place | None,
        seen: Seen,
        changed_since: datetime | None = None,
        again: bool = False,
    ) -> Iterator[Page]:
        """All pages, group of projects by group; with ``changed_since``, of what changed since."""
        since = format_instant(changed_since) if again and changed_since else None
        for number, projects in enumerate(groups):
            if begun is not None and number < begun.group:
                continue
            here = begun if begun is not None and begun.group == number else None
            wanted = replace(
                self.wanted,
                projects=projects,
                updated_since=changed_since,
                clocks=self.reading.clocks if changed_since and not again else (),
            )
            place = here or Place(number, self._counted(wanted, context), 0, None, since)
            yield from self._group(wanted, place, context, seen, resumed=here is not None)

    def _counted(self, wanted: Wanted, context: CollectionContext) -> int | None:
        """How many issues a whole reading will bring; what changed is little and needs no windows."""
        if wanted.updated_since is not None:
            return None
        return self.client_of(context).count(restriction(wanted, self.zone))

    def _group(
        self, wanted: Wanted, place: Place, context: CollectionContext, seen: Seen, *, resumed: bool
    ) -> Iterator[Page]:
        cut = windows(place.counted, context.since, context.until)
        first = place.part + (1 if resumed and place.position is None else 0)
        parts = [
            Part(number, replace(wanted, window=window), place.position if number == place.part else None)
            for number, window in enumerate(cut)
            if number >= first
        ]
        before = len(seen.sent)

        def read(part: Part, lane: CollectionContext) -> Iterator[Page]:
            return self._part(part, place, lane, seen)

        yield from context.side_by_side(parts, read)
        if not resumed and not seen.refused and place.counted is not None:
            self._check_count(wanted, place.counted, sum(seen.sent[before:]), context)

    def _part(self, part: Part, place: Place, context: CollectionContext, seen: Seen) -> Iterator[Page]:
        client = self.client_of(context)
        query = issue_query(part.wanted, self.zone)
        fields = self.reading.asked_fields(self.site)
        try:
            for page in client.search(
                query, fields, histories=self.reading.histories, position=part.position
            ):
                found = self._observed(
                    [read_issue(payload, self.site) for payload in page.issues], seen, context
                )
                here = replace(place, part=part.number, position=page.following)
                yield Page(tuple(found), page.request, here.written())
        except JIRAError as error:
            if error.status_code == 400 and part.wanted.clocks:  # no such function: the clocks' app is gone
                everything = replace(part.wanted, clocks=(), updated_since=None)
                for found_page in self._part(Part(part.number, everything), place, context, seen):
                    yield replace(found_page, checkpoint=None)  # its positions are those of another search
                return
            reason = REFUSALS.get(error.status_code or 0)
            if reason is None:
                raise
            seen.refused = True
            for project in part.wanted.projects:
                context.refused(project, reason, said(error))

    def _observed(self, issues: Sequence[Issue], seen: Seen, context: CollectionContext) -> list[Observation]:
        seen.sent.append(len(issues))
        found: list[Observation] = []
        for issue in issues:
            at = issue.created_at
            if at is None:
                note_undated(issue.key, context)
                continue
            if at > context.until or (not self.reading.whole and at < context.since):
                continue
            observed = self.reading.observe(issue)
            found += observed
            if seen.keeps_names:
                seen.issues[issue.key] = at
                seen.records.update(one.source_ref for one in observed)
        return found

    def _check_count(self, wanted: Wanted, counted: int, sent: int, context: CollectionContext) -> None:
        """Tell when many were not sent, also by a second count: some may have been deleted meanwhile."""
        if _is_short(counted, sent) and _is_short(self._counted(wanted, context) or 0, sent):
            context.incomplete(
                UnknownReason.INSUFFICIENT_COVERAGE, f"Jira counts {counted} issues and sent {sent}."
            )


def _is_short(counted: int, sent: int) -> bool:
    return counted - sent > max(counted * TOLERANCE, FEWEST_TOLERATED)
