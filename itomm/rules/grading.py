"""From measured values to answers: population, readiness, missing policy, sample, grade, confidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from operator import attrgetter
from typing import Any

from itomm.config.quantities import Quantity
from itomm.evidence.observation import UnknownReason
from itomm.rules.answer import InferredAnswer, Verdict
from itomm.rules.garbage import nothing_collected
from itomm.rules.measured import NOTHING_MEASURED, Figures, Measured, MeasuredRule
from itomm.rules.measures import MeasureKind
from itomm.rules.readiness import EvidenceState, Obstacle, Readiness, obstacle_of
from itomm.rules.rule import BoundRule
from itomm.rules.untold.possible import Bounds, possible_verdicts, verdicts_between
from itomm.rules.untold.undecided import Undecided
from itomm.rules.what_would_change import what_would_change

BASE_CONFIDENCE: Mapping[str, Fraction] = {
    "direct": Fraction(9, 10),
    "proxy": Fraction(7, 10),
    "weak": Fraction(1, 2),
}
LEAST_CONFIDENCE = Fraction(2, 5)
"""Below this an answer is unknown: its evidence is too thin to say anything (content paper, 7.5)."""

_MISSING = {
    "no_if_complete": Verdict.NO,
    "yes_if_complete": Verdict.YES,
    "not_applicable_if_complete": Verdict.NOT_APPLICABLE,
}


_TELL_IT = "Let a source tell it, or let a person answer."
_LOOK = "Switch on what looks for them, or let a person answer."


@dataclass(frozen=True)
class Outcome:
    """What was measured for one scope before it is graded.

    ``sample`` is what the minimum sample is compared with. ``absent`` says that nothing at all counts, and
    ``looked`` how many records show that somebody looked, where the rule asks for that.
    """

    value: Fraction | None
    counted: int
    matched: int | None
    sample: int
    absent: bool = False
    looked: int | None = None


@dataclass(frozen=True)
class Standing:
    """What readiness and the size of a sample mean for an answer."""

    confidence: Fraction
    unready: Obstacle | None
    too_old: Obstacle | None


_Alike = tuple[Figures, bool | None, int, Bounds | None, int | None]
"""What services have in common that get the same answer."""

NOTHING = Outcome(None, 0, None, 0, absent=True)
_FIELDS = tuple(field.name for field in fields(InferredAnswer))
_SEEN = _FIELDS.index("seen")
_values_of: Callable[[InferredAnswer], tuple[Any, ...]] = attrgetter(*_FIELDS)
_answer_of: Callable[..., InferredAnswer] = InferredAnswer


class Grader:
    """Grades one measured rule for services and for the organisation.

    ``undecided`` is what hangs on fields that no source told: an answer stands only if every content of these
    fields gives the same. ``looked`` counts the records that show that somebody looked, in all and by
    service; None where the rule does not ask.
    """

    def __init__(
        self,
        bound: BoundRule,
        measured: MeasuredRule,
        seen: tuple[int, Mapping[str | None, int]],
        services: Sequence[str],
        state: EvidenceState,
        *,
        undecided: Undecided | None = None,
        looked: tuple[int, Mapping[str | None, int]] | None = None,
    ) -> None:
        self._bound = bound
        self._rule = bound.rule
        self._measured = measured
        self._seen_in_total, self._seen_by_service = seen
        self._services = services
        self._state = state
        self._undecided = undecided
        self._looked = looked
        self._without_records = _MISSING.get(bound.rule.missing)
        said = undecided.said if undecided else ""
        self._hangs_on_it = f"{said}, and the answer hangs on it"
        self._holds_anyway = f"{said}; the answer is the same whatever it is"
        self._record_types = tuple(each.name for each in bound.rule.needed_types)
        self._denied_in_part = state.denied_in_part(bound.rule)
        self._everywhere = state.readiness(bound.rule, None)
        self._readiness: dict[tuple[bool, ...], Readiness] = {}
        self._standings: dict[tuple[int, int, bool], Standing] = {}
        self._concluded: dict[
            tuple[Figures, bool | None, int, Bounds | None, int | None], InferredAnswer
        ] = {}

    def of_services(self) -> dict[str, InferredAnswer]:
        """The answers for all services."""
        with nothing_collected():
            return {service: self.service(service) for service in self._services}

    def service(self, service: str) -> InferredAnswer:
        """The answer for one service; those that measured the same share all but what was seen."""
        applies = True if self._measured.applies is None else self._measured.applies.get(service)
        here = self._measured.by_service.get(service, NOTHING_MEASURED)
        ready = self._ready(service)
        seen = self._seen_by_service.get(service, 0)
        bounds = self._undecided.of(service) if self._undecided else None
        looked = self._looked[1].get(service, 0) if self._looked else None
        place = (here, applies, id(ready), bounds, looked)
        concluded = self._concluded.get(place)
        if concluded is None:
            concluded = self._of_service(Measured(*here), ready, seen, bounds, applies=applies, looked=looked)
            self._concluded[place] = concluded
        if concluded.seen == seen:
            return concluded
        values = _values_of(concluded)
        return _answer_of(*values[:_SEEN], seen, *values[_SEEN + 1 :])

    def _of_service(
        self,
        here: Measured,
        ready: Readiness,
        seen: int,
        bounds: Bounds | None,
        *,
        applies: bool | None,
        looked: int | None,
    ) -> InferredAnswer:
        if applies is False:
            detail = f"outside the rule's services: {self._rule.written.services}"
            return self._answer(Verdict.NOT_APPLICABLE, None, detail, seen)
        if ready.reason is None and applies is None:
            detail = f"the catalogue does not say whether this holds: {self._rule.written.services}"
            return self._answer(Verdict.UNKNOWN, UnknownReason.NEVER_COLLECTED, detail, seen)
        if self._bound.measure.kind is MeasureKind.SHARE_OF_SERVICES:
            possible = self._possible_shares(*(Fraction(int(end)) for end in self._ends(here, bounds)))
            return self._graded(self._one_of_share(here), ready, seen, possible)
        outcome = replace(_outcome(self._bound, here), looked=looked)
        return self._graded(outcome, ready, seen, self._possible(bounds))

    def organisation(self) -> InferredAnswer:
        """The answer for the organisation as a whole, over all records."""
        seen = self._seen_in_total
        members = self._members()
        about_services = self._bound.measure.kind is MeasureKind.SHARE_OF_SERVICES
        if not self._services and (about_services or self._measured.applies is not None):
            detail = "no service is in scope; list services in the configuration"
            return self._answer(Verdict.UNKNOWN, UnknownReason.NEVER_COLLECTED, detail, seen)
        if self._measured.applies is not None and not members:
            if self._unclear():
                ready = self._ready(None)
                if ready.reason not in {None, UnknownReason.NEVER_COLLECTED}:
                    return self._answer(Verdict.UNKNOWN, ready.reason, ready.detail, seen)
                detail = (
                    f"the catalogue does not say for which services this holds: {self._rule.written.services}"
                )
                return self._answer(Verdict.UNKNOWN, UnknownReason.NEVER_COLLECTED, detail, seen)
            detail = f"no service is inside the rule's services: {self._rule.written.services}"
            return self._answer(Verdict.NOT_APPLICABLE, None, detail, seen)
        ready = self._ready(None)
        if about_services:
            return self._share(members, ready, seen)
        possible = self._possible(self._undecided.total if self._undecided else None)
        looked = self._looked[0] if self._looked else None
        outcome = replace(_outcome(self._bound, self._measured.total), looked=looked)
        return self._graded(outcome, ready, seen, possible)

    # --- what no source told -----------------------------------------------------------------

    def _possible(self, bounds: Bounds | None) -> AbstractSet[Verdict] | None:
        """Every verdict that untold fields leave possible; None when nothing hangs on them."""
        return None if bounds is None else possible_verdicts(self._bound, bounds, self._without_records)

    def _possible_shares(self, least: Fraction, best: Fraction) -> AbstractSet[Verdict] | None:
        """The same of a share of services that lies between two values."""
        if self._undecided is None:
            return None
        found = verdicts_between(self._rule.grade, (least, best))
        return found if self._undecided.total.sure else found | {self._without_records or Verdict.UNKNOWN}

    def _ends(self, here: Measured, bounds: Bounds | None) -> tuple[bool, bool]:
        """Whether a service surely is, and possibly is, one of a share of services."""
        if bounds is not None:
            return bounds.may_satisfy(self._bound.measure)
        satisfied = self._satisfied(here)
        return satisfied, satisfied

    def _untold(self, possible: AbstractSet[Verdict] | None) -> Obstacle | None:
        if self._undecided is None or possible is None or len(possible) == 1:
            return None
        return self._undecided.reason, self._hangs_on_it

    # --- shares of services -------------------------------------------------------------------------

    def _members(self) -> list[str]:
        applies = self._measured.applies
        return [service for service in self._services if applies is None or applies.get(service)]

    def _unclear(self) -> list[str]:
        """Services of which the catalogue does not say whether the rule applies to them."""
        applies = self._measured.applies
        return [service for service in self._services if applies is not None and applies.get(service) is None]

    def _satisfied(self, measured: Measured) -> bool:
        measure = self._bound.measure
        matching = measured.counted if measured.matched is None else measured.matched
        if measure.at_least_share is not None:
            return measured.counted > 0 and matching >= measure.at_least_share * measured.counted
        return matching >= (measure.at_least or 1)

    def _one_of_share(self, here: Measured) -> Outcome:
        if self._measured.total.counted == 0:
            return NOTHING
        satisfied = self._satisfied(here)
        return Outcome(Fraction(int(satisfied)), here.counted, here.matched, self._rule.minimum_sample)

    def _share(self, members: list[str], ready: Readiness, seen: int) -> InferredAnswer:
        """Graded at both ends when some services could not be read, may not belong here, or are undecided.

        The answer stands only if both ends agree.
        """
        unread = [service for service in members if self._ready(service).reason is not None]
        if ready.reason is not UnknownReason.PERMISSION_DENIED or len(unread) == len(members):
            unread = []
        elif unread:
            ready = next(state for service in members if (state := self._ready(service)).reason is None)
        if not members:
            return self._graded(NOTHING, ready, seen)
        good, surely, maybe = self._good([service for service in members if service not in unread])
        unclear = self._unclear()
        possible = len(members) + len(unclear)
        doubtful = len(unread) + len(unclear)
        left_open = self._possible_shares(Fraction(surely, possible), Fraction(maybe + doubtful, possible))
        if self._measured.total.counted == 0:
            return self._graded(NOTHING, ready, seen, left_open)
        share = Fraction(good, len(members))
        least, best = Fraction(good, possible), Fraction(good + doubtful, possible)
        grade = self._rule.grade
        if ready.reason is None and grade.verdict(least) is not grade.verdict(best):
            reason, what = (
                (UnknownReason.PERMISSION_DENIED, "services could not be read")
                if unread
                else (
                    UnknownReason.NEVER_COLLECTED,
                    "services may not belong here: the catalogue does not say",
                )
            )
            detail = f"{len(unread) or len(unclear)} of {possible} {what}, and the answer hangs on them"
            return self._answer(Verdict.UNKNOWN, reason, detail, seen)
        return self._graded(Outcome(share, len(members), good, len(members)), ready, seen, left_open)

    def _good(self, services: Sequence[str]) -> tuple[int, int, int]:
        """How many services are of the share as measured, surely, and possibly."""
        good = surely = maybe = 0
        for service in services:
            here = Measured(*self._measured.by_service.get(service, NOTHING_MEASURED))
            least, most = self._ends(here, self._undecided.of(service) if self._undecided else None)
            good, surely, maybe = good + self._satisfied(here), surely + least, maybe + most
        return good, surely, maybe

    # --- grading ------------------------------------------------------------------------------------

    def _ready(self, service: str | None) -> Readiness:
        """Readiness is the same for all services to which the same was denied; None is the organisation."""
        if not self._denied_in_part:
            return self._everywhere
        denied = tuple(service is None or self._state.denies(each, service) for each in self._denied_in_part)
        if denied not in self._readiness:
            self._readiness[denied] = self._state.readiness(self._rule, service)
        return self._readiness[denied]

    def _graded(
        self,
        outcome: Outcome,
        ready: Readiness,
        seen: int,
        possible: AbstractSet[Verdict] | None = None,
    ) -> InferredAnswer:
        standing = self._standing(outcome, ready)
        untold = self._untold(possible)
        if untold is not None:  # what was measured with untold fields taken for empty says nothing
            outcome = Outcome(None, outcome.counted, None, outcome.sample, absent=outcome.absent)
        unlooked = self._nobody_looked(outcome)
        obstacle = standing.unready or untold or unlooked or self._too_few(outcome) or standing.too_old
        if obstacle is not None:
            remedy = ""
            if obstacle is untold and not (self._undecided and self._undecided.doubts):
                remedy = _TELL_IT
            elif obstacle is unlooked:
                remedy = _LOOK
            return self._answer(Verdict.UNKNOWN, *obstacle, seen, outcome=outcome, remedy=remedy)
        if outcome.absent or outcome.value is None:
            verdict = _MISSING[self._rule.missing]
            detail = f"the collection was complete and no record counts{self._who_looked(outcome)}"
        else:
            verdict, detail = self._rule.grade.verdict(outcome.value), ""
        if possible is not None:
            detail = f"{detail}; {self._holds_anyway}" if detail else self._holds_anyway
        return self._answer(verdict, None, detail, seen, outcome=outcome, confidence=standing.confidence)

    def _standing(self, outcome: Outcome, ready: Readiness) -> Standing:
        """What readiness and the size of a sample mean; more than three times the least counts the same."""
        place = (id(ready), min(outcome.sample, 3 * self._rule.minimum_sample), outcome.absent)
        if place not in self._standings:
            confidence = self._confidence(ready, outcome)
            too_old = (UnknownReason.STALE, "the evidence is too old for its strength")
            self._standings[place] = Standing(
                confidence, obstacle_of(self._rule, ready), too_old if confidence < LEAST_CONFIDENCE else None
            )
        return self._standings[place]

    def _too_few(self, outcome: Outcome) -> Obstacle | None:
        if outcome.absent:
            if self._rule.missing not in _MISSING:
                return UnknownReason.INSUFFICIENT_SAMPLE, "no record counts"
        elif outcome.sample < self._rule.minimum_sample or outcome.value is None:
            detail = f"{outcome.sample} counted, at least {self._rule.minimum_sample} needed"
            return UnknownReason.INSUFFICIENT_SAMPLE, detail
        return None

    def _nobody_looked(self, outcome: Outcome) -> Obstacle | None:
        if outcome.looked != 0 or not outcome.absent:
            return None
        detail = f"no record counts, and no {self._showing()} shows that anybody looked"
        return UnknownReason.NEVER_COLLECTED, detail

    def _who_looked(self, outcome: Outcome) -> str:
        if not outcome.looked:
            return ""
        shown = "1 shows" if outcome.looked == 1 else f"{outcome.looked:,} show"
        return f"; of {self._showing()}s, {shown} that somebody looked"

    def _showing(self) -> str:
        looked = self._rule.written.looked
        if looked is None:
            raise ValueError(f"{self._rule.name} does not ask who looked")
        return f"{looked.from_} record" if looked.where is None else f"{looked.from_} ({looked.where}) record"

    def _confidence(self, ready: Readiness, outcome: Outcome) -> Fraction:
        """Base x freshness x sample x coverage (content paper, 7.5)."""
        coverage = min(Fraction(1), ready.covered / Fraction(4, 5))
        return BASE_CONFIDENCE[self._rule.base] * ready.freshness * coverage * self._sample_factor(outcome)

    def _sample_factor(self, outcome: Outcome) -> Fraction:
        """0.8 at the minimum sample, rising evenly to 1 at three times it."""
        least = self._rule.minimum_sample
        if least <= 1 or outcome.absent or self._bound.measure.kind is MeasureKind.SHARE_OF_SERVICES:
            return Fraction(1)
        beyond = min(Fraction(1), Fraction(outcome.sample - least, 2 * least))
        return Fraction(4, 5) + beyond / 5

    def _answer(
        self,
        verdict: Verdict,
        reason: UnknownReason | None,
        detail: str,
        seen: int,
        *,
        outcome: Outcome = NOTHING,
        confidence: Fraction = Fraction(0),
        remedy: str = "",
    ) -> InferredAnswer:
        rule = self._rule
        if verdict is Verdict.NOT_APPLICABLE and not confidence:
            confidence = BASE_CONFIDENCE[rule.base]
        value = outcome.value
        shown = None if value is None else rule.grade.shown(Quantity(rule.dimension, value))
        return InferredAnswer(
            verdict=verdict,
            reason=reason,
            detail=detail,
            rule=rule.name,
            measured=shown,
            grade_yes=rule.grade.yes.text,
            grade_partial=rule.grade.partial.text if rule.grade.partial else "",
            counted=outcome.counted,
            matched=outcome.matched,
            seen=seen,
            minimum_sample=rule.minimum_sample,
            base=rule.base,
            confidence=confidence,
            record_types=self._record_types,
            window_days=rule.window_days,
            what_would_change_it=remedy
            or what_would_change(rule, verdict, reason, value, outcome.counted, shown=shown),
            loosened=rule.loosened,
        )


def _outcome(bound: BoundRule, measured: Measured) -> Outcome:
    """The measured value of everything but shares of services."""
    counted, sample = measured.counted, measured.counted
    if bound.measure.kind is MeasureKind.TREND:
        sample = min(counted, measured.earlier_counted or 0)
        counted += measured.earlier_counted or 0
    value = _VALUES[bound.measure.kind](bound, measured)
    return Outcome(value, counted, measured.matched, sample, absent=counted == 0)


def _count(_bound: BoundRule, measured: Measured) -> Fraction | None:
    return Fraction(measured.counted if measured.matched is None else measured.matched)


def _ratio(_bound: BoundRule, measured: Measured) -> Fraction | None:
    return Fraction(measured.matched or 0, measured.counted) if measured.counted else None


def _aggregate(_bound: BoundRule, measured: Measured) -> Fraction | None:
    return Fraction(measured.value) if measured.counted and measured.value is not None else None


def _average(_bound: BoundRule, measured: Measured) -> Fraction | None:
    return (
        Fraction(measured.value) / measured.counted
        if measured.counted and measured.value is not None
        else None
    )


def _rate(bound: BoundRule, measured: Measured) -> Fraction | None:
    return Fraction(measured.counted, bound.rule.window_days or 1)


def _days_since(bound: BoundRule, measured: Measured) -> Fraction | None:
    if measured.value is None:
        return None
    as_of = Fraction(int(bound.as_of.timestamp()) * 1_000_000 + bound.as_of.microsecond)
    return max(Fraction(0), as_of - measured.value)


def _trend(bound: BoundRule, measured: Measured) -> Fraction | None:
    measure = bound.measure
    if measure.of_trend is MeasureKind.MEDIAN:
        recent, earlier = _fraction(measured.value), _fraction(measured.earlier_value)
    else:
        recent, earlier = Fraction(measured.counted), Fraction(measured.earlier_counted or 0)
    if recent is None or not earlier:
        return None
    return (recent - earlier) / earlier


def _fraction(value: int | Fraction | None) -> Fraction | None:
    return None if value is None else Fraction(value)


def _exists(_bound: BoundRule, measured: Measured) -> Fraction | None:
    found = measured.counted if measured.matched is None else measured.matched
    return Fraction(int(found > 0))


_VALUES: Mapping[MeasureKind, Callable[[BoundRule, Measured], Fraction | None]] = {
    MeasureKind.COUNT: _count,
    MeasureKind.RATIO: _ratio,
    MeasureKind.MEDIAN: _aggregate,
    MeasureKind.PERCENTILE: _aggregate,
    MeasureKind.SUM: _aggregate,
    MeasureKind.AVERAGE: _average,
    MeasureKind.MINIMUM: _aggregate,
    MeasureKind.MAXIMUM: _aggregate,
    MeasureKind.RATE: _rate,
    MeasureKind.DAYS_SINCE: _days_since,
    MeasureKind.TREND: _trend,
    MeasureKind.EXISTS: _exists,
    MeasureKind.DISTINCT: _aggregate,
}
