"""Backup runs, read from the time of the last success that backup tools publish."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from itomm.collectors.contract import CollectionContext
from itomm.collectors.prometheus.api import PrometheusApi
from itomm.collectors.prometheus.coverage import note_coverage
from itomm.collectors.prometheus.links import graph_page
from itomm.collectors.prometheus.periods import DAY, steps_between
from itomm.collectors.prometheus.samples import Labels, Series, first_label, instant_from_epoch, service_keys
from itomm.collectors.prometheus.settings import PrometheusSettings
from itomm.evidence.observation import Observation, Page

_DATA_SET_LABELS = ("data_set", "dataset", "database", "volume", "schedule", "backup", "service", "instance")
_TOOL_LABELS = ("tool", "exporter", "job")
_CLAIMS = ("offsite", "immutable", "encrypted")


def backup_pages(
    api: PrometheusApi, settings: PrometheusSettings, context: CollectionContext
) -> Iterator[Page]:
    """Each distinct time of a last success, looked at every midnight and now, is one successful run.

    Runs that a later one of the same day overtook are not seen.
    """
    note_coverage(api, settings, context)
    query = settings.queries.backup_last_success
    days = steps_between(context.since, context.until, DAY)
    seen: set[tuple[str, datetime]] = set()
    yield Page(tuple(_new_runs(api.over(query, days), seen, settings, context)), api.last_request)
    yield Page(tuple(_new_runs(api.now(query), seen, settings, context)), api.last_request)


def _new_runs(
    found: list[Series],
    seen: set[tuple[str, datetime]],
    settings: PrometheusSettings,
    context: CollectionContext,
) -> Iterator[Observation]:
    for series in found:
        for sample in series.samples:
            finished = instant_from_epoch(sample.value)
            if finished is None or not context.since <= finished <= context.until:
                continue
            if (series.identity, finished) not in seen:
                seen.add((series.identity, finished))
                yield _backup(series, finished, settings)


def _backup(series: Series, finished: datetime, settings: PrometheusSettings) -> Observation:
    labels = series.labels
    return Observation(
        source_ref=f"{series.identity}@{int(finished.timestamp())}",
        fields={
            "data_set": first_label(labels, _DATA_SET_LABELS) or series.identity,
            "tool": first_label(labels, _TOOL_LABELS) or "unknown",
            "finished_at": finished,
            "status": "success",
            **{claim: _claimed(labels, claim) for claim in _CLAIMS},
        },
        raw={"metric": dict(labels), "last_success": int(finished.timestamp())},
        url=graph_page(settings.page, settings.queries.backup_last_success, finished, "30d"),
        service_keys=service_keys(labels, settings.service_labels),
    )


def _claimed(labels: Labels, name: str) -> bool | None:
    said = labels.get(name, "").lower()
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(said)
