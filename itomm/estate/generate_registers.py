"""Grow the registers of a company from its habits: accounts, logs and survey, and those of each service."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random

from itomm.estate.chance import Shares, stream
from itomm.estate.company_habits import CompanyHabits
from itomm.estate.generate_service_registers import ServiceRegistersGrowth, shared_items
from itomm.estate.monitoring import DataSet, EndpointCertificate
from itomm.estate.people import Person
from itomm.estate.register_habits import RegisterHabits
from itomm.estate.registers import Account, Check, ListedCertificate, LogSource, Registers, SurveyAnswer
from itomm.estate.working_time import DAY

_SYSTEMS = ("directory", "firewall", "vpn", "hypervisor", "erp", "mail", "源代码库", "jump host")
_MACHINES, _CLOSED = 6, 8
_QUARTER = timedelta(days=90)


def registers_of(
    habits: CompanyHabits,
    teams: Mapping[str, tuple[Person, ...]],
    data_sets: Sequence[DataSet],
    endpoints: Sequence[EndpointCertificate],
    as_of: datetime,
) -> Registers | None:
    """What the registers hold at ``as_of``; None where nobody keeps any."""
    kept = habits.registers
    if kept is None:
        return None
    grown = [
        ServiceRegistersGrowth(habits.seed, service, kept.services[service.id], teams[service.team], as_of)
        for service in habits.services
        if service.id in kept.services
    ]
    return Registers(
        items=(
            *shared_items(kept.shared_items, as_of),
            *(item for one in grown for item in one.items()),
        ),
        drift=tuple(report for one in grown for report in one.drift()),
        rotas=tuple(rota for one in grown for rota in one.rotas()),
        shifts=tuple(shift for one in grown for shift in one.shifts()),
        routes=tuple(route for one in grown for route in one.routes()),
        alerts=tuple(alert for one in grown for alert in one.alerts()),
        accounts=tuple(_accounts(habits.seed, kept, as_of)),
        grants=tuple(grant for one in grown for grant in one.grants()),
        inner_certificates=tuple(certificate for one in grown for certificate in one.certificates()),
        endpoint_certificates=tuple(_listed(endpoints, {*kept.services}, as_of)),
        backups=tuple(run for one in grown for run in one.backups(data_sets)),
        restores=tuple(restore for one in grown for restore in one.restores(data_sets)),
        log_sources=tuple(_log_sources(habits.seed, kept, as_of)),
        survey=tuple(_survey(habits.seed, kept, as_of)),
        flaws=tuple(flaw for one in grown for flaw in one.flaws()),
        links=tuple(link for one in grown for link in one.links()),
        checks=tuple(_checks(habits, kept)),
        with_survey=kept.answers_a_quarter is not None,
        with_commits=kept.commits,
    )


def _listed(
    endpoints: Iterable[EndpointCertificate], services: Container[str], as_of: datetime
) -> Iterator[ListedCertificate]:
    """What probes see stands in the list of certificates, too."""
    for one in endpoints:
        until = one.valid_until(as_of)
        if one.service in services and until is not None:
            yield ListedCertificate(
                one.service, one.endpoint, until - one.lifetime, until, one.is_renewed_by_machine(as_of)
            )


def _accounts(seed: int, kept: RegisterHabits, as_of: datetime) -> Iterator[Account]:
    chance = stream(seed, "accounts")
    administrator = Shares(stream(seed, "administrators"), kept.administrator_share)
    dormant = Shares(stream(seed, "dormant accounts"), kept.dormant_share)
    strong = Shares(stream(seed, "strong sign-in"), kept.strong_share)
    untold = Shares(stream(seed, "untold sign-in"), kept.untold_share)
    for number in range(1, kept.accounts + 1):
        is_dormant = dormant.draw()
        used = _ago(as_of, chance, 60, 300) if is_dormant else _ago(as_of, chance, 0, 30)
        yield Account(
            login=f"person{number:03d}",
            kind="human",
            active=True,
            administrator=administrator.draw(),
            strong=None if untold.draw() else strong.draw(),
            last_used_at=None if is_dormant and number % 2 else used,
            created_at=used - timedelta(days=chance.randint(5, 900)),
        )
    for number in range(1, _MACHINES + _CLOSED + 1):
        is_machine = number <= _MACHINES
        yield Account(
            login=f"{'machine' if is_machine else 'former'}{number:02d}",
            kind="service" if is_machine else "human",
            active=is_machine,
            administrator=True,
            strong=False,
            last_used_at=_ago(as_of, chance, 100, 300),
            created_at=_ago(as_of, chance, 400, 900),
        )


def _log_sources(seed: int, kept: RegisterHabits, as_of: datetime) -> Iterator[LogSource]:
    chance = stream(seed, "log sources")
    central = Shares(stream(seed, "central logs"), kept.central_share)
    for number in range(kept.log_sources):
        name = f"{_SYSTEMS[number % len(_SYSTEMS)]} {number // len(_SYSTEMS) + 1}"
        if central.draw():
            last = as_of - timedelta(minutes=chance.randint(1, 600))
            yield LogSource(name, central=True, days_kept=kept.log_days, last_event_at=last)
        elif number % 3 == 0:  # connected once, and silent since
            last = _ago(as_of, chance, 5, 60)
            yield LogSource(name, central=True, days_kept=kept.log_days, last_event_at=last)
        else:
            yield LogSource(name, central=False, days_kept=kept.log_days, last_event_at=None)


def _survey(seed: int, kept: RegisterHabits, as_of: datetime) -> Iterator[SurveyAnswer]:
    """The answers of a year; the same number in each quarter."""
    number = kept.answers_a_quarter or 0
    mean = 1 + 4 * kept.satisfaction
    better = Shares(stream(seed, "satisfaction"), mean - math.floor(mean))
    for position in range(4 * number):
        at = as_of - _QUARTER * (position + 0.5) / number
        stars = math.floor(mean) + better.draw()
        yield SurveyAnswer(position + 1, at.replace(second=0, microsecond=0), stars)


def _checks(habits: CompanyHabits, kept: RegisterHabits) -> Iterator[Check]:
    in_order = Shares(stream(habits.seed, "checks in order"), kept.checks_in_order_share)
    in_git = Shares(stream(habits.seed, "checks in git"), kept.checks_in_git_share)
    owners = [service.team for service in habits.services if service.owned]
    for number in range(1, kept.checks + 1):
        team = owners[number % len(owners)] if owners else ""
        yield Check(number, team, in_order=in_order.draw(), in_git=in_git.draw())


def _ago(as_of: datetime, chance: Random, least: int, most: int) -> datetime:
    """Some whole minute between so many days before ``as_of``, well away from the ends of days."""
    return as_of - DAY * chance.randint(least, most) - timedelta(minutes=chance.randint(60, 600))
