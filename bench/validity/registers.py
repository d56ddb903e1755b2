"""Habits of the registers of made-up organisations, by kind; some lie near a threshold."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

GOOD: Mapping[str, tuple[Any, ...]] = {
    "complete_share": (1, 0.95, 0.8),
    "verified_share": (1, 0.95, 0.9),
    "supported_share": (1, 1, 0.95),
    "patched_share": (1, 0.95, 0.9),
    "drift_every_days": (1, 1, 7),
    "drift_last_days_ago": (0, 2),
    "small_drift_share": (1, 0.95, 0.9),
    "rota_people": (6, 7, 9),
    "rota_coverage": (1, 0.97, 0.95),
    "bearable_share": (1, 0.95, 0.9),
    "escalating_share": (1,),
    "short_share": (0, 0.1, 0.15),
    "acted_on_share": (1, 0.9, 0.75),
    "ending_share": (1, 0.9),
    "machine_renewed_share": (1,),
    "copies_out_of_reach": (True,),
    "restored_by_machine_days_ago": (3, 20, 33),
    "exploited_in_time_share": (1,),
    "scaling_share": (1, 0.9, 0.8),
}
FAIR: Mapping[str, tuple[Any, ...]] = {
    "complete_share": (0.75, 0.6, 0.5),
    "verified_share": (0.85, 0.75, 0.7),
    "supported_share": (0.9, 0.85),
    "patched_share": (0.85, 0.75, 0.7),
    "drift_every_days": (1, 3, 7),
    "drift_last_days_ago": (0, 5),
    "small_drift_share": (0.85, 0.7, 0.5),
    "rota_people": (3, 4, 5, 6),
    "rota_coverage": (1, 0.96, 0.9),
    "bearable_share": (0.85, 0.8, 0.75),
    "escalating_share": (0.75, 0.6),
    "short_share": (0.25, 0.35, 0.4),
    "acted_on_share": (0.65, 0.5, 0.4),
    "ending_share": (0.6, 0.45),
    "machine_renewed_share": (0.75, 0.7),
    "copies_out_of_reach": (True, False),
    "restored_by_machine_days_ago": (10, 60, None),
    "exploited_in_time_share": (0.85, 0.8),
    "scaling_share": (0.5, 0.45),
}
BAD: Mapping[str, tuple[Any, ...]] = {
    "complete_share": (0, 0.2, 0.45),
    "verified_share": (0, 0.3, 0.65),
    "supported_share": (0.5, 0.8),
    "patched_share": (0.1, 0.5, 0.65),
    "drift_every_days": (None, 7, 30),
    "drift_last_days_ago": (0, 9, 25),
    "small_drift_share": (0, 0.3, 0.45),
    "rota_people": (0, 1, 2),
    "rota_coverage": (0.3, 0.7, 0.94),
    "bearable_share": (0.3, 0.6, 0.7),
    "escalating_share": (0, 0.2),
    "short_share": (0.5, 0.7, 0.9),
    "acted_on_share": (0, 0.1, 0.3),
    "ending_share": (0, 0.1),
    "machine_renewed_share": (0, 0.2),
    "copies_out_of_reach": (False,),
    "restored_by_machine_days_ago": (None, 90),
    "exploited_in_time_share": (0, 0.3, 0.6),
    "scaling_share": (0, 0.1),
}
OF_ALL: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "good": {
        "strong_share": (1, 1, 0.99),
        "administrator_share": (0.02, 0.05),
        "dormant_share": (0, 0.02),
        "central_share": (1, 0.95, 0.9),
        "log_days": (90, 365),
        "answers_a_quarter": (20, 60, 90),
        "satisfaction": (0.85, 0.9, 0.97),
    },
    "fair": {
        "strong_share": (0.95, 0.9, 0.86),
        "administrator_share": (0.08, 0.11),
        "dormant_share": (0.05, 0.08),
        "central_share": (0.8, 0.6),
        "log_days": (90, 180),
        "answers_a_quarter": (12, 25, 60),
        "satisfaction": (0.84, 0.75, 0.7),
    },
    "bad": {
        "strong_share": (0, 0.5, 0.8),
        "administrator_share": (0.15, 0.4),
        "dormant_share": (0.15, 0.3),
        "central_share": (0, 0.4, 1),
        "log_days": (7, 30, 89),
        "answers_a_quarter": (None, 0, 2, 40),
        "satisfaction": (0.3, 0.6),
    },
}
PEOPLES = ("rota_people", "rota_coverage", "bearable_share", "acted_on_share", "answers_a_quarter")
"""Habits that are people's; the others are the tools'."""

_SHARE_WITHOUT = 1 / 6
_SHARE_WITH_CHECKS = 1 / 3


def registers(kind: str, services: Iterable[str], chance: random.Random) -> dict[str, Any] | None:
    """The registers that an organisation keeps; None where it keeps none."""
    if chance.random() < _SHARE_WITHOUT:
        return None
    kept = {
        "services": {name: _of_service(kind, chance) for name in services},
        "shared_items": chance.choice((0, 4, 12)),
        "untold_share": chance.choice((0, 0.05, 0.5)),
        "commits": chance.random() < 0.8,
        **_drawn(kind, OF_ALL["good"], OF_ALL["fair"], OF_ALL["bad"], chance),
    }
    if chance.random() < _SHARE_WITH_CHECKS:
        kept["checks"] = 300
        kept["checks_in_git_share"] = chance.choice((0, 0.1, 0.6, 0.65, 1))
        kept["checks_in_order_share"] = chance.choice((0.3, 0.6, 0.8, 0.95, 1))
    if kind == "quiet":
        kept |= {"accounts": 12, "log_sources": 2, "answers_a_quarter": 3}
    return kept


def _of_service(kind: str, chance: random.Random) -> dict[str, Any]:
    habits = _drawn(kind, GOOD, FAIR, BAD, chance)
    habits["rota_hours"] = chance.choice(("round the clock",) * 4 + ("office hours",))
    habits["by_hand_days"] = chance.choice((365,) * 7 + (90,))
    if kind == "quiet":
        habits |= {
            "items": 6,
            "alerts_per_month": 6,
            "routes": 1,
            "grants": 2,
            "certificates": 1,
            "links": 1,
            "exploited": 1,
        }
    return habits


def _drawn(
    kind: str,
    good: Mapping[str, tuple[Any, ...]],
    fair: Mapping[str, tuple[Any, ...]],
    bad: Mapping[str, tuple[Any, ...]],
    chance: random.Random,
) -> dict[str, Any]:
    return {name: chance.choice(_manner(kind, name, chance, good, fair, bad)[name]) for name in good}


def _manner(
    kind: str, habit: str, chance: random.Random, *manners: Mapping[str, tuple[Any, ...]]
) -> Mapping[str, tuple[Any, ...]]:
    """The manner of one habit: by the kind of organisation, or drawn, so that habits contradict others."""
    good, _, bad = manners
    match kind:
        case "excellent":
            return good
        case "poor":
            return bad
        case "middling":
            return manners[1]
        case "tool-rich and people-poor":
            return bad if habit in PEOPLES else good
        case "people-rich and tool-poor":
            return good if habit in PEOPLES else bad
    return chance.choice(manners)
