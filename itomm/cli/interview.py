"""``itomm answer`` without a criterion: asks what only people can answer, one question at a time.

Each answer is kept at once, so that an interview can be left at any time and gone on with later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import click

from itomm.cli.options import instant_or_none
from itomm.cli.tables import print_paragraph
from itomm.cli.workspace import Workspace, score
from itomm.config.clock import format_instant
from itomm.config.errors import ItommError, UsageError
from itomm.evidence.decision_policy import LONGEST_LIFE
from itomm.evidence.decisions import STATED_VERDICTS, Answer, newest_answer
from itomm.reports.wording import REASON_WORDS
from itomm.rules.model import Criterion
from itomm.scoring.assessment import CriterionAnswer, ScopeResult, UnknownReason, Verdict, View

_LOST = frozenset({UnknownReason.COLLECTION_FAILED, UnknownReason.PERMISSION_DENIED, UnknownReason.STALE})
"""While evidence that was there cannot be read, no statement counts: there is nothing to ask."""

_CHOICES = "yes, partial, no; s skip, b back, q leave"
Keep = Callable[[Answer, Sequence[str]], Answer]


@dataclass(frozen=True)
class Question:
    """A criterion that is open, and what is known of it."""

    criterion: Criterion
    answer: CriterionAnswer
    before: Answer | None


class _Left(Exception):  # noqa: N818  nothing went wrong: the person leaves
    """The person wants to go on later."""


def questions(workspace: Workspace, scope: ScopeResult, criteria: Sequence[Criterion]) -> list[Question]:
    """What is unknown and people may answer: first what only people can, then the rest, by level."""
    answers = {each.criterion: each for each in scope.answers}
    store = workspace.existing_store
    found = [
        Question(each, answers[each.id], newest_answer(store, scope.id, each.id))
        for each in criteria
        if _is_open(answers[each.id])
    ]
    return sorted(found, key=lambda each: (each.criterion.mode != "human", each.criterion.level))


def _is_open(answer: CriterionAnswer) -> bool:
    stated = answer.in_force[View.STATED]
    return stated.verdict is Verdict.UNKNOWN and stated.reason not in _LOST


def interview(workspace: Workspace, scope_id: str, author: str, keep: Keep) -> int:
    """Ask all that is open about a scope; how many answers were kept. Ctrl-C and end of input leave it."""
    assessment = score(workspace).assessment
    scope = next((each for each in assessment.scopes if each.id == scope_id), None)
    if scope is None:
        raise UsageError(f"{scope_id} is not assessed: only what is in production is.")
    asked = questions(workspace, scope, assessment.model.criteria)
    print_paragraph(f"{len(asked)} questions about {scope.name} are open. Each answer is kept at once.")
    kept = place = 0
    try:
        while place < len(asked):
            _show(asked[place], f"{place + 1} of {len(asked)}")
            said = _choice()
            if said == "b":
                place = max(0, place - 1)
                continue
            if said != "s":
                draft = _draft(
                    asked[place].criterion.id, said, scope_id, author, workspace.invocation.clock()
                )
                _answered(draft, workspace.invocation.clock, keep)
                kept += 1
            place += 1
    except (_Left, click.Abort):
        print_paragraph("")
    left = "" if place >= len(asked) else " 'itomm answer' goes on with what is open."
    print_paragraph(f"{kept} answers were kept.{left}")
    return kept


def _show(question: Question, place: str) -> None:
    criterion = question.criterion
    print_paragraph("")
    must = ", mandatory" if criterion.mandatory else ""
    print_paragraph(
        f"{place}: {criterion.id} {criterion.title} (level {criterion.level}{must})", style="bold"
    )
    print_paragraph(criterion.question)
    print_paragraph(f"Why it matters: {criterion.why}")
    for line in _what_counts(criterion):
        print_paragraph(line)
    print_paragraph(_evidence(question.answer))
    before = question.before
    if before is not None:
        ends = format_instant(before.expires_at)
        print_paragraph(f"Stated before: {before.verdict} by {before.author}, until {ends}: {before.reason}")


def _what_counts(criterion: Criterion) -> Iterator[str]:
    if criterion.rubric:
        yield from (f"{grade}: {text}" for grade, text in criterion.rubric.items())
        if "no" not in criterion.rubric:
            yield "no: less than that"
    else:
        yield f"A yes looks like this: {criterion.evidence_of_yes}"


def _evidence(answer: CriterionAnswer) -> str:
    inferred = answer.inferred
    if inferred is None:
        return "Evidence: no rule answers it."
    reason = REASON_WORDS[inferred.reason] if inferred.reason else inferred.verdict.value
    measured = f" Measured so far: {inferred.measured}." if inferred.measured else ""
    return f"Evidence: {inferred.detail or reason}.{measured}"


def _choice() -> str:
    while True:
        said = str(click.prompt(f"Answer ({_CHOICES})", prompt_suffix=": ")).strip().casefold()
        if said in {"q", "quit"}:
            raise _Left
        if said in {*STATED_VERDICTS, "s", "b"}:
            return said
        print_paragraph(f"'{said}' is none of them.")


def _draft(criterion: str, verdict: str, scope: str, author: str, at: datetime) -> Answer:
    """An answer whose reason, proof and end are still open."""
    return Answer("", scope, criterion, verdict, author, "", (), at, at)


def _answered(draft: Answer, clock: Callable[[], datetime], keep: Keep) -> None:
    """Ask for what an answer needs and keep it; asks again where something does not do."""
    reason = _text("On what does it rest?")
    while True:
        until = str(click.prompt("Until when (empty: 180 days)", default="", show_default=False)).strip()
        attached = str(click.prompt("Proof, a link or a file (empty: none)", default="", show_default=False))
        now = clock()
        try:
            ends = instant_or_none(until) or now + LONGEST_LIFE
            answer = replace(draft, reason=reason, at=now, expires_at=ends)
            kept = keep(answer, [attached.strip()] if attached.strip() else [])
        except ItommError as refused:
            print_paragraph(str(refused), style="yellow")
            continue
        print_paragraph(f"{kept.id} is kept until {format_instant(kept.expires_at)}.")
        return


def _text(prompt: str) -> str:
    while True:
        said = str(click.prompt(prompt, default="", show_default=False)).strip()
        if said:
            return said
        print_paragraph("Say it in a few words; the next assessor reads it.")
