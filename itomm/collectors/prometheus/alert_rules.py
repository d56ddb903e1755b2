"""Alerting rules, as loaded by the server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from itomm.collectors.contract import CollectionContext
from itomm.collectors.payload import Payload, instant_of, mapping_of, rows_of, text_of
from itomm.collectors.prometheus.api import PrometheusApi
from itomm.collectors.prometheus.expressions import is_burn_rate, is_forecast, saturated_resources
from itomm.collectors.prometheus.kinship import doubt_emptiness
from itomm.collectors.prometheus.links import rule_page
from itomm.collectors.prometheus.rules_in_git import places_in_git
from itomm.collectors.prometheus.samples import Labels, first_label, service_keys
from itomm.collectors.prometheus.settings import PrometheusSettings
from itomm.evidence.observation import Observation, Page

_HEALTH = frozenset({"ok", "err"})
_NEVER = 1  # Prometheus writes year 1 for "not yet evaluated"


def alert_rule_pages(
    api: PrometheusApi, settings: PrometheusSettings, context: CollectionContext
) -> Iterator[Page]:
    """One page with every alerting rule."""
    data = api.read("rules", type="alert")
    places = places_in_git(settings.rules_in_git, context)
    page = Page(tuple(alert_rules(data, settings, places)), api.last_request)
    if not rows_of(data.get("groups")):
        doubt_emptiness("alerting rules", api, context)
    yield page


def alert_rules(
    data: Payload, settings: PrometheusSettings, places: Mapping[str, str] | None = None
) -> Iterator[Observation]:
    """The alerting rules in the ``data`` of ``/api/v1/rules``, in the server's order.

    ``places`` are those where repositories define alerts, by name; None when nobody looked.
    """
    seen: Counter[str] = Counter()
    for group in rows_of(data.get("groups")):
        for rule in rows_of(group.get("rules")):
            if rule.get("type") != "alerting":
                continue
            name = f"{group.get('file', '')}:{group.get('name', '')}/{rule.get('name', '')}"
            seen[name] += 1  # one group may hold several rules of one name, told apart by their order
            source_ref = f"{name}#{seen[name]}" if seen[name] > 1 else name
            yield _alert_rule(rule, group, source_ref, settings, places)


def labels_of(rule: Payload) -> Labels:
    """A rule's labels as text."""
    return {str(name): str(value) for name, value in mapping_of(rule.get("labels")).items()}


def is_paging(severity: str | None, settings: PrometheusSettings) -> bool:
    """Whether alerts of this severity wake somebody."""
    return severity is not None and severity.casefold() in {
        paging.casefold() for paging in settings.paging_severities
    }


def _alert_rule(
    rule: Payload,
    group: Payload,
    source_ref: str,
    settings: PrometheusSettings,
    places: Mapping[str, str] | None,
) -> Observation:
    name = str(rule.get("name", ""))
    expression = str(rule.get("query", ""))
    labels = labels_of(rule)
    annotations = mapping_of(rule.get("annotations"))
    severity = labels.get(settings.severity_label)
    health = str(rule.get("health"))
    return Observation(
        source_ref=source_ref,
        fields={
            "name": name,
            "group": str(group.get("name", "")),
            "expr": expression,
            "for_s": timedelta(seconds=float(rule.get("duration") or 0)),
            "severity": severity,
            "owner": first_label(labels, settings.owner_labels),
            "paging": is_paging(severity, settings),
            "runbook_url": text_of(annotations.get("runbook_url")) or text_of(annotations.get("runbook")),
            "summary": bool(text_of(annotations.get("summary")) or text_of(annotations.get("description"))),
            "health": health if health in _HEALTH else "unknown",
            "last_evaluation_at": _evaluated(rule.get("lastEvaluation")),
            "slo_burn": is_burn_rate(expression, labels),
            "forecast": is_forecast(expression),
            "saturation": saturated_resources(expression),
            "in_git": None if places is None else name in places,
        },
        raw={
            "group": group.get("name"),
            "file": group.get("file"),
            "rule": {key: value for key, value in rule.items() if key != "alerts"},
            **({"in_git": places[name]} if places and name in places else {}),
        },
        url=rule_page(settings.page, name),
        service_keys=service_keys(labels, settings.service_labels),
    )


def _evaluated(value: object) -> datetime | None:
    instant = instant_of(value)
    return None if instant is None or instant.year == _NEVER else instant
