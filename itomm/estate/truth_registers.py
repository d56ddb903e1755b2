"""The truth about what only registers show: what an assessor would say who knows all of them.

Measured on the registers as they truly are, not on what was exported of them. A company without registers has
no such truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from fractions import Fraction
from typing import TypeVar

from itomm.estate.company_habits import Service
from itomm.estate.measures import Mean, Measurement, Share
from itomm.estate.registers import Account, Check, DriftReport, Item, Registers, Rota, WatchAlert
from itomm.estate.truth_delivery import forecast
from itomm.estate.truth_infrastructure import (
    actionable,
    flapping,
    overlaps_an_incident,
    rules_owned,
    rules_standard,
)
from itomm.estate.truth_scope import Scope, critical, share
from itomm.estate.truth_security import certificates_healthy, privilege_ends, renewed_by_machine
from itomm.estate.working_time import DAY

_MONTH = 30
_FLAP = timedelta(minutes=5)
_ROUND_THE_CLOCK, _OFFICE_HOURS = 6, 3

Kept = TypeVar("Kept")


def _kept(scope: Scope) -> Registers:
    return scope.company.registers or Registers()


def _of(scope: Scope, things: Iterable[Kept]) -> list[Kept]:
    """Those of the service in question; all of them for the company."""
    return [
        thing
        for thing in things
        if scope.service is None or getattr(thing, "service", None) == scope.service.id
    ]


def _items(scope: Scope) -> list[Item]:
    return [item for item in _of(scope, _kept(scope).items) if item.active]


def _inventory(scope: Scope) -> Measurement:
    return share(
        _items(scope),
        lambda item: bool(item.kind and item.owner and item.environment and item.written_status),
    )


def _inventory_current(scope: Scope) -> Measurement:
    return share(
        _items(scope),
        lambda item: scope.within(item.seen_at, _MONTH) or scope.within(item.changed_at, _MONTH),
    )


def _supported(scope: Scope) -> Measurement:
    known = [item for item in _items(scope) if item.supported_until is not None]
    return share(known, lambda item: item.supported_until > scope.as_of)


def _patched(scope: Scope) -> Measurement:
    hosts = [
        item for item in _items(scope) if item.patched_at is not None or item.waiting_updates is not None
    ]
    return share(hosts, lambda item: scope.within(item.patched_at, _MONTH) or item.waiting_updates == 0)


def _drift_small(scope: Scope) -> Measurement:
    """Reports of the month; without one in the last week drift is not measured any more."""
    reports = [one for one in _of(scope, _kept(scope).drift) if scope.within(one.at, _MONTH)]
    if not any(scope.within(one.at, 7) for one in reports):
        return Share(0, 0)

    def small(report: DriftReport) -> bool:
        return report.drifted <= 0.05 * report.managed

    return share(reports, small)


def _rotas(scope: Scope) -> list[Rota]:
    return _of(scope, _kept(scope).rotas)


def _on_call(scope: Scope) -> Measurement:
    covered = {rota.service for rota in _kept(scope).rotas if rota.coverage >= 0.95}

    def somebody(service: Service) -> bool:
        return service.id in covered

    return scope.share_of_services(somebody, critical, "tier 3 or 4")


def _rotas_big(scope: Scope) -> Measurement:
    def big(rota: Rota) -> bool:
        needed = _ROUND_THE_CLOCK if rota.hours == "round the clock" else _OFFICE_HOURS
        return rota.people >= needed

    return share(_rotas(scope), big)


def _escalating(scope: Scope) -> Measurement:
    """Nothing tells how far pages of Alertmanager go; the pager's routes do."""
    return share(_of(scope, _kept(scope).routes), lambda route: route.levels >= 2)


def _bearable(scope: Scope) -> Measurement:
    recent = [shift for shift in _of(scope, _kept(scope).shifts) if scope.within(shift.start, 90)]
    return share(recent, lambda shift: shift.pages <= 2)


def _watched(scope: Scope) -> list[WatchAlert]:
    return [one for one in _of(scope, _kept(scope).alerts) if scope.within(one.started_at, _MONTH)]


def _flapping(scope: Scope) -> Measurement:
    """Of both monitoring tools."""
    return _together(
        flapping(scope), share(_watched(scope), lambda one: one.ended_at - one.started_at < _FLAP)
    )


def _actionable(scope: Scope) -> Measurement:
    """Pages of both monitoring tools."""

    def answered(one: WatchAlert) -> bool:
        overlaps = overlaps_an_incident(scope, one.service, one.started_at, one.ended_at)
        return one.acknowledged_at is not None or overlaps

    return _together(actionable(scope), share([one for one in _watched(scope) if one.paging], answered))


def _together(*shares: Share) -> Share:
    return Share(sum(one.matched for one in shares), sum(one.counted for one in shares))


def _people(scope: Scope) -> list[Account]:
    return [one for one in _kept(scope).accounts if one.kind == "human" and one.active]


def _strong(scope: Scope) -> Measurement:
    known = [one for one in _people(scope) if one.strong is not None]
    return share(known, lambda one: bool(one.strong))


def _administrators(scope: Scope) -> Measurement:
    return share(_people(scope), lambda one: one.administrator)


def _dormant(scope: Scope) -> Measurement:
    return share(_people(scope), lambda one: one.is_dormant(scope.as_of))


def _privilege_ends(scope: Scope) -> Measurement:
    """On repositories and on machines."""
    grants = _of(scope, _kept(scope).grants)
    return _together(privilege_ends(scope), share(grants, lambda grant: grant.ends_at is not None))


def _renewed_by_machine(scope: Scope) -> Measurement:
    inner = _of(scope, _kept(scope).inner_certificates)
    return _together(renewed_by_machine(scope), share(inner, lambda one: one.by_machine))


def _certificates_healthy(scope: Scope) -> Measurement:
    def healthy(until: timedelta, lifetime: timedelta, by_machine: bool) -> bool:  # noqa: FBT001  a fact
        return until >= min(timedelta(days=21), lifetime / 4) or (by_machine and until >= 7 * DAY)

    inner = share(
        _of(scope, _kept(scope).inner_certificates),
        lambda one: healthy(one.valid_until - scope.as_of, one.valid_until - one.valid_from, one.by_machine),
    )
    return _together(certificates_healthy(scope), inner)


def _logs_central(scope: Scope) -> Measurement:
    """A system that was connected once and has sent nothing for days does not send its logs."""
    return share(
        _kept(scope).log_sources,
        lambda one: one.central and one.days_kept >= 90 and scope.within(one.last_event_at, 1),
    )


def _satisfied(scope: Scope) -> Measurement:
    answers = [one for one in _kept(scope).survey if scope.within(one.at, 90)]
    solved = [ticket for ticket in scope.tickets("Service Request") if scope.within(ticket.resolved_at, 90)]
    if len(answers) * 20 < len(solved):
        return Mean([])  # nobody is asked, or nearly nobody answers
    return Mean([Fraction(one.stars - 1, 4) for one in answers])


def _exploited(scope: Scope) -> Measurement:
    """Those due by now or fixed; of what the forge scans nothing is known to be exploited."""
    ended = [
        one
        for one in _of(scope, _kept(scope).flaws)
        if scope.within(one.found_at, 180) and (one.fixed_at is not None or one.due_at <= scope.as_of)
    ]
    return share(ended, lambda one: one.fixed_at is not None and one.fixed_at <= one.due_at)


def _forecast_or_scaling(scope: Scope) -> Measurement:
    return _together(forecast(scope), share(_of(scope, _kept(scope).links), lambda link: link.scales))


def _kept_as_code(scope: Scope) -> Measurement:
    """In the made-up forge no repository holds rules of Prometheus."""
    return _together(share(scope.rules, lambda _: False), share(_kept(scope).checks, lambda one: one.in_git))


def _rules_owned(scope: Scope) -> Measurement:
    return _with_checks(scope, rules_owned(scope), lambda one: one.in_order and bool(one.team))


def _rules_standard(scope: Scope) -> Measurement:
    return _with_checks(scope, rules_standard(scope), lambda one: one.in_order)


def _with_checks(scope: Scope, rules: Share, having: Callable[[Check], bool]) -> Share:
    return rules if scope.service is not None else _together(rules, share(_kept(scope).checks, having))


REGISTERED: Mapping[str, Callable[[Scope], Measurement]] = {
    "IM-CFG-2.1": _inventory,
    "IM-CFG-4.1": _inventory_current,
    "IM-LCM-3.2": _supported,
    "IM-LCM-4.1": _patched,
    "IM-IAC-4.1": _drift_small,
    "IM-MON-2.2": _rules_owned,
    "IM-MON-3.1": _rules_standard,
    "IM-MON-3.2": _kept_as_code,
    "IM-MON-4.1": _flapping,
    "IM-MON-4.2": _actionable,
    "SD-CAP-5.1": _forecast_or_scaling,
    "SM-VUL-4.2": _exploited,
    "SM-IAM-2.1": _strong,
    "SM-IAM-3.1": _administrators,
    "SM-IAM-4.1": _dormant,
    "SM-IAM-5.1": _privilege_ends,
    "SM-CRT-3.1": _certificates_healthy,
    "SM-CRT-5.1": _renewed_by_machine,
    "SM-SIR-3.1": _logs_central,
    "SS-ONC-2.1": _on_call,
    "SS-ONC-3.1": _rotas_big,
    "SS-ONC-3.2": _escalating,
    "SS-ONC-4.1": _bearable,
    "SS-REQ-4.2": _satisfied,
}
"""In place of what the company's other tools show, where it keeps registers."""
