"""Endpoints that the server scrapes now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from itomm.collectors.contract import CollectionContext
from itomm.collectors.payload import Payload, instant_of, rows_of
from itomm.collectors.prometheus.alert_rules import labels_of
from itomm.collectors.prometheus.api import PrometheusApi
from itomm.collectors.prometheus.kinship import doubt_emptiness
from itomm.collectors.prometheus.links import target_page
from itomm.collectors.prometheus.samples import service_keys
from itomm.collectors.prometheus.settings import PrometheusSettings
from itomm.evidence.observation import Observation, Page

_HEALTH = frozenset({"up", "down"})


def scrape_target_pages(
    api: PrometheusApi, settings: PrometheusSettings, context: CollectionContext
) -> Iterator[Page]:
    """One page with all active targets."""
    data = api.read("targets", state="active")
    page = Page(tuple(scrape_targets(data, settings)), api.last_request)
    if not page.observations:
        doubt_emptiness("scrape targets", api, context)
    yield page


def scrape_targets(data: Payload, settings: PrometheusSettings) -> Iterator[Observation]:
    """The active targets in the ``data`` of ``/api/v1/targets``, by job and instance."""
    targets = rows_of(data.get("activeTargets"))
    seen: Counter[str] = Counter()
    for target in sorted(targets, key=lambda target: (_name(target), str(target.get("scrapeUrl", "")))):
        name = _name(target)
        seen[name] += 1  # several paths of one instance, or a target listed in several pools
        yield _scrape_target(target, f"{name}#{seen[name]}" if seen[name] > 1 else name, settings)


def _name(target: Payload) -> str:
    labels = labels_of(target)
    return f"{labels.get('job', '')}/{labels.get('instance', '')}"


def _scrape_target(target: Payload, source_ref: str, settings: PrometheusSettings) -> Observation:
    labels = labels_of(target)
    health = str(target.get("health"))
    return Observation(
        source_ref=source_ref,
        fields={
            "job": labels.get("job", ""),
            "instance": labels.get("instance", ""),
            "health": health if health in _HEALTH else "unknown",
            "last_scrape_at": _scraped(target.get("lastScrape")),
            "labels": dict(labels),
        },
        raw={key: value for key, value in target.items() if key != "discoveredLabels"},
        url=target_page(settings.page, labels.get("job", "")),
        service_keys=service_keys(labels, settings.service_labels),
    )


def _scraped(value: object) -> datetime | None:
    instant = instant_of(value)
    return None if instant is None or instant.year == 1 else instant
