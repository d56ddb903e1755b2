"""Made-up organisations of known habits, the same for the same seed."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from bench.validity.registers import registers
from itomm.estate.company_habits import DEFAULT_HABITS

PROFILES = ("excellent", "middling", "poor")
TOOLS = ("pipelines", "repository", "monitoring", "backups", "certificate")
PEOPLE = ("delivery", "incidents", "changes", "documents", "vulnerabilities")
SECTIONS = (*TOOLS, *PEOPLE)
SERVICES = 3
_SHARE_OF_LONERS = 0.3
_ZONES = (-8, -5, 0, 1, 5.5, 8, 12.75)
_NAMES = ("checkout", "payments-api", "ledger", "search", "identity", "warehouse", "intranet", "newsletter")


@dataclass(frozen=True)
class Organisation:
    """An organisation: its name, what is particular about it, and its habits as YAML data."""

    name: str
    kind: str
    habits: Mapping[str, Any]

    def write(self, folder: Path) -> Path:
        """Write the habits file; its path."""
        path = folder / f"{self.name}.yaml"
        path.write_text(
            yaml.safe_dump(dict(self.habits), sort_keys=False, allow_unicode=True), encoding="utf-8"
        )
        return path


def organisations(seed: int, count: int) -> Iterator[Organisation]:
    """``count`` organisations, going round all kinds."""
    base = yaml.safe_load(DEFAULT_HABITS.read_text(encoding="utf-8"))
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        organisation = _organisation(base, number, kind, random.Random(f"{seed} {number} {kind}"))  # noqa: S311  no secret
        yield _with_registers(organisation, random.Random(f"{seed} {number} {kind} registers"))  # noqa: S311


KINDS = (
    "mixed",
    "excellent",
    "tool-rich and people-poor",
    "poor",
    "people-rich and tool-poor",
    "middling",
    "ticket gamers",
    "half-migrated tools",
    "three time zones",
    "quiet",
    "closes all before the audit",
    "Chinese status names",
)
"""What is particular about an organisation. ``mixed`` draws each habit of each service by itself."""


def _organisation(base: Mapping[str, Any], number: int, kind: str, chance: random.Random) -> Organisation:
    name = f"org{number:02d}"
    teams = _teams(base, kind, chance)
    names = chance.sample(_NAMES, SERVICES)
    habits = {
        "organisation": {"id": name, "name": f"Organisation {number}"},
        "seed": chance.randrange(1_000_000),
        "as_of": base["as_of"],
        "history_months": base["history_months"],
        "retention_days": base["retention_days"],
        "teams": teams,
        "groups": base["groups"],
        "service_desk": _service_desk(base["service_desk"], kind, chance),
        "handbook": _handbook(base["handbook"], kind, chance),
        "services": [_service(base, service, kind, [*teams], chance) for service in names],
    }
    if kind == "closes all before the audit":
        habits["closes_all_before"] = True
    if kind == "Chinese status names":
        habits["status_language"] = "chinese"
    return Organisation(name, kind, habits)


def _with_registers(organisation: Organisation, chance: random.Random) -> Organisation:
    """The organisation with registers, or without; some of its services know what they depend on."""
    habits = copy.deepcopy(dict(organisation.habits))
    names = [service["id"] for service in habits["services"]]
    share = {"excellent": 1, "poor": 0, "tool-rich and people-poor": 0}.get(organisation.kind, 0.6)
    for service in habits["services"]:
        if chance.random() < share:
            service["depends_on"] = [chance.choice([name for name in names if name != service["id"]])]
        if chance.random() < _SHARE_OF_LONERS and organisation.kind != "excellent":
            lonely = {"committers": 1, "dominant_committer_share": 1}
            service["habits"]["repository"] = {**service["habits"]["repository"], **lonely}
    kept = registers(organisation.kind, names, chance)
    if kept is not None:
        habits["registers"] = kept
    return replace(organisation, habits=habits)


def _teams(base: Mapping[str, Any], kind: str, chance: random.Random) -> dict[str, Any]:
    teams = copy.deepcopy(base["teams"])
    zones = (
        chance.sample(_ZONES, len(teams))
        if kind == "three time zones"
        else [chance.choice(_ZONES)] * len(teams)
    )
    for team, zone in zip(teams.values(), zones, strict=True):
        team["utc_offset_hours"] = zone
    return dict(teams)


def _profile_of(section: str, kind: str, chance: random.Random) -> str:
    match kind:
        case "excellent" | "poor" | "middling":
            return kind
        case "tool-rich and people-poor":
            return "excellent" if section in TOOLS else "poor"
        case "people-rich and tool-poor":
            return "poor" if section in TOOLS else "excellent"
        case "quiet" | "ticket gamers" | "closes all before the audit":
            return "middling"
    return chance.choice(PROFILES)


def _service(
    base: Mapping[str, Any], name: str, kind: str, teams: list[str], chance: random.Random
) -> dict[str, Any]:
    profiles = base["profiles"]
    habits = {
        section: copy.deepcopy(profiles[_profile_of(section, kind, chance)].get(section, {}))
        for section in SECTIONS
    }
    if kind == "quiet":
        habits["incidents"] = {**habits["incidents"], "per_month": 0.15}
        habits["delivery"] = {**habits["delivery"], "merge_requests_per_week": 0.15, "deploy_every_days": 120}
    if kind == "ticket gamers":  # clocks always met, nothing learnt
        habits["incidents"] = {
            **habits["incidents"], "clock_share": 1, "acknowledge_minutes": 1, "restore_hours": 0.3,
            "follow_up_share": 0, "root_cause_share": 0.1, "recurring_cause_share": 0.9,
        }  # fmt: skip
    migrated = kind != "half-migrated tools"
    return {
        "id": name,
        "name": name.title(),
        "group": chance.choice([group["id"] for group in base["groups"]]),
        "weight": chance.choice((1, 2, 3)),
        "tier": chance.choice((1, 2, 3)),
        "team": chance.choice(teams),
        "owned": chance.random() < 0.8,
        "stateful": chance.random() < 0.6,
        "internet_facing": chance.random() < 0.6,
        "component_share": 0.95 if migrated else chance.choice((0.2, 0.5)),
        "habits": habits,
    }


def _service_desk(base: Mapping[str, Any], kind: str, chance: random.Random) -> dict[str, Any]:
    desk = dict(base)
    good = {
        "excellent": 0.95,
        "people-rich and tool-poor": 0.95,
        "poor": 0.1,
        "tool-rich and people-poor": 0.1,
    }
    for name in (
        "portal_share", "automated_share", "runbook_link_share", "improvements_on_time_share",
        "effect_recorded_share", "actions_on_time_share", "risks_reviewed_share", "security_lesson_share",
    ):  # fmt: skip
        desk[name] = good.get(kind, round(chance.random(), 2))
    desk["request_hours"] = chance.choice((6, 20, 60))
    desk["access_review_days_ago"] = chance.choice((None, 20, 80, 240))
    if kind == "quiet":
        desk |= {"requests_per_month": 1, "improvements_per_month": 0.3, "security_incidents_per_year": 0.5}
    return desk


def _handbook(base: Mapping[str, Any], kind: str, chance: random.Random) -> dict[str, Any]:
    pages = dict(base)
    if kind in {"poor", "tool-rich and people-poor"}:
        return {"policy_ages": {}, "report_months": 0, "incident_process_age": None}
    for name in ("incident_process_age", "capacity_plan_age", "security_plan_age", "security_exercise_age"):
        pages[name] = chance.choice((None, 40, 200, 500))
    pages["game_days_age"] = chance.choice(([], [70], [40, 160, 300]))
    pages["report_months"] = chance.choice((0, 3, 12))
    pages["infrastructure_policy"] = chance.choice(("none", "advisory", "blocking"))
    pages["policy_ages"] = {name: chance.choice((60, 300, 500)) for name in base["policy_ages"]}
    return pages
