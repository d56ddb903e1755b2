"""One record a day and series: availability, and utilisation of finite resources."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from itomm.collectors.contract import CollectionContext
from itomm.collectors.payload import instant_of
from itomm.collectors.prometheus import queries
from itomm.collectors.prometheus.api import PrometheusApi
from itomm.collectors.prometheus.coverage import note_coverage
from itomm.collectors.prometheus.links import graph_page
from itomm.collectors.prometheus.periods import DAY, whole_days
from itomm.collectors.prometheus.samples import Labels, Series, first_label, service_keys
from itomm.collectors.prometheus.settings import PrometheusSettings
from itomm.evidence.observation import Observation, Page

CHUNK_DAYS = 31  # keeps each answer small and each query light for the server

_SECONDS_OF_A_DAY = 86_400
_ROUNDING = 0.01  # arithmetic on counters overshoots 0 and 1 a little; beyond this a value is no share

_RESOURCE_LABELS = ("mountpoint", "device", "queue", "pool", "resource", "persistentvolumeclaim")
_OWNER_OF_RESOURCE = ("instance", "node", "pod", "namespace", "service")

Daily = dict[tuple[str, datetime], float]
"""A value by the identity of its series and the day's first instant."""


def uptime_pages(
    api: PrometheusApi, settings: PrometheusSettings, context: CollectionContext
) -> Iterator[Page]:
    """Availability by day; days without samples have no record, because a gap is not downtime."""
    note_coverage(api, settings, context)
    reached = instant_of((context.resume_from or {}).get("last"))
    for chunk in whole_days(context.since, context.until).chunks(CHUNK_DAYS, reached):
        present = _by_day(api.over(settings.queries.availability_samples, chunk))
        availability = api.over(settings.queries.availability, chunk)
        found = [
            _uptime(series, day, share, present[series.identity, day], settings)
            for series in availability
            for day, share in _days(series)
            if present.get((series.identity, day), 0) > 0
        ]
        yield Page(tuple(found), api.last_request, {"last": chunk.last.isoformat()})


def capacity_pages(
    api: PrometheusApi, settings: PrometheusSettings, context: CollectionContext
) -> Iterator[Page]:
    """Utilisation by day: 95th percentile and maximum of each resource of each kind."""
    note_coverage(api, settings, context)
    kinds = list(settings.queries.capacity)
    resume_from = context.resume_from or {}
    first = kinds.index(resume_from["kind"]) if resume_from else 0
    for kind in kinds[first:]:
        expression = settings.queries.capacity[kind]
        reached = instant_of(resume_from["last"]) if kind == resume_from.get("kind") else None
        for chunk in whole_days(context.since, context.until).chunks(CHUNK_DAYS, reached):
            highest = _by_day(api.over(queries.CAPACITY_MAX.format(expression=expression), chunk))
            usual = api.over(queries.CAPACITY_P95.format(expression=expression), chunk)
            found = [
                _capacity(kind, series, (day, p95, highest[series.identity, day]), settings)
                for series in usual
                for day, p95 in _days(series)
                if (series.identity, day) in highest
            ]
            yield Page(tuple(found), api.last_request, {"kind": kind, "last": chunk.last.isoformat()})


def _by_day(found: list[Series]) -> Daily:
    return {(series.identity, day): value for series in found for day, value in _days(series)}


def _days(series: Series) -> Iterator[tuple[datetime, float]]:
    """The series' shares by day; the sample at midnight speaks of the day that ends there."""
    for sample in series.samples:
        if -_ROUNDING <= sample.value <= 1 + _ROUNDING:
            yield sample.at - DAY, min(1.0, max(0.0, sample.value))


def _uptime(
    series: Series, day: datetime, share: float, present: float, settings: PrometheusSettings
) -> Observation:
    total = _SECONDS_OF_A_DAY * present
    return Observation(
        source_ref=f"{series.identity}@{day:%Y-%m-%d}",
        fields={
            "date": day,
            "good": total * share,
            "total": total,
            "availability": share,
            "samples_ratio": present,
        },
        raw={"metric": dict(series.labels), "availability": share, "samples": present},
        url=graph_page(settings.page, settings.queries.availability, day + DAY, "30d"),
        service_keys=service_keys(series.labels, settings.service_labels),
    )


def _capacity(
    kind: str, series: Series, used: tuple[datetime, float, float], settings: PrometheusSettings
) -> Observation:
    day, p95, highest = used
    return Observation(
        source_ref=f"{kind} {series.identity}@{day:%Y-%m-%d}",
        fields={
            "resource": _resource(kind, series.labels),
            "kind": kind,
            "date": day,
            "p95": p95,
            "max": max(p95, highest),
        },
        raw={"metric": dict(series.labels), "p95": p95, "max": highest},
        url=graph_page(settings.page, settings.queries.capacity[kind], day + DAY, "30d"),
        service_keys=service_keys(series.labels, settings.service_labels),
    )


def _resource(kind: str, labels: Labels) -> str:
    parts = [first_label(labels, _OWNER_OF_RESOURCE), kind, first_label(labels, _RESOURCE_LABELS)]
    return " ".join(part for part in parts if part)
