"""Grow alert rules of the quality that the habits describe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from itomm.estate.chance import Shares, stream
from itomm.estate.company_habits import CompanyHabits, Monitoring, Service
from itomm.estate.monitoring import AlertRule


@dataclass(frozen=True)
class _Pattern:
    suffix: str
    severity: str
    minutes: int
    expression: str


_ERRORS = (
    'sum(rate(http_requests_total{{service="{service}",code=~"5.."}}[{span}]))'
    ' / sum(rate(http_requests_total{{service="{service}"}}[{span}]))'
)
_ORDINARY = (
    _Pattern("HighErrorRate", "page", 5, _ERRORS.replace("{span}", "5m") + " > 0.05"),
    _Pattern("Down", "page", 3, 'max by (service) (up{{service="{service}"}}) == 0'),
    _Pattern(
        "SlowResponses",
        "warning",
        10,
        "histogram_quantile(0.99, sum by (le) "
        '(rate(http_request_duration_seconds_bucket{{service="{service}"}}[5m]))) > 2',
    ),
    _Pattern(
        "RestartLoop", "warning", 15, 'increase(process_restarts_total{{service="{service}"}}[30m]) > 3'
    ),
    _Pattern("QueueGrowing", "page", 10, 'deriv(queue_length{{service="{service}"}}[15m]) > 5'),
    _Pattern("NoTraffic", "info", 30, 'sum(rate(http_requests_total{{service="{service}"}}[10m])) == 0'),
    _Pattern("ManyTimeouts", "warning", 5, 'rate(client_timeouts_total{{service="{service}"}}[5m]) > 1'),
    _Pattern("OldVersion", "info", 60, 'count(build_info{{service="{service}"}}) > 1'),
)
_DISK = _Pattern(
    "DiskNearlyFull",
    "page",
    15,
    'node_filesystem_avail_bytes{{service="{service}"}}'
    ' / node_filesystem_size_bytes{{service="{service}"}} < 0.1',
)
_MEMORY = _Pattern(
    "MemoryNearlyExhausted",
    "warning",
    10,
    'node_memory_MemAvailable_bytes{{service="{service}"}}'
    ' / node_memory_MemTotal_bytes{{service="{service}"}} < 0.1',
)
_FORECAST = _Pattern(
    "DiskWillFill",
    "warning",
    60,
    'predict_linear(node_filesystem_avail_bytes{{service="{service}"}}[6h], 4 * 24 * 3600) < 0',
)
_CERTIFICATE = _Pattern(
    "CertificateExpiresSoon",
    "warning",
    60,
    'probe_ssl_earliest_cert_expiry{{service="{service}"}} - time() < 21 * 24 * 3600',
)
_BACKUP = _Pattern(
    "BackupTooOld",
    "warning",
    30,
    'time() - backup_last_success_timestamp_seconds{{service="{service}"}} > 26 * 3600',
)


def rules_of(habits: CompanyHabits, service: Service) -> Iterator[AlertRule]:
    """The alert rules of one service, in the order of the file."""
    own = service.habits.monitoring
    if not own.monitored:
        return
    name = (habits.seed, service.id, "rule")
    runbooks = Shares(stream(*name, "runbook"), own.runbook_share)
    owned = Shares(stream(*name, "owned"), own.owned_share)
    standard = Shares(stream(*name, "standard"), own.standard_share)
    for number, pattern in enumerate(_patterns(service, own)):
        labels = {"service": service.id, "severity": pattern.severity}
        if owned.draw():
            labels["team"] = service.team
        annotations = {"summary": f"{service.name}: {pattern.suffix}"}
        if runbooks.draw():
            annotations["runbook_url"] = f"https://handbook.acme.example/docs/runbooks/{service.id}.md"
        rule = AlertRule(
            name=_camel(service.id) + pattern.suffix,
            group=service.id,
            service=service.id,
            expression=pattern.expression.format(service=service.id),
            hold=timedelta(minutes=pattern.minutes),
            labels=labels,
            annotations=annotations,
            health="ok",
        )
        yield rule if standard.draw() else _spoiled(rule, number)


def rules_about_monitoring(team: str) -> Iterator[AlertRule]:
    """Rules that belong to no service."""
    for name, expression in (
        ("Watchdog", "vector(1)"),
        ("TargetMissing", "up == 0"),
        ("RuleEvaluationFails", "increase(prometheus_rule_evaluation_failures_total[5m]) > 0"),
    ):
        yield AlertRule(
            name=name,
            group="monitoring",
            service=None,
            expression=expression,
            hold=timedelta(0) if name == "Watchdog" else timedelta(minutes=10),
            labels={"severity": "info", "team": team},
            annotations={"summary": name},
            health="ok",
        )


def _patterns(service: Service, own: Monitoring) -> Iterator[_Pattern]:
    yield from _ORDINARY[: own.rules]
    if own.saturation_alerts:
        yield _DISK
        yield _MEMORY
    if own.forecast_alerts:
        yield _FORECAST
    if own.certificate_alert and service.internet_facing:
        yield _CERTIFICATE
    if service.stateful and service.habits.backups.alert:
        yield _BACKUP
    if own.burn_rate_alerts and own.objective is not None:
        budget = f"(14.4 * {1 - own.objective:.4f})"
        fast, slow = _ERRORS.replace("{span}", "1h"), _ERRORS.replace("{span}", "5m")
        yield _Pattern("ErrorBudgetBurn", "page", 2, f"{fast} > {budget} and {slow} > {budget}")


def _spoiled(rule: AlertRule, number: int) -> AlertRule:
    """``rule`` with one of the usual faults: no summary, no hold time, or an evaluation error."""
    fault = number % 3
    annotations = {key: text for key, text in rule.annotations.items() if fault != 0 or key != "summary"}
    return AlertRule(
        name=rule.name,
        group=rule.group,
        service=rule.service,
        expression=rule.expression,
        hold=timedelta(0) if fault == 1 else rule.hold,
        labels=rule.labels,
        annotations=annotations,
        health="err" if fault == 2 else "ok",
    )


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))
