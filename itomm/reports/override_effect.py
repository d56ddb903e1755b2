"""What an override moves, in words."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from itomm.reports.wording import MINUS, index_text, level_text
from itomm.scoring.assessment import OverrideEffect

_SMALLEST = Fraction(1, 100)


def effects_text(effects: Iterable[OverrideEffect], override: str) -> str:
    """What an override moves in each scope that it reaches; "" when it does not count."""
    return "; ".join(f"{each.scope}: {_effect_text(each)}" for each in effects if each.override == override)


def _effect_text(effect: OverrideEffect) -> str:
    change = _change_text(effect.index_with.point - effect.index_without.point)
    before, after = level_text(effect.level_without), level_text(effect.level_with)
    return f"index {change}" if before == after else f"{before} → {after}, index {change}"


def _change_text(change: Fraction) -> str:
    if change == 0:
        return "unchanged"
    sign = "+" if change > 0 else MINUS
    size = abs(change)
    return f"{sign}{index_text(size)}" if size >= _SMALLEST else f"{sign}less than 0.01"
