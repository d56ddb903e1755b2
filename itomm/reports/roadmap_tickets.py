"""The steps of a roadmap as tickets for people: what each says, before any tool's own way of writing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from itomm.config.clock import format_instant
from itomm.reports.roadmap import RoadmapShown, cost_text, what_to_do
from itomm.reports.wording import EFFORT_WORDS, VERDICT_WORDS, words_for
from itomm.scoring.planning.roadmap import PlannedStep
from itomm.scoring.planning.steps import Step

COMMON_LABEL = "itomm"
"""Every ticket carries it, so that all of them are found with one search."""

_SERVICES_LISTED = 50


@dataclass(frozen=True)
class Section:
    """A heading with paragraphs, or with points of a list."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()


@dataclass(frozen=True)
class TicketDraft:
    """One step of a roadmap as a ticket; all text is plain.

    Attributes:
        label: names scope and criterion and stays the same for ever, so that the ticket is found again.
        phase: the roadmap's phase, from 1.
    """

    criterion: str
    scope: str
    label: str
    phase: int
    title: str
    sections: tuple[Section, ...]


def label_of(scope: str, criterion: str) -> str:
    """The label of the tickets about a criterion of a scope."""
    return f"{COMMON_LABEL}-{scope}-{criterion}"


def ticket_drafts(shown: RoadmapShown, phase: int | None = None) -> list[TicketDraft]:
    """A ticket for each step, in order; of one phase when it is named."""
    return [
        TicketDraft(
            criterion=planned.step.criterion.id,
            scope=shown.scope.id,
            label=label_of(shown.scope.id, planned.step.criterion.id),
            phase=planned.phase,
            title=f"{planned.step.criterion.id}: {planned.step.criterion.title} ({shown.scope.name})",
            sections=tuple(_sections(shown, planned)),
        )
        for planned in shown.roadmap.steps
        if phase is None or planned.phase == phase
    ]


def _sections(shown: RoadmapShown, planned: PlannedStep) -> Iterator[Section]:
    step = planned.step
    criterion = step.criterion
    yield Section("What to do", (what_to_do(shown, step),))
    yield Section("Why", (f"{criterion.question} {criterion.why}",))
    yield Section("What counts as done", (criterion.evidence_of_yes,))
    yield Section("Where it stands", tuple(_standing(shown, step)))
    short = shown.falling_short(step)
    if short:
        left = len(short) - _SERVICES_LISTED
        more = (f"and {left} more",) if left > 0 else ()
        yield Section("Services that fall short", points=(*short[:_SERVICES_LISTED], *more))
    yield Section("Effort and order", tuple(_effort(step)))
    yield Section("About this ticket", (_about(shown, criterion.id),))


def _standing(shown: RoadmapShown, step: Step) -> Iterator[str]:
    inferred = shown.answer(step).inferred
    answer = VERDICT_WORDS[step.answer.verdict]
    said = f"Answer as of {format_instant(shown.assessment.as_of)}: {answer}."
    yield f"{said} Measured: {inferred.measured}." if inferred and inferred.measured else said


def _effort(step: Step) -> Iterator[str]:
    effort = words_for(EFFORT_WORDS, step.criterion.effort)
    yield f"{effort[:1].upper()}{effort[1:]}; cost {cost_text(step)} in the unit of the roadmap."
    if step.needs:
        yield f"First: {', '.join(step.needs)}."


def _about(shown: RoadmapShown, criterion: str) -> str:
    part = f" {shown.part}" if shown.part else ""
    return (
        f"itomm made this of the roadmap of {shown.scope.name}{part} to level {shown.roadmap.aim.level}. "
        f"It is found again by its label {label_of(shown.scope.id, criterion)}. Closing it changes no score: "
        f"itomm looks at the evidence, and 'itomm explain {criterion}' shows it."
    )
