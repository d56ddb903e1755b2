"""The samples that the stand-in Prometheus can give: one function an expression.

PromQL is not evaluated. Each expression that the collector asks has a function here that reads the model.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from itomm.estate.company import Company
from itomm.estate.monitoring import Resource
from itomm.estate.working_time import midnight

SLO_PERIOD_DAYS = 28

_CPU = '1 - avg by (service, instance) (rate(node_cpu_seconds_total{mode="idle"}[5m]))'
_MEMORY = "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes"
_FILES = '{fstype!~"tmpfs|overlay"}'
_DISK = f"1 - node_filesystem_avail_bytes{_FILES} / node_filesystem_size_bytes{_FILES}"


@dataclass(frozen=True)
class Grid:
    """The instants of a query, in time order."""

    instants: tuple[datetime, ...]


@dataclass(frozen=True)
class Series:
    """One series: its labels and (instant, value) pairs."""

    labels: Mapping[str, str]
    points: tuple[tuple[datetime, float], ...]


Evaluation = Callable[[Company, Grid], Iterator[Series]]


def compact(expression: str) -> str:
    """An expression without white space outside of quotes, to compare with."""
    parts = expression.split('"')
    parts[::2] = ["".join(part.split()) for part in parts[::2]]
    return '"'.join(parts)


def evaluate(company: Company, expression: str, grid: Grid) -> list[Series] | None:
    """The series of a known expression, those without points left out; None for an unknown one."""
    evaluation = _KNOWN.get(compact(expression))
    if evaluation is None:
        return None
    within = Grid(
        tuple(
            instant
            for instant in grid.instants
            if company.monitoring.history_start <= instant <= company.as_of
        )
    )
    return [series for series in evaluation(company, within) if series.points]


def _day_before(instant: datetime) -> datetime:
    """The day that a window of one day ending at ``instant`` mostly covers."""
    return midnight(instant - timedelta(hours=12))


def _daily(labels: Mapping[str, str], grid: Grid, days: Mapping[datetime, float]) -> Series:
    """A series of daily figures; a day that is missing has no sample."""
    pairs = ((instant, days.get(_day_before(instant))) for instant in grid.instants)
    return Series(labels, tuple((instant, value) for instant, value in pairs if value is not None))


def _availability(company: Company, grid: Grid) -> Iterator[Series]:
    for service, days in company.monitoring.days.items():
        yield _daily({"service": service}, grid, {day: one.availability for day, one in days.items()})


def _samples_ratio(company: Company, grid: Grid) -> Iterator[Series]:
    for service, days in company.monitoring.days.items():
        yield _daily({"service": service}, grid, {day: one.samples for day, one in days.items()})


def _capacity(kind: str, figure: Callable[[Resource], Mapping[datetime, float]]) -> Evaluation:
    def evaluation(company: Company, grid: Grid) -> Iterator[Series]:
        for resource in company.monitoring.resources:
            if resource.kind == kind:
                yield _daily(resource.labels, grid, figure(resource))

    return evaluation


def _objectives(name: str, figure: Callable[[float], float]) -> Evaluation:
    def evaluation(company: Company, grid: Grid) -> Iterator[Series]:
        for service, objective in company.monitoring.objectives.items():
            labels = {
                "__name__": name,
                "service": service,
                "sloth_id": f"{service}-availability",
                "sloth_service": service,
                "sloth_slo": "availability",
            }
            yield Series(labels, tuple((instant, figure(objective)) for instant in grid.instants))

    return evaluation


def _certificates(company: Company, grid: Grid) -> Iterator[Series]:
    for certificate in company.monitoring.certificates:
        labels = {
            "__name__": "probe_ssl_earliest_cert_expiry",
            "instance": certificate.endpoint,
            "job": "blackbox",
            "service": certificate.service,
        }
        yield _instants(labels, grid, certificate.valid_until)


def _backups(company: Company, grid: Grid) -> Iterator[Series]:
    for data_set in company.monitoring.data_sets:
        labels = {
            "__name__": "backup_last_success_timestamp_seconds",
            "data_set": data_set.name,
            "instance": f"{data_set.service}-1.acme.example:9854",
            "job": "pgbackrest",
            "service": data_set.service,
        }
        yield _instants(labels, grid, data_set.last_success)


def _instants(labels: Mapping[str, str], grid: Grid, value: Callable[[datetime], datetime | None]) -> Series:
    pairs = ((instant, value(instant)) for instant in grid.instants)
    return Series(
        labels, tuple((instant, found.timestamp()) for instant, found in pairs if found is not None)
    )


def _firing(company: Company, grid: Grid) -> Iterator[Series]:
    """ALERTS: one series an alert, with a sample of 1 at each instant at which it fires."""
    by_rule: dict[str, list[tuple[datetime, float]]] = {}
    labels: dict[str, Mapping[str, str]] = {}
    for episode in company.monitoring.episodes:
        end = episode.ended_at or company.as_of + timedelta(minutes=1)
        first = bisect_left(grid.instants, episode.started_at)
        last = bisect_left(grid.instants, end)
        if first < last:
            labels[episode.rule.name] = {"__name__": "ALERTS", "alertstate": "firing", **episode.labels}
            by_rule.setdefault(episode.rule.name, []).extend((at, 1.0) for at in grid.instants[first:last])
    for name, points in by_rule.items():
        yield Series(labels[name], tuple(points))


def _targets_known(company: Company, grid: Grid) -> Iterator[Series]:
    number = float(len(company.monitoring.targets))
    yield Series({}, tuple((instant, number) for instant in grid.instants))


def _known() -> Mapping[str, Evaluation]:
    known: dict[str, Evaluation] = {
        "avg by (service) (avg_over_time(probe_success[1d]))": _availability,
        "avg by (service) (clamp_max(count_over_time((probe_success)[1d:5m]) / 288, 1))": _samples_ratio,
        "slo:objective:ratio": _objectives("slo:objective:ratio", lambda objective: objective),
        "slo:time_period:days": _objectives("slo:time_period:days", lambda _: float(SLO_PERIOD_DAYS)),
        'ALERTS{alertstate="firing"}': _firing,
        "count(up)": _targets_known,
        "probe_ssl_earliest_cert_expiry": _certificates,
        "backup_last_success_timestamp_seconds": _backups,
    }
    for kind, expression in (("cpu", _CPU), ("memory", _MEMORY), ("disk", _DISK)):
        p95 = f"quantile_over_time(0.95, ({expression})[1d:15m])"
        known[p95] = _capacity(kind, lambda resource: resource.p95)
        known[f"max_over_time(({expression})[1d:15m])"] = _capacity(kind, lambda resource: resource.highest)
    return {compact(expression): evaluation for expression, evaluation in known.items()}


_KNOWN = _known()
