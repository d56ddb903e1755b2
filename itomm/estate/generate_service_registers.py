"""Grow what the registers hold about one service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random

from itomm.estate.chance import Shares, stream
from itomm.estate.company_habits import Service
from itomm.estate.monitoring import DataSet
from itomm.estate.people import Person
from itomm.estate.register_habits import ServiceRegisters
from itomm.estate.registers import (
    BackupRun,
    DriftReport,
    Grant,
    HostFlaw,
    Item,
    Link,
    ListedCertificate,
    MachineRestore,
    Rota,
    Route,
    Shift,
    WatchAlert,
)
from itomm.estate.working_time import DAY

_KINDS = ("server", "database", "server", "负载均衡")
_CHECKS = ("login page", "api answers", "dns", "latency from afar")
_SHIFT = timedelta(hours=12)
_MANAGED = 200
_RETIRED = 2
_ALERT_DAYS = 60
_BACKUP_DAYS = 400


def shared_items(number: int, as_of: datetime) -> Iterator[Item]:
    """Items that no service owns, such as the network; somebody keeps them well."""
    for position in range(1, number + 1):
        yield Item(
            name=f"switch-{position:02d}",
            service=None,
            kind="network",
            owner="platform",
            environment="production",
            active=True,
            written_status="in use",
            seen_at=as_of - timedelta(days=position, hours=2),
            changed_at=None,
            supported_until=None,
            patched_at=None,
            waiting_updates=None,
        )


class ServiceRegistersGrowth:
    """What registers hold of one service; every register has its own chance."""

    def __init__(
        self,
        seed: int,
        service: Service,
        habits: ServiceRegisters,
        team: Sequence[Person],
        as_of: datetime,
    ) -> None:
        self._seed, self._service, self._habits, self._team = seed, service, habits, team
        self._as_of = as_of

    def _chance(self, purpose: str) -> Random:
        return stream(self._seed, purpose, self._service.id)

    def _shares(self, purpose: str, share: float) -> Shares:
        return Shares(self._chance(purpose), share)

    def _ago(self, chance: Random, least: int, most: int) -> datetime:
        """Some whole minute so many days ago, well away from the ends of days."""
        return self._as_of - DAY * chance.randint(least, most) - timedelta(minutes=chance.randint(60, 600))

    def items(self) -> Iterator[Item]:
        """Items in use, and a few that were taken out of use and are in no order at all."""
        habits, chance = self._habits, self._chance("items")
        complete = self._shares("items complete", habits.complete_share)
        verified = self._shares("items verified", habits.verified_share)
        supported = self._shares("items supported", habits.supported_share)
        patched = self._shares("items patched", habits.patched_share)
        for number in range(habits.items + _RETIRED):
            retired = number >= habits.items
            kind = _KINDS[number % len(_KINDS)]
            is_host = kind == "server" and not retired
            is_system = kind in {"server", "database"} and not retired
            blank = (
                None if not retired and complete.draw() else ("owner", "environment", "status")[number % 3]
            )
            is_verified = not retired and verified.draw()
            by_hand = number % 4 == 3  # no discovery sees it; somebody changes its entry
            stale = self._ago(chance, 40, 300)
            fresh = self._ago(chance, 1, 25)
            patched_at, waiting = self._patches(chance, patched) if is_host else (None, None)
            yield Item(
                name=f"{self._service.id}-{number + 1:02d}",
                service=self._service.id,
                kind=kind,
                owner="" if blank == "owner" else self._service.team,
                environment="" if blank == "environment" else "production",
                active=not retired,
                written_status="retired" if retired else "" if blank == "status" else "in use",
                seen_at=stale if by_hand or not is_verified else fresh,
                changed_at=fresh if by_hand and is_verified else None,
                supported_until=self._support_ends(chance, supported) if is_system else None,
                patched_at=patched_at,
                waiting_updates=waiting,
            )

    def _support_ends(self, chance: Random, supported: Shares) -> datetime:
        days = chance.randint(20, 1500) if supported.draw() else -chance.randint(20, 900)
        return self._as_of.replace(hour=0) + timedelta(days=days)

    def _patches(self, chance: Random, patched: Shares) -> tuple[datetime | None, int | None]:
        if not patched.draw():
            return (self._ago(chance, 40, 200), chance.randint(1, 20)) if chance.random() < 0.7 else (None, 9)
        if chance.random() < 0.2:
            return self._ago(chance, 40, 90), 0
        return self._ago(chance, 1, 25), chance.randint(0, 2)

    def drift(self) -> Iterator[DriftReport]:
        """Comparisons of two months; exactly one resource in twenty is still little."""
        habits, chance = self._habits, self._chance("drift")
        small = self._shares("drift small", habits.small_drift_share)
        if habits.drift_every_days is None:
            return
        for days in range(habits.drift_last_days_ago, 60, habits.drift_every_days):
            drifted = chance.randint(0, 10) if small.draw() else chance.randint(11, 60)
            at = self._as_of - timedelta(days=days, hours=3)
            yield DriftReport(self._service.id, at, _MANAGED, drifted)

    def rotas(self) -> Iterator[Rota]:
        """One rota, or none."""
        habits = self._habits
        if habits.rota_people:
            yield Rota(
                service=self._service.id,
                team=self._service.team,
                people=habits.rota_people,
                hours=habits.rota_hours,
                coverage=habits.rota_coverage,
                levels=2,
            )

    def shifts(self) -> Iterator[Shift]:
        """Twelve hours after twelve hours for a hundred days, where somebody is on call."""
        habits, chance = self._habits, self._chance("shifts")
        bearable = self._shares("shifts bearable", habits.bearable_share)
        if not habits.rota_people:
            return
        end = self._as_of - timedelta(hours=1)
        for number in range(200):
            pages = chance.randint(0, 2) if bearable.draw() else chance.randint(3, 6)
            person = self._team[number % len(self._team)].login
            yield Shift(self._service.id, person, end - _SHIFT, end, pages)
            end -= _SHIFT

    def routes(self) -> Iterator[Route]:
        """Routes of the pager; those that do not escalate ring one person only."""
        escalating = self._shares("routes", self._habits.escalating_share)
        for number in range(1, self._habits.routes + 1):
            name = f"{self._service.id}/{number:02d}"
            yield Route(self._service.id, name, 3 if escalating.draw() else 1)

    def alerts(self) -> Iterator[WatchAlert]:
        """What the external watch saw, one alert after the other."""
        habits, chance = self._habits, self._chance("alerts")
        short = self._shares("alerts short", habits.short_share)
        acted = self._shares("alerts acted on", habits.acted_on_share)
        number = habits.alerts_per_month * _ALERT_DAYS // 30
        for position in range(number):
            started = self._as_of - timedelta(days=_ALERT_DAYS) * (position + 0.5) / number
            started = started.replace(second=0, microsecond=0)
            minutes = chance.randint(1, 4) if short.draw() else chance.randint(5, 40)
            paging = position % 2 == 0
            acknowledged = paging and acted.draw()
            yield WatchAlert(
                number=position + 1,
                service=self._service.id,
                check=_CHECKS[position % len(_CHECKS)],
                paging=paging,
                started_at=started,
                ended_at=started + timedelta(minutes=minutes),
                acknowledged_at=started + timedelta(seconds=40) if acknowledged else None,
            )

    def grants(self) -> Iterator[Grant]:
        """Privileged access, some of it until a day."""
        chance = self._chance("grants")
        ending = self._shares("grants ending", self._habits.ending_share)
        for number in range(1, self._habits.grants + 1):
            ends = self._as_of + timedelta(days=chance.randint(1, 90)) if ending.draw() else None
            yield Grant(self._service.id, f"person{number:03d}", f"{self._service.id}/root-{number}", ends)

    def certificates(self) -> Iterator[ListedCertificate]:
        """Certificates between machines, all with time left."""
        chance = self._chance("certificates")
        by_machine = self._shares("certificates by machine", self._habits.machine_renewed_share)
        for number in range(1, self._habits.certificates + 1):
            machine = by_machine.draw()
            days = 90 if machine else self._habits.by_hand_days
            until = self._as_of + timedelta(days=chance.randint(30, days - 10), hours=5)
            endpoint = f"{self._service.id}-{number}.inner.example:8443"
            yield ListedCertificate(self._service.id, endpoint, until - timedelta(days=days), until, machine)

    def backups(self, data_sets: Sequence[DataSet]) -> Iterator[BackupRun]:
        """The log of the backup tool: what monitoring sees too, and where copies lie."""
        since = self._as_of - timedelta(days=_BACKUP_DAYS)
        for data_set in data_sets:
            if data_set.service == self._service.id:
                for at in data_set.successes:
                    if at > since:
                        yield BackupRun(data_set.service, data_set.name, at, self._habits.copies_out_of_reach)

    def restores(self, data_sets: Sequence[DataSet]) -> Iterator[MachineRestore]:
        """Restores by machine, of what is backed up."""
        days = self._habits.restored_by_machine_days_ago
        for data_set in data_sets:
            if data_set.service == self._service.id and data_set.successes and days is not None:
                at = self._as_of - timedelta(days=days, hours=1)
                yield MachineRestore(data_set.service, data_set.name, at)

    def flaws(self) -> Iterator[HostFlaw]:
        """Flaws that are known to be exploited; what is late was fixed late, or never."""
        chance, in_time = (
            self._chance("flaws"),
            self._shares("flaws in time", self._habits.exploited_in_time_share),
        )
        for number in range(1, self._habits.exploited + 1):
            found = self._ago(chance, 61, 170)
            lasted = timedelta(
                days=chance.randint(1, 13) if in_time.draw() else chance.randint(20, 60), hours=1
            )
            late = lasted > timedelta(days=20)
            yield HostFlaw(
                number=number,
                service=self._service.id,
                host=f"{self._service.id}-{number % 12 + 1:02d}",
                found_at=found,
                due_at=found + timedelta(days=14),
                fixed_at=None if late and number % 3 == 0 else found + lasted,
            )

    def links(self) -> Iterator[Link]:
        """Network links, some of which scale by themselves."""
        chance, scales = self._chance("links"), self._shares("links scale", self._habits.scaling_share)
        for number in range(1, self._habits.links + 1):
            fill = chance.randint(5, 70) / 100
            yield Link(self._service.id, f"{self._service.id}/link-{number}", fill, scales.draw())
