"""Where a value stands among named ranges that may overlap and leave gaps."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from itomm.rules.grades import Threshold


def standing(value: Fraction, bands: Mapping[str, Threshold], *, lower_is_better: bool) -> str:
    """The names of the ranges that hold a value, or which ones it is worse or better than."""
    inside = [name for name, band in bands.items() if band.holds(value)]
    if inside:
        return _either(inside)
    below = _nearest({name: _highest(band) for name, band in bands.items()}, value, above=False)
    above = _nearest({name: _lowest(band) for name, band in bands.items()}, value, above=True)
    better, worse = (below, above) if lower_is_better else (above, below)
    if better and worse:
        return f"worse than {_either(better)}, better than {_either(worse)}"
    return f"worse than {_either(better)}" if better else f"better than {_either(worse)}"


def _nearest(edges: Mapping[str, Fraction | None], value: Fraction, *, above: bool) -> list[str]:
    beside = {
        name: edge
        for name, edge in edges.items()
        if edge is not None and (edge >= value if above else edge <= value)
    }
    if not beside:
        return []
    nearest = min(beside.values()) if above else max(beside.values())
    return [name for name, edge in beside.items() if edge == nearest]


def _lowest(band: Threshold) -> Fraction | None:
    """Where a range begins; None when it has no lower end."""
    return max(
        (each.bound.value for each in band.comparisons if each.symbol in {">", ">=", "="}), default=None
    )


def _highest(band: Threshold) -> Fraction | None:
    """Where a range ends; None when it has no upper end."""
    return min(
        (each.bound.value for each in band.comparisons if each.symbol in {"<", "<=", "="}), default=None
    )


def _either(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
