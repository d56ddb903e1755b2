"""Measured values of an assessment set against published figures, or why one cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from itomm.config.quantities import Quantity
from itomm.rules.rule_set import RuleSet
from itomm.scoring.assessment import (
    Assessment,
    CriterionAnswer,
    InferredAnswer,
    ScopeKind,
    ScopeResult,
    Verdict,
)
from itomm.scoring.benchmark.departures import departures
from itomm.scoring.benchmark.figures import Benchmark, ComparedDocument, Figure
from itomm.scoring.benchmark.placing import standing
from itomm.scoring.planning.distance import written_quantity


@dataclass(frozen=True)
class Comparison:
    """One figure and one scope: either where the measured value ``stands``, or why it is ``refused``.

    ``measured`` is as written in the answer, and shown even where it cannot be compared.
    """

    figure: Figure
    measured: str
    counted: int | None
    base: str
    stands: str
    refused: str


@dataclass(frozen=True)
class Basis:
    """The rules that answered, None when they are not known, and those that the figures are about."""

    used: RuleSet | None
    shipped: RuleSet


def comparisons(
    benchmark: Benchmark, assessment: Assessment, scope: ScopeResult, basis: Basis
) -> tuple[Comparison, ...]:
    """Every figure of the benchmark beside the scope, in the file's order.

    Only what rules inferred from evidence is compared: what people stated or decided has no measured value.
    """
    answers = {each.criterion: each for each in scope.answers}
    return tuple(_compared(each, assessment, scope, answers, basis) for each in benchmark.figures)


def _compared(
    figure: Figure,
    assessment: Assessment,
    scope: ScopeResult,
    answers: dict[str, CriterionAnswer],
    basis: Basis,
) -> Comparison:
    compared = figure.said.compared
    if compared is None:
        return _refused(figure, None, figure.said.not_compared or "")
    if compared.criterion not in assessment.model.by_id:
        return _refused(figure, None, f"this questionnaire does not ask {compared.criterion}")
    answer = answers.get(compared.criterion)
    inferred = answer.inferred if answer else None
    if inferred is None:
        return _refused(figure, None, _unanswered(scope))
    value = _value(inferred)
    reasons = list(_reasons(compared, inferred, value, basis))
    if reasons or value is None:
        return _refused(figure, inferred, "; ".join(reasons))
    stands = standing(value.value, figure.bands, lower_is_better=compared.better == "lower")
    return Comparison(figure, inferred.measured or "", inferred.counted, inferred.base, stands, "")


def _refused(figure: Figure, inferred: InferredAnswer | None, reason: str) -> Comparison:
    measured = (inferred.measured or "") if inferred else ""
    counted = inferred.counted if inferred else None
    return Comparison(figure, measured, counted, inferred.base if inferred else "", "", reason.rstrip("."))


def _unanswered(scope: ScopeResult) -> str:
    if scope.kind is ScopeKind.GROUP:
        return "groups are not measured themselves; see their services"
    return "no rule measures it here"


def _reasons(
    compared: ComparedDocument, inferred: InferredAnswer, value: Quantity | None, basis: Basis
) -> Iterator[str]:
    """Why a value cannot be compared; nothing when it can."""
    yield from _because_of_rules(compared, inferred, basis)
    if inferred.verdict is Verdict.UNKNOWN:
        reason = inferred.reason.value.replace("_", " ") if inferred.reason else ""
        yield f"the value is unknown: {inferred.detail or reason}"
    elif value is None or value.dimension is not compared.unit:
        yield f"the answer holds no {compared.unit}"
    elif inferred.counted < compared.minimum_sample:
        yield f"the sample is too small: {inferred.counted} counted, {compared.minimum_sample} needed"


def _because_of_rules(compared: ComparedDocument, inferred: InferredAnswer, basis: Basis) -> Iterator[str]:
    if inferred.rule not in compared.rules:
        yield f"another definition: answered by the rule {inferred.rule}, not {' or '.join(compared.rules)}"
        return
    if basis.used is None:
        yield "it was scored by other rules than are set up now; score it again to compare"
        return
    used, shipped = basis.used.rule(inferred.rule), basis.shipped.rule(inferred.rule)
    if used is None or shipped is None:
        yield f"another definition: the rule {inferred.rule} is not a shipped one"
    else:
        yield from departures(used, shipped)


def _value(inferred: InferredAnswer) -> Quantity | None:
    """The measured value: exact where records were counted, else as exact as it is written."""
    written = written_quantity(inferred.measured) if inferred.measured else None
    if written is None or inferred.matched is None or not inferred.counted:
        return written
    return Quantity(written.dimension, Fraction(inferred.matched, inferred.counted))


def newest_standings(found: Sequence[Comparison]) -> list[Comparison]:
    """For each criterion that could be compared, the comparison with the newest figure."""
    newest: dict[str, Comparison] = {}
    for each in found:
        compared = each.figure.said.compared
        if not each.stands or compared is None:
            continue
        held = newest.get(compared.criterion)
        if held is None or each.figure.said.year > held.figure.said.year:
            newest[compared.criterion] = each
    return list(newest.values())
