"""What other teams keep in registers of their own: plain data as it truly is at the as-of instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

DORMANT_AFTER = timedelta(days=45)


@dataclass(frozen=True, slots=True)
class Item:
    """A configuration item. ``written_status`` is what the inventory says of it."""

    name: str
    service: str | None
    kind: str
    owner: str
    environment: str
    active: bool
    written_status: str
    seen_at: datetime
    changed_at: datetime | None
    supported_until: datetime | None
    patched_at: datetime | None
    waiting_updates: int | None


@dataclass(frozen=True, slots=True)
class DriftReport:
    """One comparison of what is declared with what runs."""

    service: str
    at: datetime
    managed: int
    drifted: int


@dataclass(frozen=True, slots=True)
class Rota:
    """Who is on call for a service; ``coverage`` is of the hours that it must cover."""

    service: str
    team: str
    people: int
    hours: str
    coverage: float
    levels: int


@dataclass(frozen=True, slots=True)
class Shift:
    """Twelve hours of one person on call."""

    service: str
    person: str
    start: datetime
    end: datetime
    pages: int


@dataclass(frozen=True, slots=True)
class Route:
    """Where pages of one kind go, and how often they are passed on."""

    service: str
    name: str
    levels: int


@dataclass(frozen=True, slots=True)
class WatchAlert:
    """One alert of the external watch, a second monitoring tool."""

    number: int
    service: str
    check: str
    paging: bool
    started_at: datetime
    ended_at: datetime
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True)
class Account:
    """A login of a person or machine; ``strong`` is None where nobody wrote it down."""

    login: str
    kind: str
    active: bool
    administrator: bool
    strong: bool | None
    last_used_at: datetime | None
    created_at: datetime

    def is_dormant(self, as_of: datetime) -> bool:
        """Whether nobody used it for too long; one that was never used counts from its creation."""
        return as_of - (self.last_used_at or self.created_at) > DORMANT_AFTER


@dataclass(frozen=True, slots=True)
class Grant:
    """Privileged access of one person to a resource of a service."""

    service: str
    login: str
    resource: str
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListedCertificate:
    """A certificate as the list of them holds it; one within the network no probe sees."""

    service: str
    endpoint: str
    valid_from: datetime
    valid_until: datetime
    by_machine: bool


@dataclass(frozen=True, slots=True)
class BackupRun:
    """A finished backup, as the backup tool logs it."""

    service: str
    data_set: str
    finished_at: datetime
    out_of_reach: bool


@dataclass(frozen=True, slots=True)
class MachineRestore:
    """A restore that verified itself."""

    service: str
    data_set: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LogSource:
    """A key system and where its audit logs go."""

    system: str
    central: bool
    days_kept: int
    last_event_at: datetime | None


@dataclass(frozen=True, slots=True)
class SurveyAnswer:
    """What a user answered, from 1 to 5."""

    number: int
    at: datetime
    stars: int


@dataclass(frozen=True, slots=True)
class HostFlaw:
    """A flaw of a host that is known to be exploited."""

    number: int
    service: str
    host: str
    found_at: datetime
    due_at: datetime
    fixed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Link:
    """A network link, with the share of it that was in use on its fullest days."""

    service: str
    name: str
    fill: float
    scales: bool


@dataclass(frozen=True, slots=True)
class Check:
    """An alert rule of the external watch; one that is not in order has neither team nor severity."""

    number: int
    team: str
    in_order: bool
    in_git: bool


@dataclass(frozen=True)
class Registers:
    """Everything that is kept in registers."""

    items: tuple[Item, ...] = ()
    drift: tuple[DriftReport, ...] = ()
    rotas: tuple[Rota, ...] = ()
    shifts: tuple[Shift, ...] = ()
    routes: tuple[Route, ...] = ()
    alerts: tuple[WatchAlert, ...] = ()
    accounts: tuple[Account, ...] = ()
    grants: tuple[Grant, ...] = ()
    inner_certificates: tuple[ListedCertificate, ...] = ()
    endpoint_certificates: tuple[ListedCertificate, ...] = ()
    backups: tuple[BackupRun, ...] = ()
    restores: tuple[MachineRestore, ...] = ()
    log_sources: tuple[LogSource, ...] = ()
    survey: tuple[SurveyAnswer, ...] = ()
    flaws: tuple[HostFlaw, ...] = ()
    links: tuple[Link, ...] = ()
    checks: tuple[Check, ...] = ()
    with_survey: bool = False
    with_commits: bool = False
