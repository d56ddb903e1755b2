"""One criterion as the report shows it: what counts, every layer under it, and the records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from itomm.evidence.observation import UnknownReason
from itomm.reports.caveats import CaveatShown, caveats_of_criterion
from itomm.reports.records_table import RecordsTable, records_table
from itomm.reports.verdict import HEADLINE_VIEW
from itomm.reports.wording import VERDICT_WORDS, count_text
from itomm.scoring.assessment import (
    AnswerInForce,
    Caveat,
    CriterionAnswer,
    CriterionText,
    EvidenceRecord,
    InferredAnswer,
    Interval,
    OverrideInForce,
    ScopeKind,
    ScopeResult,
    StatedAnswer,
    Verdict,
    View,
)

_NOBODY = AnswerInForce(
    verdict=Verdict.UNKNOWN,
    points=Interval(Fraction(0), Fraction(0), Fraction(1)),
    known_share=Fraction(0),
    confidence=Fraction(0),
    layer="nobody",
)


@dataclass(frozen=True)
class ScopeAnswer:
    """The answer of one scope below the organisation."""

    scope: ScopeResult
    answer: CriterionAnswer

    @property
    def in_force(self) -> AnswerInForce:
        """What counts with every layer in."""
        return self.answer.in_force[HEADLINE_VIEW]


@dataclass(frozen=True)
class Decision:
    """What people said or decided about the criterion for one scope."""

    scope: ScopeResult
    stated: StatedAnswer | None
    overrides: tuple[OverrideInForce, ...]


@dataclass(frozen=True)
class RuleShown:
    """A rule by name, with its YAML as written when it is at hand."""

    name: str
    text: str | None


@dataclass(frozen=True)
class CriterionView:
    """Everything the report says of one criterion for the organisation and the scopes below.

    ``by_view`` is what counts for the organisation under each view. ``inferred`` is the organisation's own
    inferred answer; ``judged`` the one to read thresholds from, a service's where the organisation has none.
    """

    text: CriterionText
    by_view: Mapping[View, AnswerInForce]
    holds_back: bool
    inferred: InferredAnswer | None
    judged: InferredAnswer | None
    measured: str
    reasons: tuple[tuple[UnknownReason, str], ...]
    rules: tuple[RuleShown, ...]
    scopes: tuple[ScopeAnswer, ...]
    decisions: tuple[Decision, ...]
    records: RecordsTable
    caveats: tuple[CaveatShown, ...]

    @property
    def in_force(self) -> AnswerInForce:
        """What counts with every layer in."""
        return self.by_view[HEADLINE_VIEW]


@dataclass(frozen=True)
class Scopes:
    """All scopes with their answers at hand by criterion; the organisation first."""

    results: tuple[ScopeResult, ...]
    answers: tuple[Mapping[str, CriterionAnswer], ...]
    service_names: Mapping[str, str]


def index_scopes(results: Sequence[ScopeResult]) -> Scopes:
    """Prepare scopes for looking answers up by criterion."""
    return Scopes(
        results=tuple(results),
        answers=tuple({answer.criterion: answer for answer in result.answers} for result in results),
        service_names={result.id: result.name for result in results},
    )


def criterion_view(
    text: CriterionText,
    scopes: Scopes,
    evidence: Mapping[tuple[str, str], Sequence[EvidenceRecord]],
    rules: Mapping[str, str],
    *,
    holds_back: bool,
    caveats: Sequence[Caveat] = (),
) -> CriterionView:
    """Gather what every scope knows of one criterion."""
    own = scopes.answers[0].get(text.id)
    by_view = own.in_force if own else dict.fromkeys(View, _NOBODY)
    inferred = own.inferred if own else None
    below = _answers_below(text.id, scopes, rolled_up=by_view[HEADLINE_VIEW].layer == "roll_up")
    all_inferred = [each for each in (inferred, *(row.answer.inferred for row in below)) if each]
    # Records that counted for services also count for an organisation that measures over all of them.
    services = [row.answer.inferred for row in below if row.scope.kind is ScopeKind.SERVICE]
    measuring = [inferred] if inferred else [each for each in services if each]
    return CriterionView(
        text=text,
        by_view=by_view,
        holds_back=holds_back,
        inferred=inferred,
        judged=all_inferred[0] if all_inferred else None,
        measured=_measured(inferred, below),
        reasons=_reasons(by_view[HEADLINE_VIEW], inferred, below),
        rules=tuple(
            RuleShown(name, rules.get(name)) for name in dict.fromkeys(each.rule for each in all_inferred)
        ),
        scopes=below,
        decisions=_decisions(text.id, scopes),
        records=records_table(
            [record for result in scopes.results for record in evidence.get((text.id, result.id), ())],
            counted=sum(each.counted for each in measuring),
            service_names=scopes.service_names,
        ),
        caveats=caveats_of_criterion(caveats, text.id, scopes.service_names),
    )


def _answers_below(criterion: str, scopes: Scopes, *, rolled_up: bool) -> tuple[ScopeAnswer, ...]:
    """Groups and services that have something of their own to say, or that were rolled up."""
    return tuple(
        ScopeAnswer(result, answers[criterion])
        for result, answers in zip(scopes.results[1:], scopes.answers[1:], strict=True)
        if criterion in answers and (rolled_up or _speaks_for_itself(answers[criterion]))
    )


def _speaks_for_itself(answer: CriterionAnswer) -> bool:
    if answer.stated or answer.overrides:
        return True
    return answer.inferred is not None and answer.in_force[HEADLINE_VIEW].layer != "inherited"


def _decisions(criterion: str, scopes: Scopes) -> tuple[Decision, ...]:
    found = (
        (result, answers[criterion])
        for result, answers in zip(scopes.results, scopes.answers, strict=True)
        if criterion in answers
    )
    return tuple(
        Decision(result, answer.stated, answer.overrides)
        for result, answer in found
        if answer.stated or answer.overrides
    )


def _measured(inferred: InferredAnswer | None, below: Sequence[ScopeAnswer]) -> str:
    """The organisation's measured value, or how its services fared where there is none."""
    if inferred and inferred.measured is not None:
        return inferred.measured
    services = [row for row in below if row.scope.kind is ScopeKind.SERVICE]
    if inferred or not services:
        return ""
    verdicts = Counter(row.in_force.verdict for row in services)
    parts = [
        f"{verdicts[verdict]} {VERDICT_WORDS[verdict].lower()}" for verdict in Verdict if verdicts[verdict]
    ]
    return f"{count_text(len(services), 'service', 'services')}: {', '.join(parts)}"


def _reasons(
    in_force: AnswerInForce,
    inferred: InferredAnswer | None,
    below: Sequence[ScopeAnswer],
) -> tuple[tuple[UnknownReason, str], ...]:
    """Why the answer, or a part of it, is unknown: reasons with what the rule reported, commonest first."""
    if in_force.layer in {"person", "override"} or in_force.known_share == 1:
        return ()
    unknown = (
        [inferred] if inferred else [row.answer.inferred for row in below if row.in_force.known_share < 1]
    )
    found = Counter((each.reason, each.detail) for each in unknown if each and each.reason)
    by_reason: dict[UnknownReason, str] = {}
    for (reason, detail), _ in found.most_common():
        if reason:
            by_reason.setdefault(reason, detail)
    if not by_reason and inferred is None and in_force.layer == "nobody":
        return ((UnknownReason.AWAITING_PERSON, ""),)
    return tuple(by_reason.items())
