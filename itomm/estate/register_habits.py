"""Habits of the registers that other teams keep and export into a drop folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from itomm.estate.habit import Habit, Share


class ServiceRegisters(Habit):
    """What the registers hold about one service.

    Attributes:
        complete_share: items of the inventory that state owner, environment and status.
        verified_share: items that were seen or changed within a month.
        supported_share: systems whose end of support is still to come.
        patched_share: hosts that were patched within a month, or wait for nothing.
        drift_every_days: how often drift is measured; None: never.
        drift_last_days_ago: when that was done for the last time.
        small_drift_share: reports of drift that found at most one resource in twenty drifted.
        rota_people: people who share the rota; 0: there is none.
        rota_coverage: the share of the hours that the rota must cover and does.
        bearable_share: shifts with no more than two pages.
        escalating_share: routes that pass a page on when nobody answers.
        short_share: alerts of the external watch that were over within five minutes.
        acted_on_share: its pages that somebody acknowledged.
        ending_share: privileged grants with an end.
        machine_renewed_share: certificates within the network that are renewed without people.
        by_hand_days: for how long those are valid that people renew.
        copies_out_of_reach: whether a copy of the backups lies elsewhere.
        restored_by_machine_days_ago: when a restore last proved itself; None: never.
        exploited: flaws of hosts that a scanner found in half a year and that are known to be exploited.
        exploited_in_time_share: those of them that were fixed within two weeks.
        links: network links, which run full like any resource.
        scaling_share: links that the provider widens by itself.
    """

    items: int = 40
    complete_share: Share = 0.9
    verified_share: Share = 0.95
    supported_share: Share = 1
    patched_share: Share = 0.95
    drift_every_days: int | None = 1
    drift_last_days_ago: int = 0
    small_drift_share: Share = 1
    rota_people: int = 6
    rota_hours: Literal["round the clock", "office hours"] = "round the clock"
    rota_coverage: Share = 1
    bearable_share: Share = 0.95
    routes: int = 12
    escalating_share: Share = 1
    alerts_per_month: int = 120
    short_share: Share = 0.1
    acted_on_share: Share = 0.9
    grants: int = 20
    ending_share: Share = 0.8
    certificates: int = 12
    machine_renewed_share: Share = 1
    by_hand_days: int = 365
    copies_out_of_reach: bool = True
    restored_by_machine_days_ago: int | None = 10
    exploited: int = 100
    exploited_in_time_share: Share = 1
    links: int = 40
    scaling_share: Share = 1


class RegisterHabits(Habit):
    """What the registers hold, service by service and of the whole company.

    Attributes:
        shared_items: items of the inventory that belong to no service; all are complete and verified.
        accounts: people's accounts that are in use.
        strong_share: of those whose way to sign in is known, those with a second factor or single sign-on.
        untold_share: accounts whose way to sign in nobody wrote down.
        dormant_share: accounts that nobody used for longer than 45 days.
        log_sources: key systems.
        central_share: those that send their audit logs to a central place.
        log_days: for how long they are kept there.
        answers_a_quarter: users who answered when they were asked; None: nobody is asked.
        satisfaction: what they answered in the mean, from 0 to 1.
        commits: whether the platform team exports the commits of all repositories.
        checks: alert rules of the external watch; they belong to no service.
        checks_in_git_share: those that are kept in a repository.
        checks_in_order_share: those with a team, a severity, a summary and a time to hold.
    """

    services: Mapping[str, ServiceRegisters]
    shared_items: int = 4
    accounts: int = 80
    strong_share: Share = 1
    untold_share: Share = 0.05
    administrator_share: Share = 0.05
    dormant_share: Share = 0
    log_sources: int = 12
    central_share: Share = 1
    log_days: int = 180
    answers_a_quarter: int | None = 60
    satisfaction: Share = 0.9
    commits: bool = True
    checks: int = 0
    checks_in_git_share: Share = 1
    checks_in_order_share: Share = 1
