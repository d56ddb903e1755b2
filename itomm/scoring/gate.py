"""A gate for pipelines: what is asked of an assessment, and whether it is met.

What is not known neither meets a demand nor fails it: the check is incomplete then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction

from itomm.evidence.observation import UnknownReason
from itomm.scoring.assessment import Assessment, LevelRange, Reliance, ScopeScore, SourceState, View
from itomm.scoring.comparing.causes import Cause
from itomm.scoring.comparing.comparison import Comparison
from itomm.scoring.points import NONE

MOST_NAMED = 5
"""So many places are named where more rests on people than may; the rest are counted."""


class Outcome(StrEnum):
    """How a check ended."""

    MET = "met"
    NOT_MET = "not_met"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True)
class Demands:
    """What is asked for; levels by id. ``largest_drop`` is in points of the organisation's index."""

    level: int | None = None
    areas: Mapping[str, int] = field(default_factory=dict)
    practices: Mapping[str, int] = field(default_factory=dict)
    scopes: Mapping[str, int] = field(default_factory=dict)
    coverage: Fraction | None = None
    no_expired_overrides: bool = False
    no_expired_answers: bool = False
    within_caps: bool = False
    largest_drop: Fraction | None = None
    allow_incomplete_sources: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is asked for; such a gate would let everything through."""
        ended = self.no_expired_overrides or self.no_expired_answers
        asked = (self.areas, self.practices, self.scopes, ended, self.within_caps)
        return not any(asked) and all(each is None for each in (self.level, self.coverage, self.largest_drop))


@dataclass(frozen=True)
class Check:
    """One demand and whether it is met; ``found`` and ``wanted`` are ready to read."""

    kind: str  # level | coverage | sources | expired_overrides | expired_answers | caps | drop
    subject: str
    wanted: str
    found: str
    outcome: Outcome
    detail: str = ""


def checks(
    assessment: Assessment, view: View, demands: Demands, baseline: Comparison | None = None
) -> tuple[Check, ...]:
    """Check everything that is asked for, in a defined order.

    ``baseline`` compares an earlier assessment with this one; None when there is none.
    """
    found = [*_levels(assessment, view, demands)]
    if demands.coverage is not None:
        found.append(_coverage(assessment.scopes[0].views[view], demands.coverage))
    if demands.no_expired_overrides:
        found.append(_expired_overrides(assessment))
    if demands.no_expired_answers:
        found.append(_expired_answers(assessment))
    if demands.within_caps:
        found.append(_caps(assessment.reliances))
    if demands.largest_drop is not None:
        found.append(_drop(baseline, demands.largest_drop))
    if not demands.allow_incomplete_sources:
        found.append(_sources(assessment.sources))
    return tuple(found)


def outcome_of(found: Sequence[Check]) -> Outcome:
    """The gate's outcome: what is surely not met comes before what cannot be told."""
    outcomes = {each.outcome for each in found}
    for each in (Outcome.NOT_MET, Outcome.INCOMPLETE):
        if each in outcomes:
            return each
    return Outcome.MET


def _levels(assessment: Assessment, view: View, demands: Demands) -> Iterator[Check]:
    """Where more rests on overrides than may, what holds is what is asked about, not the level with them."""
    top = assessment.scopes[0]
    score = top.views[view]
    capped = {
        (each.scope, each.part): each
        for each in assessment.reliances
        if each.exceeded and view is View.OVERRIDES
    }
    if demands.level is not None:
        yield _under_cap(top.name, score.level, demands.level, capped.get((top.id, "")))
    areas = {each.area: each.level for each in score.areas}
    for area, wanted in sorted(demands.areas.items()):
        yield _under_cap(area, areas.get(area), wanted, capped.get((top.id, area)))
    practices = {each.practice: each.level for each in score.practices}
    for practice, wanted in sorted(demands.practices.items()):
        yield _under_cap(practice, practices.get(practice), wanted, capped.get((top.id, practice)))
    scopes = {each.id: each.views[view].level for each in assessment.scopes}
    for scope, wanted in sorted(demands.scopes.items()):
        yield _under_cap(scope, scopes.get(scope), wanted, capped.get((scope, "")))


def _under_cap(subject: str, level: LevelRange | None, wanted: int, cap: Reliance | None) -> Check:
    if cap is None:
        return _level(subject, level, wanted)
    held = _level(subject, cap.holds, wanted)
    told = f"With overrides it is {cap.level.point}, but more of it rests on people's words than may."
    return replace(held, found=f"{held.found}, capped", detail=f"{told} {held.detail}".strip())


def _level(subject: str, level: LevelRange | None, wanted: int) -> Check:
    asked = f"level {wanted} or higher"
    if level is None:
        detail = "Nothing of it applies, so no level can be held. Take the demand out."
        return Check("level", subject, asked, "no level", Outcome.NOT_MET, detail)
    bounds = f"{level.low} to {level.high}" if level.low < level.high else str(level.low)
    if level.rated:
        met = level.point >= wanted
        found = f"level {level.point}"
        detail = "" if met or level.high < wanted else f"It may be up to {level.high} once more is known."
        return Check("level", subject, asked, found, Outcome.MET if met else Outcome.NOT_MET, detail)
    found = f"not rated ({bounds})"
    if level.low >= wanted:
        return Check("level", subject, asked, found, Outcome.MET)
    if level.high < wanted:
        return Check("level", subject, asked, found, Outcome.NOT_MET)
    detail = "Too little is known to tell; 'itomm doctor' says what is missing."
    return Check("level", subject, asked, found, Outcome.INCOMPLETE, detail)


def _coverage(score: ScopeScore, wanted: Fraction) -> Check:
    met = score.known_share >= wanted
    return Check(
        kind="coverage",
        subject="known share",
        wanted=f"{_percent(wanted)} or more",
        found=_percent(score.known_share),
        outcome=Outcome.MET if met else Outcome.INCOMPLETE,
        detail="" if met else "Less of what decides the level is known than asked for.",
    )


def _expired_overrides(assessment: Assessment) -> Check:
    expired = sorted(
        f"{override.id} ({answer.criterion}, {scope.id})"
        for scope in assessment.scopes
        for answer in scope.answers
        for override in answer.overrides
        if override.state == "expired" and override.approver is not None
        if not any(each.state == "active" for each in answer.overrides)
    )
    return Check(
        kind="expired_overrides",
        subject="overrides",
        wanted="none expired",
        found=", ".join(expired) or "none expired",
        outcome=Outcome.NOT_MET if expired else Outcome.MET,
        detail="Propose them anew, or withdraw them." if expired else "",
    )


def _expired_answers(assessment: Assessment) -> Check:
    expired = sorted(
        f"{answer.lapsed.id} ({answer.criterion}, {scope.id})"
        for scope in assessment.scopes
        for answer in scope.answers
        if answer.lapsed is not None
    )
    return Check(
        kind="expired_answers",
        subject="stated answers",
        wanted="none expired",
        found=", ".join(expired) or "none expired",
        outcome=Outcome.NOT_MET if expired else Outcome.MET,
        detail="Renew them with 'itomm answer --renew ID', or state another answer." if expired else "",
    )


def _caps(reliances: Sequence[Reliance]) -> Check:
    """Where more rests on people's words than the policy lets."""
    over = [
        f"{each.scope} {each.part}".strip() + f" ({_percent(each.on_overrides)} on overrides, "
        f"{_percent(each.on_stated)} on stated answers)"
        for each in reliances
        if each.exceeded
    ]
    shown = "; ".join(over[:MOST_NAMED]) + (
        f"; {len(over) - MOST_NAMED} more" if len(over) > MOST_NAMED else ""
    )
    return Check(
        kind="caps",
        subject="rests on people",
        wanted="no more than overrides.most_on_overrides and most_on_people",
        found=shown or "no more",
        outcome=Outcome.NOT_MET if over else Outcome.MET,
        detail="Bring evidence, or withdraw overrides; 'itomm override list' shows them." if over else "",
    )


def _drop(baseline: Comparison | None, largest: Fraction) -> Check:
    """What is only not seen any more is no drop, and no proof that there is none."""
    wanted = f"a drop of {float(largest):.2f} at most"
    if baseline is None:
        return Check("drop", "index", wanted, "no earlier assessment", Outcome.MET)
    drop = -baseline.index
    unseen = -sum((each.index for each in baseline.changes if each.cause is Cause.COVERAGE), NONE)
    outcome = Outcome.MET
    detail = f"Not like for like: {', '.join(baseline.unlike)} differ." if baseline.unlike else ""
    if drop - max(unseen, NONE) > largest:
        outcome = Outcome.NOT_MET
    elif drop > largest:
        outcome = Outcome.INCOMPLETE
        detail = f"{float(unseen):.2f} of it is what could not be seen. {detail}".strip()
    found = f"a drop of {float(drop):.2f}" if drop > 0 else f"a rise of {float(-drop):.2f}"
    return Check("drop", "index", wanted, found, outcome, detail)


def _sources(sources: Sequence[SourceState]) -> Check:
    """What was not read whole; tools that are said to be not connected are named, and hold nothing up."""
    apart = sorted({each.source for each in sources if each.reason is UnknownReason.NEVER_COLLECTED})
    broken = sorted(
        f"{each.source} ({each.record_type})"
        for each in sources
        if each.reason is not UnknownReason.NEVER_COLLECTED
        and (not each.complete or each.reason is not None or each.error or each.denied)
    )
    found = ", ".join(broken) or "all complete"
    return Check(
        kind="sources",
        subject="sources",
        wanted="all complete",
        found=f"{found}; not connected: {', '.join(apart)}" if apart else found,
        outcome=Outcome.INCOMPLETE if broken else Outcome.MET,
        detail="'itomm doctor' says what is wrong with them." if broken else "",
    )


def _percent(share: Fraction) -> str:
    """A share in percent, rounded down to a tenth, so that none reads as more than it is."""
    tenths = share * 1000 // 1
    return f"{tenths // 10}.{tenths % 10} %" if tenths % 10 else f"{tenths // 10} %"
