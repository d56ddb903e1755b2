"""A comparison of two assessments as a JSON document, as CSV and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from itomm import __version__
from itomm.config.clock import format_instant
from itomm.reports.document import plain
from itomm.reports.wording import day_text, index_text, level_text, words_for
from itomm.scoring.assessment import AnswerInForce, Assessment, CriterionAnswer, ScopeScore
from itomm.scoring.comparing.causes import Cause
from itomm.scoring.comparing.comparison import Change, Comparison

SCHEMA = "itomm/comparison/1"
CSV_HEADINGS = (
    "cause",
    "criterion",
    "title",
    "before",
    "after",
    "measured_before",
    "measured_after",
    "index",
    "index_exact",
    "level",
    "services",
)
CAUSE_WORDS: Mapping[Cause, str] = {
    Cause.MODEL: "the questionnaire",
    Cause.SETTINGS: "profile, services or weights",
    Cause.RULE: "a rule",
    Cause.COVERAGE: "what could be seen",
    Cause.EVIDENCE: "what was found",
    Cause.TIME: "time alone",
    Cause.OVERRIDE: "people's decisions",
}
_UNLIKE_WORDS = {
    "model": "the questionnaire differs",
    "rules": "the rules differ",
    "settings": "services, weights or other settings differ",
    "profile": "the scoring profile differs",
}


@dataclass(frozen=True)
class ComparisonShown:
    """A comparison with what its two sides are called, and whether both were scored anew."""

    comparison: Comparison
    names: tuple[str, str]
    rescored: bool

    def measured(self, change: Change) -> tuple[str, str]:
        """What was measured on both sides; empty where nothing was."""
        return _measured(self.comparison.scopes[0].answers, change), _measured(
            self.comparison.scopes[1].answers, change
        )

    def title(self, change: Change) -> str:
        """The criterion's title; what the change is about where it is about no criterion."""
        if change.criterion is None:
            return CAUSE_WORDS[change.cause]
        return self.comparison.after.model.by_id[change.criterion].title


def comparison_document(shown: ComparisonShown) -> dict[str, Any]:
    """The whole comparison as plain data; ``exact`` values are fractions and sum to the difference."""
    found = shown.comparison
    return {
        "schema": SCHEMA,
        "itomm_version": __version__,
        "summary": summary(shown),
        "like_for_like": not found.unlike,
        "unlike": list(found.unlike),
        "warning": warning(shown) or None,
        "rescored": shown.rescored,
        "view": found.view.value,
        "scope": {
            "id": found.scopes[1].id,
            "name": found.scopes[1].name,
            "kind": found.scopes[1].kind.value,
        },
        "before": _side(shown.names[0], found.before, found.scores[0]),
        "after": _side(shown.names[1], found.after, found.scores[1]),
        "difference": _moved(found.index, Fraction(found.level)),
        "causes": {cause.value: _moved(*_sums(found, cause)) for cause in Cause},
        "changes": [_change(shown, each) for each in found.changes],
        "parts": [_part(*each) for each in _parts(found) if each[1:3] != each[3:5]],
    }


def csv_rows(shown: ComparisonShown) -> Iterator[tuple[str, ...]]:
    """A row for each change."""
    for each in shown.comparison.changes:
        yield (
            each.cause.value,
            each.criterion or "",
            shown.title(each),
            _verdict(each.before),
            _verdict(each.after),
            *shown.measured(each),
            f"{float(each.index):.6f}",
            str(each.index),
            f"{float(each.level):.4f}",
            " ".join(each.services),
        )


def summary(shown: ComparisonShown) -> str:
    """The difference in a sentence."""
    found = shown.comparison
    was, now = found.scores
    if was.level.point == now.level.point:
        moved = f"stays at level {now.level.point}"
    else:
        moved = f"goes from level {was.level.point} to {now.level.point}"
    return (
        f"{found.scopes[1].name} {moved} from {_name(shown, 0)} to {_name(shown, 1)}; its index goes from "
        f"{index_text(was.index.point)} to {index_text(now.index.point)} ({_signed(found.index)})."
    )


def warning(shown: ComparisonShown) -> str:
    """What to bear in mind where the two were not made alike; empty when they were."""
    unlike = shown.comparison.unlike
    if not unlike:
        return ""
    differs = ", ".join(_UNLIKE_WORDS[each] for each in unlike)
    told = f"Not like for like: {differs}."
    if "rules" in unlike:
        told += (
            " A rule's filter is not kept in an assessment, so some of what is put down to evidence may be"
            " due to rules; --rescore judges both sides by today's rules, model and settings."
        )
    return told


def cause_rows(shown: ComparisonShown) -> Iterator[tuple[str, ...]]:
    """A row for each cause that there is, then the sum."""
    found = shown.comparison
    for cause in Cause:
        number = sum(each.cause is cause for each in found.changes)
        if number:
            index, level = _sums(found, cause)
            yield cause.value, CAUSE_WORDS[cause], str(number), _signed(index), _signed(level)
    yield "sum", "", str(len(found.changes)), _signed(found.index), _signed(Fraction(found.level))


def change_rows(shown: ComparisonShown) -> Iterator[tuple[str, ...]]:
    """A row for each change, those that moved most first."""
    for each in sorted(shown.comparison.changes, key=lambda change: -abs(change.index)):
        before, after = shown.measured(each)
        was, now = (
            _with(_verdict(counts), text) for counts, text in ((each.before, before), (each.after, after))
        )
        yield each.criterion or "", shown.title(each), each.cause.value, was, now, _signed(each.index)


def _name(shown: ComparisonShown, side: int) -> str:
    assessment = (shown.comparison.before, shown.comparison.after)[side]
    day = day_text(assessment.as_of)
    return (
        day
        if shown.names[side] in {day, format_instant(assessment.as_of)}
        else f"{shown.names[side]} ({day})"
    )


def _with(verdict: str, measured: str) -> str:
    return f"{verdict} ({measured})" if measured else verdict


def _verdict(counts: AnswerInForce | None) -> str:
    return words_for({}, counts.verdict.value) if counts else ""


def _measured(answers: tuple[CriterionAnswer, ...], change: Change) -> str:
    answer = next((each for each in answers if each.criterion == change.criterion), None)
    return (answer.inferred.measured or "") if answer and answer.inferred else ""


def _signed(number: Fraction) -> str:
    rounded = round(number * 100)
    sign = "+" if rounded > 0 else "-" if rounded < 0 else ""
    return f"{sign}{index_text(abs(number))}"


def _sums(found: Comparison, cause: Cause) -> tuple[Fraction, Fraction]:
    mine = [each for each in found.changes if each.cause is cause]
    return sum((each.index for each in mine), Fraction(0)), sum((each.level for each in mine), Fraction(0))


def _moved(index: Fraction, level: Fraction) -> dict[str, Any]:
    return {
        "index": plain(index),
        "level": plain(level),
        "exact": {"index": str(index), "level": str(level)},
    }


def _side(name: str, assessment: Assessment, score: ScopeScore) -> dict[str, Any]:
    return {
        "name": name,
        "as_of": plain(assessment.as_of),
        "profile": assessment.profile,
        "inputs": plain(assessment.inputs),
        "level": score.level.point,
        "index": plain(score.index.point),
        "index_exact": str(score.index.point),
    }


def _change(shown: ComparisonShown, change: Change) -> dict[str, Any]:
    before, after = shown.measured(change)
    return {
        "cause": change.cause.value,
        "criterion": change.criterion,
        "title": shown.title(change),
        "before": {"answer": change.before.verdict.value, "measured": before} if change.before else None,
        "after": {"answer": change.after.verdict.value, "measured": after} if change.after else None,
        "services": list(change.services),
        **_moved(change.index, change.level),
    }


def _parts(
    found: Comparison,
) -> Iterator[tuple[str, int | None, Fraction | None, int | None, Fraction | None]]:
    """Areas and practices with level and index on both sides."""
    was, now = ({**_areas(score), **_practices(score)} for score in found.scores)
    for part in dict.fromkeys([*now, *was]):
        yield (part, *was.get(part, (None, None)), *now.get(part, (None, None)))


def _areas(score: ScopeScore) -> dict[str, tuple[int, Fraction]]:
    return {each.area: (each.level.point, each.index.point) for each in score.areas}


def _practices(score: ScopeScore) -> dict[str, tuple[int, Fraction]]:
    return {each.practice: (each.level.point, each.index.point) for each in score.practices}


def _part(
    part: str, level_was: int | None, index_was: Fraction | None, level: int | None, index: Fraction | None
) -> dict[str, Any]:
    return {
        "part": part,
        "before": {"level": level_was, "index": plain(index_was)},
        "after": {"level": level, "index": plain(index)},
    }


def published_levels(shown: ComparisonShown) -> str:
    """The levels as they were published on both sides; NR where one was not rated."""
    was, now = (scope.views[shown.comparison.view].level for scope in shown.comparison.scopes)
    return f"{level_text(was)} then, {level_text(now)} now"
