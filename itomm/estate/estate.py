"""The stand-in estate as Python sees it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from itomm.estate.company import Company, company_of
from itomm.estate.company_habits import DEFAULT_HABITS, load_habits
from itomm.estate.configuration import configuration_text
from itomm.estate.handbook_repository import write_handbook
from itomm.estate.register_files import write_registers
from itomm.estate.truth import truth_of


class Estate:
    """A made-up company whose every fact is known."""

    def __init__(self, company: Company) -> None:
        self.company = company

    @classmethod
    def load(cls, habits: Path | None = None, *, as_of: datetime | None = None) -> Estate:
        """Grow the company of a habits file (default: Acme).

        Args:
            habits: a YAML file of habits.
            as_of: show the company at this instant; an earlier one shows the same events, fewer.

        Raises:
            UsageError: the file cannot be read or is wrong.
        """
        return cls(company_of(load_habits(habits or DEFAULT_HABITS), as_of))

    @property
    def as_of(self) -> datetime:
        """The instant that all served data ends at."""
        return self.company.as_of

    def truth(self) -> Mapping[str, Any]:
        """The true answer to every criterion, computed from the model and not through any API."""
        return truth_of(self.company)

    def configuration(self, base_url: str, repository: Path | None, registers: Path | None = None) -> str:
        """The text of an itomm.yaml that points every collector at a server of this estate.

        Args:
            base_url: the server.
            repository: where the handbook was written, if it was.
            registers: where the registers were written, if they were.
        """
        return configuration_text(self.company, base_url, repository, registers)

    def write_repository(self, path: Path) -> None:
        """Write the operations handbook as a real git repository; always with the same commit ids."""
        write_handbook(self.company, path)

    def write_registers(self, folder: Path) -> None:
        """Write the exports of other teams' registers, if the company keeps any; always the same bytes."""
        write_registers(self.company, folder)
