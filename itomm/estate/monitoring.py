"""What the company's monitoring holds: plain data up to the as-of instant."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class AlertRule:
    """A loaded alerting rule. ``service`` is None for rules about monitoring itself."""

    name: str
    group: str
    service: str | None
    expression: str
    hold: timedelta
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    health: str

    @property
    def severity(self) -> str | None:
        """The severity label."""
        return self.labels.get("severity")


@dataclass(frozen=True, slots=True)
class Episode:
    """One firing of one alert; whole minutes. ``ended_at`` is None while it fires."""

    rule: AlertRule
    started_at: datetime
    ended_at: datetime | None
    incident: str | None

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of the firing alert."""
        return {"alertname": self.rule.name, **self.rule.labels}


@dataclass(frozen=True, slots=True)
class Target:
    """A scraped endpoint."""

    job: str
    instance: str
    service: str | None
    health: str
    url: str


@dataclass(frozen=True, slots=True)
class DayOfService:
    """One day of one service: availability and the share of expected samples that arrived."""

    availability: float
    samples: float


@dataclass(frozen=True, slots=True)
class Resource:
    """One finite resource of one instance: daily 95th percentile and highest use, as shares of the limit."""

    service: str
    instance: str
    kind: str
    labels: Mapping[str, str]
    p95: Mapping[datetime, float]
    highest: Mapping[datetime, float]


@dataclass(frozen=True, slots=True)
class EndpointCertificate:
    """The certificates that one endpoint showed over time: (from when, valid until), oldest first."""

    service: str
    endpoint: str
    lifetime: timedelta
    shown: tuple[tuple[datetime, datetime], ...]

    def valid_until(self, at: datetime) -> datetime | None:
        """Expiry of the certificate shown at ``at``."""
        index = bisect_right([start for start, _ in self.shown], at)
        return self.shown[index - 1][1] if index else None

    def is_renewed_by_machine(self, at: datetime) -> bool:
        """Whether it is short-lived, and was renewed by then."""
        renewed = sum(start <= at for start, _ in self.shown) >= 2
        return renewed and self.lifetime <= timedelta(days=100)


@dataclass(frozen=True, slots=True)
class DataSet:
    """A backed-up data set with the instants of its successful backups, oldest first."""

    service: str
    name: str
    successes: tuple[datetime, ...]

    def last_success(self, at: datetime) -> datetime | None:
        """The newest success at or before ``at``."""
        index = bisect_right(self.successes, at)
        return self.successes[index - 1] if index else None


@dataclass(frozen=True, slots=True)
class Silence:
    """A suppression of alerts."""

    id: str
    service: str
    creator: str
    comment: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class MonitoringData:
    """Everything Prometheus and Alertmanager know."""

    rules: tuple[AlertRule, ...]
    episodes: tuple[Episode, ...]
    targets: tuple[Target, ...]
    days: Mapping[str, Mapping[datetime, DayOfService]]
    resources: tuple[Resource, ...]
    certificates: tuple[EndpointCertificate, ...]
    data_sets: tuple[DataSet, ...]
    objectives: Mapping[str, float]
    silences: tuple[Silence, ...]
    history_start: datetime
