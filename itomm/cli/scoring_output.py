"""What score and assess print: tables, JSON or CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from itomm.cli.overview import print_overview
from itomm.cli.tables import csv_text, print_paragraph, write_out
from itomm.cli.workspace import Scored
from itomm.reports.assessment_statement import Attested
from itomm.reports.document import assessment_document, to_json
from itomm.reports.wording import share_text
from itomm.scoring.assessment import Assessment, View

CSV_HEADINGS = (
    "scope",
    "criterion",
    "level",
    "weight",
    "view",
    "verdict",
    "low",
    "point",
    "high",
    "known",
    "confidence",
    "layer",
    "reason",
    "measured",
)


def print_scored(scored: Scored, output: str, attested: Callable[[], Attested]) -> None:
    """Print an assessment in one of the formats table, json and csv; a table also says who signed it."""
    if output == "json":
        write_out(to_json(assessment_document(scored.assessment)))
    elif output == "csv":
        write_out(csv_text(CSV_HEADINGS, csv_rows(scored.assessment)))
    else:
        print_overview(scored.assessment)
        print_paragraph("")
        what_if = "What would be, if; nothing was written and no score changed."
        print_paragraph(what_if if scored.assessment.assumptions else attested().sentence)


def csv_rows(assessment: Assessment) -> Iterator[tuple[str, ...]]:
    """A row for each scope, criterion and view."""
    criteria = assessment.model.by_id
    for scope in assessment.scopes:
        for answer in scope.answers:
            criterion = criteria[answer.criterion]
            inferred = answer.inferred
            for view in View:
                counts = answer.in_force[view]
                sides = counts.points
                yield (
                    scope.id,
                    answer.criterion,
                    str(criterion.level),
                    str(criterion.weight),
                    view.value,
                    counts.verdict.value,
                    *(
                        (f"{float(side):.4f}" for side in (sides.low, sides.point, sides.high))
                        if sides
                        else ("",) * 3
                    ),
                    share_text(counts.known_share),
                    f"{float(counts.confidence):.3f}",
                    counts.layer,
                    counts.reason.value if counts.reason else "",
                    (inferred.measured or "") if inferred else "",
                )
