"""Counts rows that could not be read, and tells of them: a record that is refused must never look absent."""

from __future__ import annotations

from dataclasses import dataclass, field

SHOWN = 3
"""So many refused rows are told one by one."""


@dataclass
class Refusals:
    """The rows of one file or scope that were refused, and why."""

    where: str
    rows: int = 0
    refused: int = 0
    passed_over: int = 0
    _told: list[str] = field(default_factory=list)

    def count(self) -> None:
        """One more row was looked at."""
        self.rows += 1

    def pass_over(self) -> None:
        """One row is of another type, by the mapping's conditions."""
        self.passed_over += 1

    def nothing_fits(self) -> str | None:
        """What to say where the mapping's conditions fit no row; they may be misspelt. None otherwise."""
        if self.rows or not self.passed_over:
            return None
        return f"{self.where}: where fits none of {self.passed_over:,} rows"

    def refuse(self, place: str, why: str) -> None:
        """One row was refused; ``place`` is its row or page and row."""
        self.refused += 1
        if len(self._told) < SHOWN:
            self._told.append(f"{place}: {why}")

    def summary(self) -> str | None:
        """What to say of them; None when every row was read."""
        if not self.refused:
            return None
        more = self.refused - len(self._told)
        rest = f"; and {more:,} more" if more else ""
        shown = "; ".join(self._told)
        return f"{self.where}: {self.refused:,} of {self.rows:,} rows could not be read. {shown}{rest}."
