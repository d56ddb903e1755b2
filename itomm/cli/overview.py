"""Printing an assessment: the verdict in a sentence, then levels in tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from itomm.cli.tables import print_paragraph, print_table
from itomm.config.errors import UsageError
from itomm.config.structure import nearest
from itomm.reports.caveats import caveats_notice
from itomm.reports.reliance import HEADINGS as RELIANCE_HEADINGS
from itomm.reports.reliance import capped, reliance_on, reliance_rows, reliance_sentence
from itomm.reports.verdict import verdict_sentence
from itomm.reports.wording import index_text, level_bounds_text, level_text, share_text
from itomm.scoring.assessment import (
    AreaScore,
    Assessment,
    PracticeScore,
    ScopeKind,
    ScopeResult,
    ScopeScore,
    View,
)

HEADINGS = ("", "level", "range", "index", "known", "held back by")
VIEW_NAMES = {
    View.EVIDENCE: "on evidence alone",
    View.STATED: "with stated answers",
    View.OVERRIDES: "with overrides",
}


def print_overview(assessment: Assessment) -> None:
    """The verdict, the three views side by side, the areas, and the services."""
    organisation = assessment.scopes[0]
    print_paragraph(verdict_sentence(assessment), style="bold")
    print_paragraph("")
    print_table("", ("view", *HEADINGS[1:5]), view_rows(organisation), right=(1, 3, 4))
    if told := reliance_sentence(reliance_on(assessment, organisation.id)):
        print_paragraph(told)
    if capped(assessment):
        print_paragraph("")
        print_table(
            "More rests on people's words than may",
            RELIANCE_HEADINGS,
            list(reliance_rows(capped(assessment))),
        )
    print_paragraph("")
    rows = list(level_rows(assessment, organisation.views[View.OVERRIDES]))
    print_table("Areas and practices", HEADINGS, rows, right=(1, 3, 4))
    services = [scope for scope in assessment.scopes if scope.kind is not ScopeKind.ORGANISATION]
    if services:
        print_paragraph("")
        print_table(
            "Groups and services", ("", "tier", *HEADINGS[1:5]), scope_rows(services), right=(1, 2, 4, 5)
        )
    if notice := caveats_notice(assessment):
        print_paragraph("")
        print_paragraph(f"{notice} 'itomm review' lists them.")


def view_rows(scope: ScopeResult) -> list[tuple[str, ...]]:
    """A row for each view of a scope."""
    return [(VIEW_NAMES[view], *_numbers(scope.views[view])) for view in View]


def level_rows(assessment: Assessment, score: ScopeScore) -> Iterator[tuple[str, ...]]:
    """Areas with their practices, in the questionnaire's order."""
    practices = {practice.practice: practice for practice in score.practices}
    areas = {area.area: area for area in score.areas}
    for area in assessment.model.areas:
        if area.id in areas:
            yield (f"{area.id} {area.name}", *_numbers(areas[area.id]), "")
        for named in assessment.model.practices:
            practice = practices.get(named.id)
            if named.area == area.id and practice is not None:
                held = ", ".join(_short(practice.held_back_by))
                yield (f"  {named.id}", *_numbers(practice), held)


def scope_rows(scopes: Sequence[ScopeResult]) -> list[tuple[str, ...]]:
    """A row for each scope, with overrides."""
    return [
        (
            scope.id if scope.kind is ScopeKind.SERVICE else f"{scope.id} (group)",
            str(scope.tier or ""),
            *_numbers(scope.views[View.OVERRIDES]),
        )
        for scope in scopes
    ]


def find_scope(assessment: Assessment, scope_id: str | None) -> ScopeResult:
    """The scope with an id; the organisation when none is named.

    Raises:
        UsageError: there is no such scope.
    """
    if scope_id is None:
        return assessment.scopes[0]
    for scope in assessment.scopes:
        if scope.id == scope_id:
            return scope
    known = [scope.id for scope in assessment.scopes]
    raise UsageError(f"There is no scope '{scope_id}'. {nearest(scope_id, known)}")


def _numbers(score: ScopeScore | AreaScore | PracticeScore) -> tuple[str, str, str, str]:
    return (
        level_text(score.level),
        level_bounds_text(score.level),
        index_text(score.index.point),
        share_text(score.known_share),
    )


def _short(criteria: Sequence[str]) -> list[str]:
    """The first two criteria by level and number, and how many more there are."""
    shown = [criterion.rsplit("-", 1)[-1] for criterion in criteria[:2]]
    return [*shown, f"{len(criteria) - 2} more"] if len(criteria) > 2 else shown
