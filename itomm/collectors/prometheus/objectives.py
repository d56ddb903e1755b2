"""Service level objectives that recording rules publish as series."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from itomm.collectors.contract import CollectionContext
from itomm.collectors.payload import Payload, rows_of
from itomm.collectors.prometheus.alert_rules import labels_of
from itomm.collectors.prometheus.api import PrometheusApi
from itomm.collectors.prometheus.expressions import is_burn_rate
from itomm.collectors.prometheus.links import graph_page
from itomm.collectors.prometheus.samples import Labels, Series, first_label, service_keys
from itomm.collectors.prometheus.settings import PrometheusSettings
from itomm.evidence.observation import Observation, Page

_NAME_LABELS = ("sloth_slo", "slo", "slo_name", "objective", "name")
_SERVICE_LABELS_OF_SLOTH = ("sloth_service",)
_KINDS = ("latency", "quality", "freshness", "throughput")


def objective_pages(
    api: PrometheusApi, settings: PrometheusSettings, context: CollectionContext
) -> Iterator[Page]:
    """One page with all objectives, each with the burn-rate alerts that watch it."""
    burn_rules = burn_rate_rules(api.read("rules", type="alert"))
    periods = {
        series.identity: series.samples[-1].value
        for series in api.now(settings.queries.objective_period_days)
        if series.samples
    }
    found = []
    for series in api.now(settings.queries.objective):
        if not series.samples:
            continue
        if not 0 <= series.samples[-1].value <= 1:
            context.warn(f"the objective {series.identity} is no share from 0 to 1 and was left out")
            continue
        days = round(periods.get(series.identity, settings.objective_period_days))
        found.append(_objective(series, days, burn_rules, settings, context))
    yield Page(tuple(found), api.last_request)


def burn_rate_rules(data: Payload) -> list[tuple[str, Labels]]:
    """Name and labels of the alerting rules that watch an error budget."""
    rules = (rule for group in rows_of(data.get("groups")) for rule in rows_of(group.get("rules")))
    return [
        (str(rule.get("name", "")), labels_of(rule))
        for rule in rules
        if rule.get("type") == "alerting" and is_burn_rate(str(rule.get("query", "")), labels_of(rule))
    ]


def _objective(
    series: Series,
    days: int,
    burn_rules: list[tuple[str, Labels]],
    settings: PrometheusSettings,
    context: CollectionContext,
) -> Observation:
    labels = series.labels
    keys = service_keys(labels, (*settings.service_labels, *_SERVICE_LABELS_OF_SLOTH))
    name = first_label(labels, _NAME_LABELS) or next(iter(keys), series.identity)
    return Observation(
        source_ref=series.identity,
        fields={
            "name": name,
            "sli": _kind(labels, name),
            "objective": series.samples[-1].value,
            "window_days": days,
            "defined_in": _made_by(labels),
            "burn_rules": _watching(labels, burn_rules, settings),
        },
        raw=series.raw,
        url=graph_page(settings.page, f"{settings.queries.objective}", context.until),
        service_keys=keys,
    )


def _kind(labels: Labels, name: str) -> str:
    said = f"{labels.get('sli', '')} {name}".lower()
    return next((kind for kind in _KINDS if kind in said), "availability")


def _made_by(labels: Mapping[str, str]) -> str:
    for tool in ("sloth", "pyrra"):
        if any(name.startswith(f"{tool}_") for name in labels):
            return tool
    return "rule_label"


def _watching(
    labels: Labels, burn_rules: list[tuple[str, Labels]], settings: PrometheusSettings
) -> list[str]:
    """Burn-rate alerts of the same objective (Sloth's id) or of the same service."""
    names = (*settings.service_labels, *_SERVICE_LABELS_OF_SLOTH)
    own = set(service_keys(labels, names))
    found = set()
    for name, rule_labels in burn_rules:
        both_ids = labels.get("sloth_id"), rule_labels.get("sloth_id")
        if all(both_ids):
            same = both_ids[0] == both_ids[1]
        else:
            same = not own.isdisjoint(service_keys(rule_labels, names))
        if same:
            found.add(name)
    return sorted(found)
