"""Profiles: how many of a level's points attain it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Bar:
    """A share of points that must be reached, or, when ``above``, passed."""

    share: Fraction
    above: bool

    def reached(self, rating: Fraction) -> bool:
        """Whether a level's rating (0..1) attains it; exact."""
        return rating > self.share if self.above else rating >= self.share


@dataclass(frozen=True)
class Profile:
    """The bar at the level aimed for, and the bar at all levels below it."""

    name: str
    at_target: Bar
    below: Bar


PROFILES: Mapping[str, Profile] = {
    "itomm": Profile("itomm", Bar(Fraction(3, 4), above=False), Bar(Fraction(3, 4), above=False)),
    # ISO/IEC 33020: largely (> 50 %) at the target level, fully (> 85 %) below it
    "iso33020": Profile("iso33020", Bar(Fraction(1, 2), above=True), Bar(Fraction(17, 20), above=True)),
    "strict": Profile("strict", Bar(Fraction(1), above=False), Bar(Fraction(1), above=False)),
}
