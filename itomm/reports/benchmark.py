"""Comparisons with published figures as a JSON document, CSV, Markdown, rows and one line of words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from itomm import __version__
from itomm.reports.document import plain
from itomm.scoring.assessment import Assessment, ScopeResult
from itomm.scoring.benchmark.comparing import Comparison, newest_standings
from itomm.scoring.benchmark.figures import Benchmark, FigureDocument

SCHEMA = "itomm/benchmark/1"
HEADINGS = ("year", "published", "n", "stands")
ROW_HEADINGS = ("measure", "here", *HEADINGS)
REFUSED_HEADINGS = ("figure", "year", "why it is not compared")
CSV_HEADINGS = (
    "scope",
    "figure",
    "title",
    "year",
    "published",
    "n",
    "basis",
    "verified",
    "criterion",
    "measured",
    "counted",
    "confidence",
    "stands",
    "not_compared",
    "source",
    "url",
)
BASIS_WORDS: Mapping[str, str] = {
    "survey": "a survey",
    "platform": "data of a platform's customers",
    "requirement": "a recommendation or rule",
    "assessment": "assessments by others",
    "self_assessment": "assessments of themselves",
}
NO_EFFECT = "No comparison changes an answer or a level."
NOT_STATED = "not stated where it was read"


@dataclass(frozen=True)
class BenchmarkShown:
    """One scope's comparisons with a file of figures; ``areas`` narrows them, empty for all."""

    benchmark: Benchmark
    assessment: Assessment
    scope: ScopeResult
    found: tuple[Comparison, ...]

    @property
    def compared(self) -> list[Comparison]:
        """What could be compared."""
        return [each for each in self.found if each.stands]

    @property
    def refused(self) -> list[Comparison]:
        """What could be compared under other circumstances, but not here."""
        return [each for each in self.found if not each.stands and each.figure.said.compared]

    @property
    def never(self) -> list[Comparison]:
        """What no assessment can be compared with."""
        return [each for each in self.found if each.figure.said.compared is None]


def summary(shown: BenchmarkShown) -> str:
    """How many figures were compared, in a sentence."""
    return (
        f"{shown.scope.name}: {len(shown.compared)} of {len(shown.found)} published figures compared, "
        f"{len(shown.refused)} refused here, {len(shown.never)} never comparable."
    )


@dataclass(frozen=True)
class Measure:
    """What was compared of one criterion: the value here, and each figure beside it, the newest first."""

    title: str
    here: str
    found: tuple[Comparison, ...]

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """A row for each figure."""
        return [
            (
                str(each.figure.said.year),
                each.figure.said.figure,
                each.figure.said.n or "not stated",
                each.stands,
            )
            for each in self.found
        ]

    @property
    def differs(self) -> list[str]:
        """How the value here differs from what the figures are about."""
        return list(
            dict.fromkeys(
                each.figure.said.compared.differs for each in self.found if each.figure.said.compared
            )
        )


def measures(shown: BenchmarkShown) -> list[Measure]:
    """What was compared, by criterion."""
    by_criterion: dict[str, list[Comparison]] = {}
    for each in shown.compared:
        if each.figure.said.compared:
            by_criterion.setdefault(each.figure.said.compared.criterion, []).append(each)
    return [_measure(criterion, found) for criterion, found in by_criterion.items()]


def _measure(criterion: str, found: Sequence[Comparison]) -> Measure:
    newest = sorted(found, key=lambda each: -each.figure.said.year)
    first = newest[0]
    here = f"{first.measured} ({first.counted} counted, {first.base} evidence)"
    return Measure(f"{criterion} {measure_name(first)}", here, tuple(newest))


def measure_name(found: Comparison) -> str:
    """What a figure is about, without its year: "Lead time for changes"."""
    return found.figure.said.title.partition(",")[0]


def refused_rows(found: Sequence[Comparison]) -> Iterator[tuple[str, ...]]:
    """A row for each that was not."""
    for each in found:
        yield each.figure.said.title, str(each.figure.said.year), each.refused


def source_notes(found: Sequence[Comparison]) -> list[str]:
    """Each source once: what it is, how many stand behind it, and how it differs from the measure here."""
    notes: dict[str, list[str]] = {}
    for each in found:
        said = each.figure.said
        note = f"{said.source}, {said.url}: {BASIS_WORDS[said.basis]}, n {said.n or NOT_STATED}"
        note += f", {_verified(said)}."
        more = notes.setdefault(note, [])
        if said.remark and said.remark not in more:
            more.append(said.remark)
    return [" ".join([note, *more]) for note, more in notes.items()]


def first_line(found: Sequence[Comparison]) -> str:
    """For a report's first page: the newest standing of each measure; "" when nothing could be compared."""
    newest = newest_standings(found)
    if not newest:
        return ""
    parts = [
        f"{measure_name(each).lower()} {each.measured}, {each.stands} "
        f"({each.figure.said.by} {each.figure.said.year})"
        for each in newest
    ]
    return f"Beside published figures: {'; '.join(parts)}. {NO_EFFECT}"


def benchmark_document(shown: BenchmarkShown) -> dict[str, Any]:
    """Everything as plain data."""
    return {
        "schema": SCHEMA,
        "itomm_version": __version__,
        "benchmark": {"name": shown.benchmark.name, "version": shown.benchmark.version},
        "organisation": shown.assessment.organisation,
        "as_of": plain(shown.assessment.as_of),
        "profile": shown.assessment.profile,
        "inputs": plain(shown.assessment.inputs),
        "scope": {"id": shown.scope.id, "name": shown.scope.name, "kind": shown.scope.kind.value},
        "comparisons": [_comparison(each) for each in shown.found],
    }


def csv_rows(shown: BenchmarkShown) -> Iterator[tuple[str, ...]]:
    """A row for each figure."""
    for each in shown.found:
        said = each.figure.said
        yield (
            shown.scope.id,
            said.id,
            said.title,
            str(said.year),
            said.figure,
            said.n or "",
            said.basis,
            said.verified,
            said.compared.criterion if said.compared else "",
            each.measured,
            "" if each.counted is None else str(each.counted),
            each.base,
            each.stands,
            each.refused,
            said.source,
            said.url,
        )


def markdown(shown: BenchmarkShown) -> str:
    """A short page: what was compared, what was refused, the sources."""
    lines = [f"## {_cell(summary(shown))}", "", NO_EFFECT, ""]
    for measure in measures(shown):
        rows = ((measure.title, measure.here, *row) for row in measure.rows)
        lines += [*_table(ROW_HEADINGS, rows), *measure.differs, ""]
    if shown.refused:
        lines += ["Not compared here:", "", *_table(REFUSED_HEADINGS, refused_rows(shown.refused))]
    if shown.compared:
        lines += [*(f"- {_cell(each)}" for each in source_notes(shown.compared)), ""]
    lines.append(f"As of {plain(shown.assessment.as_of)}, figures of version {shown.benchmark.version}.")
    return "\n".join(lines) + "\n"


def _table(headings: Sequence[str], table: Iterator[tuple[str, ...]]) -> list[str]:
    lines = [f"| {' | '.join(headings)} |", f"|{' --- |' * len(headings)}"]
    return [*lines, *(f"| {' | '.join(_cell(cell) for cell in row)} |" for row in table), ""]


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _verified(said: FigureDocument) -> str:
    return "read at the source" if said.verified == "primary" else "quoted by others"


def _comparison(each: Comparison) -> dict[str, Any]:
    said = each.figure.said
    compared = said.compared
    return {
        "figure": said.model_dump(mode="json", exclude={"compared", "not_compared"}),
        "criterion": compared.criterion if compared else None,
        "bands": dict(compared.bands) if compared else {},
        "shares": dict(compared.shares) if compared else {},
        "differs": compared.differs if compared else None,
        "measured": each.measured or None,
        "counted": each.counted,
        "confidence": each.base or None,
        "stands": each.stands or None,
        "not_compared": each.refused or None,
    }
