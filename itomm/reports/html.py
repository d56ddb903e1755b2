"""The HTML report: one self-contained file, without script, from plain data."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from itomm.config.clock import format_instant
from itomm.reports import wording
from itomm.reports.assessment_statement import Attested
from itomm.reports.caveats import SIGNAL_WORDS, not_looked_lines
from itomm.reports.charts import RADAR_AXES, Axis, Scale, interval_bar, radar
from itomm.reports.criterion_groups import grouped
from itomm.reports.criterion_view import CriterionView, criterion_view, index_scopes
from itomm.reports.overview import (
    AreaRow,
    area_rows,
    collection_problems,
    heat_rows,
    override_rows,
    overrides_notice,
    services_spread,
    unknown_by_reason,
)
from itomm.reports.reliance import shown_reliances
from itomm.reports.untrusted import anchor, safe_link, visible_text
from itomm.reports.verdict import HEADLINE_VIEW, organisation_of, verdict_sentence
from itomm.scoring.assessment import Assessment, EvidenceRecord, Interval, View


def render_report(
    assessment: Assessment,
    evidence: Mapping[tuple[str, str], Sequence[EvidenceRecord]],
    rules: Mapping[str, str],
    generated_by: str,
    *,
    attested: Attested | None = None,
    benchmark: str = "",
) -> str:
    """Write the whole report as one HTML page; the same input gives the same text.

    Args:
        assessment: what to report.
        evidence: (criterion id, scope id) -> the records to show behind that answer. All that are given
            are shown; the caller decides how many that is.
        rules: rule name -> its YAML as written.
        generated_by: name and version of the program, for the foot.
        attested: whether the assessment was recorded and signed; None says nothing of it.
        benchmark: how measured values stand beside published figures, in a line; "" where none can.
    """
    style = _stylesheet()
    criteria = _criteria(assessment, evidence, rules)
    areas = area_rows(assessment)
    scale = Scale(min(assessment.model.levels), max(assessment.model.levels))
    return (
        _environment()
        .get_template("report.html")
        .render(
            assessment=assessment,
            organisation=organisation_of(assessment),
            verdict=verdict_sentence(assessment),
            notice=overrides_notice(assessment),
            problems=collection_problems(assessment.sources),
            unknown_reasons=unknown_by_reason(criteria),
            areas=areas,
            radar=_radar(areas, scale),
            scale=scale,
            heat=heat_rows(assessment),
            spread=services_spread(assessment),
            overrides=override_rows(assessment),
            signal_words=SIGNAL_WORDS,
            not_looked=not_looked_lines(assessment.not_looked),
            reliances=shown_reliances(assessment),
            groups={
                practice.id: grouped([each for each in criteria if each.text.practice == practice.id])
                for practice in assessment.model.practices
            },
            generated_by=generated_by,
            attested=attested,
            benchmark=benchmark,
            style=Markup(style),  # noqa: S704 - our own stylesheet, not input
            style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        )
    )


def _criteria(
    assessment: Assessment,
    evidence: Mapping[tuple[str, str], Sequence[EvidenceRecord]],
    rules: Mapping[str, str],
) -> tuple[CriterionView, ...]:
    scopes = index_scopes(assessment.scopes)
    score = organisation_of(assessment).views[HEADLINE_VIEW]
    holding_back = {criterion for practice in score.practices for criterion in practice.held_back_by}
    return tuple(
        criterion_view(
            text,
            scopes,
            evidence,
            rules,
            holds_back=text.id in holding_back,
            caveats=assessment.caveats,
        )
        for text in assessment.model.criteria
    )


def _radar(areas: Sequence[AreaRow], scale: Scale) -> Markup | None:
    axes = [Axis(row.part.name, row.score.index, row.score.level.rated) for row in areas if row.score]
    if len(axes) not in RADAR_AXES:
        return None
    title = f"Maturity index by area, from {scale.lowest} to {scale.highest}"
    drawn = radar(axes, prefix="radar", title=title, scale=scale)
    return Markup(drawn)  # noqa: S704 - written by an XML library, which escapes


def _bar(index: Interval, name: str, *, rated: bool, scale: Scale) -> Markup:
    title = f"Index of {name}"
    drawn = interval_bar(index, prefix=anchor("bar", name), title=title, rated=rated, scale=scale)
    return Markup(drawn)  # noqa: S704 - written by an XML library, which escapes


def _shown(value: object) -> object:
    """What the templates print passes here before it is escaped."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else visible_text(value)


@cache
def _stylesheet() -> str:
    return resources.files("itomm.reports").joinpath("static", "report.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("itomm.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        anchor=lambda name, kind: anchor(kind, name),
        bounds=wording.level_bounds_text,
        confidence=wording.confidence_text,
        count=wording.count_text,
        day=wording.day_text,
        index=wording.index_text,
        instant=wording.instant_text,
        iso=format_instant,
        level=wording.level_text,
        link=safe_link,
        share=wording.share_text,
        weight=wording.weight_text,
        words=lambda word, vocabulary: wording.words_for(vocabulary, word),
    )
    environment.globals.update(bar=_bar, views=tuple(View), wording=wording, headline=HEADLINE_VIEW)
    return environment
