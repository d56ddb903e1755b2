"""How far back the server's history truly reaches; a value alone never tells."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import requests

from itomm.collectors.contract import CollectionContext
from itomm.collectors.payload import text_of
from itomm.collectors.prometheus.api import PrometheusApi
from itomm.collectors.prometheus.periods import DAY, steps_between
from itomm.collectors.prometheus.settings import PrometheusSettings

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}
_DURATION = re.compile(r"(?:\d+(?:ms|[smhdwy]))+")
_PART = re.compile(r"(\d+)(ms|[smhdwy])")
_FLAG = re.compile(r'^-?retentionPeriod="([^"]+)"', re.MULTILINE)


def note_coverage(api: PrometheusApi, settings: PrometheusSettings, context: CollectionContext) -> None:
    """Tell the context from when on the server has samples: by its oldest one, and by its retention."""
    oldest = _oldest_sample(api, settings, context)
    if oldest is None:
        context.warn(
            f"no sample answers {settings.queries.oldest_sample}, so this server's history counts as empty"
        )
        context.covered(context.until, context.until)
        return
    context.covered(oldest, context.until)
    retention = _retention(api, settings)
    if retention is not None and context.until - retention > context.since:
        context.covered(context.until - retention, context.until)
        context.warn(f"this server keeps {retention.days} days; older history is unknown")


def _oldest_sample(
    api: PrometheusApi, settings: PrometheusSettings, context: CollectionContext
) -> datetime | None:
    """The earliest day step with a sample; the start of the window when that step is the window's first."""
    steps = steps_between(context.since, context.until, DAY)
    sampled = [
        sample.at for series in api.over(settings.queries.oldest_sample, steps) for sample in series.samples
    ]
    if not sampled:
        newest = [
            sample.at for series in api.now(settings.queries.oldest_sample) for sample in series.samples
        ]
        return min(newest, default=None)
    return context.since if min(sampled) <= steps.first else min(sampled)


def _retention(api: PrometheusApi, settings: PrometheusSettings) -> timedelta | None:
    """The time after which the server deletes samples; None where it does not say (as Thanos)."""
    if settings.retention_days is not None:
        return timedelta(days=settings.retention_days)
    try:
        return retention_of(text_of(api.read("status/runtimeinfo").get("storageRetention")) or "")
    except requests.HTTPError:
        return _retention_of_victoria_metrics(api)


def _retention_of_victoria_metrics(api: PrometheusApi) -> timedelta | None:
    """What VictoriaMetrics was started with; None for every other server."""
    try:
        flag = _FLAG.search(api.text("flags"))
    except requests.HTTPError:
        return None
    return victoria_metrics_retention_of(flag.group(1)) if flag else None


def victoria_metrics_retention_of(text: str) -> timedelta | None:
    """The time in ``12`` (months of 31 days), ``30d`` or ``1y``, as its flag -retentionPeriod has it."""
    return timedelta(days=31) * int(text) if text.isdecimal() and int(text) else retention_of(text)


def retention_of(text: str) -> timedelta | None:
    """The time in ``15d``, ``1y2w`` or ``400d or 512MB``; None when it has none or is unlimited."""
    found = _DURATION.match(text.strip())
    if found is None:
        return None
    seconds = sum(
        int(number) / 1000 if unit == "ms" else int(number) * _SECONDS[unit]
        for number, unit in _PART.findall(found.group())
    )
    return timedelta(seconds=seconds) if seconds else None
