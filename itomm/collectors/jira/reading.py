"""How each stream reads: which issues, which of their fields, and what each issue becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from itomm.collectors.jira.issue import ISSUE_FIELDS, Issue, observation
from itomm.collectors.jira.reviews import (
    access_review_fields,
    headings_of,
    postmortem_fields,
    restore_test_fields,
)
from itomm.collectors.jira.service_levels import service_level_cycles
from itomm.collectors.jira.settings import JiraSettings
from itomm.collectors.jira.site import Site
from itomm.collectors.jira.tickets import NEEDED_FIELDS, TICKETS, commits_of
from itomm.collectors.ticketing.vocabulary import READ_HOWEVER_OLD
from itomm.evidence.observation import Observation


@dataclass(frozen=True)
class Reading:
    """How one stream reads.

    Attributes:
        observe: what an issue becomes.
        kinds: our kinds of the issue types wanted; empty for all issue types.
        labels: one of which an issue carries; empty for any issue.
        fields: our names of custom fields, or Jira's names of others, besides those of every issue.
        histories: whether the change history is needed.
        whole: whether it matters however long ago an issue was opened.
        clocks: ids of fields that change while nobody touches the issue.
        one_for_one: whether every issue becomes a record that occurred when the issue was created.
    """

    observe: Callable[[Issue], list[Observation]]
    kinds: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    histories: bool = True
    whole: bool = False
    clocks: tuple[str, ...] = ()
    one_for_one: bool = False

    def asked_fields(self, site: Site) -> Sequence[str]:
        """The names of all fields to ask for, as the site knows them."""
        found = [field_id for name in self.fields for field_id in site.field_ids.get(name, ())]
        prose = [name for name in self.fields if name in ("description", "comment")]
        return [*ISSUE_FIELDS, *found, *prose, *self.clocks]


def reading_of(record_type: str, site: Site, settings: JiraSettings) -> Reading:
    """How the stream of a record type reads this site."""
    if record_type in TICKETS:
        return _ticket_reading(record_type)
    if record_type == "sla_cycle":
        clocks = tuple(field.id for field in site.service_levels)
        return Reading(service_level_cycles, ("incident", "service_request"), histories=False, clocks=clocks)
    if record_type == "postmortem":
        return Reading(_observer(postmortem_fields), ("postmortem",), fields=("description", "comment"))
    if record_type == "access_review":
        return Reading(
            _observer(access_review_fields),
            labels=settings.access_review_labels,
            fields=("accounts_reviewed", "accounts_revoked"),
        )
    return Reading(_observer(restore_test_fields), labels=settings.restore_test_labels)


def _ticket_reading(kind: str) -> Reading:
    fields_of = TICKETS[kind]
    names_commits = kind == "change"

    def observe(issue: Issue) -> list[Observation]:
        commits = commits_of(issue) if names_commits else None
        return [observation(issue, fields_of(issue), commits=commits)]

    return Reading(
        observe,
        (kind,),
        fields=(*NEEDED_FIELDS[kind], *(("description",) if names_commits else ())),
        whole=kind in READ_HOWEVER_OLD,
        one_for_one=True,
    )


def _observer(
    fields_of: Callable[[Issue], Mapping[str, object] | None],
) -> Callable[[Issue], list[Observation]]:
    def observe(issue: Issue) -> list[Observation]:
        fields = fields_of(issue)
        headings = headings_of(issue.fields.get("description"))
        return [] if fields is None else [observation(issue, fields, headings)]

    return observe
