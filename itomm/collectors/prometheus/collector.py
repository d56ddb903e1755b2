"""The Prometheus collector."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from itomm.collectors.contract import (
    Check,
    CheckState,
    CollectionContext,
    Collector,
    CollectorSettings,
    Stream,
)
from itomm.collectors.payload import rows_of
from itomm.collectors.prometheus.alert_events import alert_event_pages
from itomm.collectors.prometheus.alert_rules import alert_rule_pages
from itomm.collectors.prometheus.api import PrometheusApi
from itomm.collectors.prometheus.backups import backup_pages
from itomm.collectors.prometheus.certificates import certificate_pages
from itomm.collectors.prometheus.daily_series import capacity_pages, uptime_pages
from itomm.collectors.prometheus.objectives import objective_pages
from itomm.collectors.prometheus.rules_in_git import repository_checks
from itomm.collectors.prometheus.scrape_targets import scrape_target_pages
from itomm.collectors.prometheus.settings import PrometheusSettings
from itomm.evidence.observation import Page

_NEEDS = "read access to the HTTP API (/api/v1)"

_PAGES: dict[str, Callable[[PrometheusApi, PrometheusSettings, CollectionContext], Iterator[Page]]] = {
    "alert_rule": alert_rule_pages,
    "alert_event": alert_event_pages,
    "scrape_target": scrape_target_pages,
    "slo": objective_pages,
    "uptime_series": uptime_pages,
    "capacity_series": capacity_pages,
    "certificate": certificate_pages,
    "backup_job": backup_pages,
}

_CANNOT_TELL: dict[str, tuple[str, ...]] = {
    "alert_event": ("acked_at", "receiver", "silenced", "ticket_keys"),
    "slo": ("budget_policy",),
    "capacity_series": ("autoscaled", "limit"),
    "certificate": ("auto_renew", "not_before"),
    "backup_job": ("encrypted", "immutable", "offsite", "rpo_s", "size_bytes", "started_at"),
}


class PrometheusCollector(Collector):
    """Reads Prometheus, or what answers its HTTP API (Thanos, Mimir, VictoriaMetrics)."""

    name = "prometheus"
    title = "Prometheus"
    settings_model = PrometheusSettings
    streams = tuple(
        Stream(record_type, needs=_NEEDS, cannot_tell=_CANNOT_TELL.get(record_type, ()))
        for record_type in _PAGES
    )

    def __init__(self, settings: CollectorSettings) -> None:
        if not isinstance(settings, PrometheusSettings):
            raise TypeError("the Prometheus collector needs PrometheusSettings")
        self._settings = settings

    def check(self, context: CollectionContext) -> list[Check]:
        """Whether it answers queries, has samples, and loads alerting rules."""
        api = PrometheusApi(self._settings, context)
        up = api.now(self._settings.queries.oldest_sample)
        checks = [Check(f"{self._settings.url} answers queries", CheckState.OK)]
        if not up:
            checks.append(
                Check(
                    "samples are there",
                    CheckState.WARNING,
                    f"nothing answers {self._settings.queries.oldest_sample}",
                    "Set queries.oldest_sample to a metric that this server always has.",
                )
            )
        groups = rows_of(api.read("rules", type="alert").get("groups"))
        rules = sum(len(rows_of(group.get("rules"))) for group in groups)
        state = CheckState.OK if rules else CheckState.WARNING
        checks.append(Check("alerting rules", state, f"{rules} are loaded"))
        return checks + repository_checks(self._settings.rules_in_git, context.until)

    def collect(
        self,
        stream: Stream,
        cursor: str | None,  # noqa: ARG002  every stream is cheap enough to be read whole
        context: CollectionContext,
    ) -> Iterator[Page]:
        """The pages of one stream."""
        api = PrometheusApi(self._settings, context)
        yield from _PAGES[stream.record_type](api, self._settings, context)
