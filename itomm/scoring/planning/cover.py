"""The cheapest choice of parts that together reach a number: exact, in whole numbers.

Dominated choices are dropped as they arise (Nemhauser and Ullmann, 1969), so that few of the 2^n choices are
ever looked at. Keys are added up and compared; they are the cost with a mark for each part in their low bits,
so that no two choices have the same key and the cheapest one is always the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """Something that can be chosen: what it brings (not negative) and its key."""

    gain: int
    key: int


def cheapest(parts: Iterable[Part], need: int) -> int | None:
    """The least sum of keys of parts whose gains reach ``need``; None when all together do not."""
    front: list[tuple[int, int]] = [(0, 0)]  # (key, gain), both ascending
    for part in parts:
        taken = [(key + part.key, min(need, gain + part.gain)) for key, gain in front]
        front = _not_dominated(front, taken)
    return next((key for key, gain in front if gain >= need), None)


def _not_dominated(one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    best = -1
    for key, gain in sorted([*one, *other]):
        if gain > best:
            kept.append((key, gain))
            best = gain
    return kept
