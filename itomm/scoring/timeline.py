"""The timeline: levels as of each past month's end, all from the evidence stored today.

Every instant is scored by the same functions as one assessment. What was not known then, above all state
that had not been observed yet, is unknown, so that a month without evidence is not rated and never low.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from itomm.config.settings import Configuration
from itomm.evidence.decisions import Decisions
from itomm.evidence.observation import UnknownReason
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import record_types
from itomm.rules.evaluation import ServiceKeys, evaluate
from itomm.rules.rule_set import RuleSet
from itomm.scoring.assess import Subject, assess_answers
from itomm.scoring.assessment import ModelText, ScopeResult, ScopeScore, Verdict, View
from itomm.scoring.imported_scope import in_force
from itomm.scoring.scope_answers import in_scope

_MICROSECOND = timedelta(microseconds=1)  # the store's finest step of time


@dataclass(frozen=True)
class Basis:
    """What every instant of a timeline is scored from."""

    rule_set: RuleSet
    snapshot: Snapshot
    decisions: Decisions
    configuration: Configuration
    profile: str


@dataclass(frozen=True)
class TimelinePoint:
    """One scope as of one instant, under each view.

    ``unknown`` counts the criteria that stay unknown with everything counted, by reason.
    """

    as_of: datetime
    decisions: str  # SHA-256 over what people had decided by then
    views: Mapping[View, ScopeScore]
    unknown: Mapping[UnknownReason, int]


@dataclass(frozen=True)
class Timeline:
    """One scope at several instants, oldest first; ``inputs`` as in an assessment.

    ``state_known_from`` is when state was first observed: before it, all that rests on state is unknown.
    """

    subject: Subject
    organisation: str
    profile: str
    inputs: Mapping[str, str]
    model: ModelText
    state_known_from: datetime | None
    points: tuple[TimelinePoint, ...]


def month_ends(end: datetime, months: int) -> list[datetime]:
    """The last instants (UTC, to the microsecond) of the ``months`` months before ``end``; then ``end``.

    A month that ``end`` is the very last instant of is whole. Oldest first; months before the year 1 are
    left out.
    """
    following = end.astimezone(UTC) + _MICROSECOND
    first = following.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    ends: list[datetime] = []
    while len(ends) < months and first > datetime.min.replace(tzinfo=UTC):
        ends.append(first - _MICROSECOND)
        first = ends[-1].replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return sorted({*ends, end.astimezone(UTC)})


def timeline(basis: Basis, subject: Subject, instants: Sequence[datetime]) -> Timeline:
    """Score one scope as of each instant; the same inputs give the same result on every machine.

    The services in scope are at all instants those of the last one, so that months can be compared.
    """
    if instants:
        scope = in_force(basis.configuration, basis.snapshot, max(instants))
        basis = replace(basis, configuration=scope)
    return Timeline(
        subject=subject,
        organisation=basis.configuration.settings.organisation.name,
        profile=basis.profile,
        inputs={
            "snapshot": basis.snapshot.digest,
            "model": basis.rule_set.model_digest,
            "rules": basis.rule_set.rules_digest,
            "settings": basis.configuration.scoring_digest,
        },
        model=basis.rule_set.model,
        state_known_from=_first_observation(basis.snapshot),
        points=tuple(_point(basis, subject, instant) for instant in instants),
    )


def _point(basis: Basis, subject: Subject, as_of: datetime) -> TimelinePoint:
    settings = basis.configuration.settings
    keys = [ServiceKeys(service.id, service.keys) for service in in_scope(settings)]
    (result,) = assess_answers(
        basis.rule_set.model,
        evaluate(basis.rule_set.rules, basis.snapshot, keys, as_of),
        basis.decisions,
        settings,
        as_of,
        profile=basis.profile,
        only=subject.id,
    )
    return TimelinePoint(as_of, basis.decisions.known_at(as_of).digest, result.views, _unknown(result))


def _unknown(result: ScopeResult) -> Mapping[UnknownReason, int]:
    found = Counter(
        counts.reason
        for answer in result.answers
        if (counts := answer.in_force[View.OVERRIDES]).verdict is Verdict.UNKNOWN and counts.reason
    )
    return {reason: found[reason] for reason in sorted(found)}


def _first_observation(snapshot: Snapshot) -> datetime | None:
    observed = [
        each.finished_at for each in snapshot.collections if record_types()[each.record_type].is_state
    ]
    return min(observed, default=None)
