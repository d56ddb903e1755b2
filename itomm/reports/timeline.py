"""A timeline as a JSON document, as CSV and as the rows of a table.

Where a level is not rated, neither it nor its index is given: both would count what is unknown as nothing
and read as a low month. Their bounds are given always.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from itomm import __version__
from itomm.config.clock import format_instant
from itomm.reports.document import plain
from itomm.reports.wording import bounds_text, day_text, index_text, level_bounds_text, level_text, share_text
from itomm.scoring.assessment import AreaScore, ScopeScore, View
from itomm.scoring.timeline import Timeline, TimelinePoint

SCHEMA = "itomm/timeline/1"
OVERALL = "overall"
CSV_HEADINGS = (
    "as_of",
    "scope",
    "view",
    "part",
    "rated",
    "level",
    "level_low",
    "level_high",
    "index",
    "index_low",
    "index_high",
    "known",
)


def timeline_document(timeline: Timeline) -> dict[str, Any]:
    """The whole timeline as plain data; fractions rounded once, to six decimals."""
    return {
        "schema": SCHEMA,
        "itomm_version": __version__,
        "organisation": timeline.organisation,
        "profile": timeline.profile,
        "scope": {
            "id": timeline.subject.id,
            "name": timeline.subject.name,
            "kind": timeline.subject.kind.value,
        },
        "inputs": plain(timeline.inputs),
        "state_known_from": plain(timeline.state_known_from),
        "points": [_point(point) for point in timeline.points],
    }


def csv_rows(timeline: Timeline) -> Iterator[tuple[str, ...]]:
    """A row for each instant, view, and the whole or one area."""
    for point in timeline.points:
        for view, score in point.views.items():
            for part, scored in _parts(score):
                level, index = scored.level, scored.index
                yield (
                    format_instant(point.as_of),
                    timeline.subject.id,
                    view.value,
                    part,
                    "yes" if level.rated else "no",
                    str(level.point) if level.rated else "",
                    str(level.low),
                    str(level.high),
                    index_text(index.point) if level.rated else "",
                    index_text(index.low),
                    index_text(index.high),
                    f"{float(scored.known_share):.4f}",
                )


def table_headings(timeline: Timeline) -> tuple[str, ...]:
    """Headings of :func:`table_rows`."""
    return ("as of", "level", "range", "index", "known", *(area.id for area in timeline.model.areas))


def table_rows(timeline: Timeline) -> Iterator[tuple[str, ...]]:
    """A row for each instant, with overrides: the whole, then each area's level."""
    for point in timeline.points:
        score = point.views[View.OVERRIDES]
        areas = {area.area: level_text(area.level) for area in score.areas}
        yield (
            day_text(point.as_of),
            level_text(score.level),
            level_bounds_text(score.level),
            _index_text(score),
            share_text(score.known_share),
            *(areas.get(area.id, "") for area in timeline.model.areas),
        )


def _index_text(score: ScopeScore) -> str:
    if score.level.rated:
        return index_text(score.index.point)
    return bounds_text(index_text(score.index.low), index_text(score.index.high))


def _point(point: TimelinePoint) -> dict[str, Any]:
    return {
        "as_of": plain(point.as_of),
        "decisions": point.decisions,
        "unknown": plain(point.unknown),
        "views": {view.value: _score(score) for view, score in point.views.items()},
    }


def _score(score: ScopeScore) -> dict[str, Any]:
    numbers = {part: _numbers(scored) for part, scored in _parts(score)}
    return {**numbers.pop(OVERALL), "areas": numbers}


def _parts(score: ScopeScore) -> Iterator[tuple[str, ScopeScore | AreaScore]]:
    yield OVERALL, score
    yield from ((area.area, area) for area in score.areas)


def _numbers(scored: ScopeScore | AreaScore) -> dict[str, Any]:
    level, index = scored.level, scored.index
    return {
        "level": {
            "low": level.low,
            "point": level.point if level.rated else None,
            "high": level.high,
            "rated": level.rated,
        },
        "index": {
            "low": plain(index.low),
            "point": plain(index.point) if level.rated else None,
            "high": plain(index.high),
        },
        "known_share": plain(scored.known_share),
        "confidence": plain(scored.confidence),
    }
