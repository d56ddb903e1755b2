"""Seeded chance. Every purpose has its own stream, so that changing one habit does not reshuffle the rest.

Shares and durations are dealt from shuffled decks rather than drawn freely: a share of 0.7 then really is
seven in ten over any longer run, which keeps measured values where the habits put them.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from statistics import NormalDist
from typing import Generic, TypeVar

Choice = TypeVar("Choice")

_DECK = 20


def stream(seed: int, *purpose: object) -> Random:
    """A random stream that depends on the seed and the purpose only."""
    return Random("/".join([str(seed), *(str(part) for part in purpose)]))  # noqa: S311  # reproducible, not secret


def digest(*parts: object) -> str:
    """40 hex digits that depend on ``parts`` only; shaped like a git object id."""
    text = "\x00".join(str(part) for part in parts)
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class Shares:
    """Deals True for the given share of draws."""

    def __init__(self, random: Random, share: float) -> None:
        self._random = random
        self._share = share
        self._owed = 0.0
        self._deck: list[bool] = []

    def draw(self) -> bool:
        """Whether the next one belongs to the share."""
        if not self._deck:
            exact = self._share * _DECK + self._owed
            hits = round(exact)
            self._owed = exact - hits
            self._deck = [card < hits for card in range(_DECK)]
            self._random.shuffle(self._deck)
        return self._deck.pop()


class Durations:
    """Deals durations that spread log-normally around a median."""

    def __init__(self, random: Random, median: timedelta, sigma: float = 0.7) -> None:
        self._random = random
        self._median = median.total_seconds()
        self._sigma = sigma
        self._deck: list[float] = []

    def draw(self, factor: float = 1.0) -> timedelta:
        """The next duration, times ``factor``, in whole seconds."""
        if not self._deck:
            standard = NormalDist()
            self._deck = [standard.inv_cdf((card + 0.5) / _DECK) for card in range(_DECK)]
            self._random.shuffle(self._deck)
        return timedelta(seconds=round(self._median * factor * math.exp(self._sigma * self._deck.pop())))


class Weighted(Generic[Choice]):
    """Deals values in proportion to whole weights."""

    def __init__(self, random: Random, weights: Sequence[tuple[Choice, int]]) -> None:
        self._random = random
        self._cards = [value for value, weight in weights for _ in range(weight)]
        self._deck: list[Choice] = []

    def draw(self) -> Choice:
        """The next value."""
        if not self._deck:
            self._deck = list(self._cards)
            self._random.shuffle(self._deck)
        return self._deck.pop()
