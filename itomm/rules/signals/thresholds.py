"""The thresholds of all signals, as the one file beside this one states them."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path

from pydantic import Field

from itomm.config.structure import StrictModel, checked
from itomm.config.yaml_source import read_document


class CloseTogether(StrictModel):
    """So many records within so many minutes; ``kinds`` are record types."""

    minutes: int
    least_records: int
    because: str
    kinds: tuple[str, ...] = ()


class TwoTimes(StrictModel):
    """``happened`` should not lie more than ``hours`` before ``recorded``; ``where`` narrows the records."""

    record_type: str = Field(alias="from")
    happened: str
    recorded: str
    hours: int
    where: str | None = None


class BackDated(StrictModel):
    """Pairs of times, and how many and which share of the records have to be too far apart."""

    least_records: int
    least_share: Decimal
    because: str
    pairs: tuple[TwoTimes, ...]


class RecordedLate(StrictModel):
    """Records of ``kinds`` that came so many days late into what had been read completely before."""

    days: int
    least_records: int
    because: str
    kinds: tuple[str, ...]


class Activity(StrictModel):
    """Something that people do: a record type and the field with its time."""

    record_type: str = Field(alias="from")
    at: str


class Burst(StrictModel):
    """So much more in the last ``days`` than in as long a time before, by chance once in so many times."""

    days: int
    earlier_periods: int
    least_records: int
    times_usual: int
    times_most: int
    once_in: int
    because: str
    activities: tuple[Activity, ...]


class Refreshed(StrictModel):
    """So many, and such a share, of what only tells its last time, within the last ``days``."""

    days: int
    least_records: int
    least_share: Decimal
    because: str
    activities: tuple[Activity, ...]


class Relabelled(StrictModel):
    """The same change of one of the ``fields`` in so many records since they were read before.

    ``closing`` is by record type the time from which on hardly anything of a record changes any more.
    """

    least_records: int
    least_share: Decimal
    because: str
    fields: dict[str, tuple[str, ...]]
    closing: dict[str, str]

    def closing_of(self, record_type: str) -> str:
        """The field that says when a record of a type was closed."""
        return self.closing.get(record_type, self.closing["others"])


class OwnWork(StrictModel):
    """So many, and such a share, by one person among at least ``least_people``."""

    least_records: int
    least_share: Decimal
    least_people: int
    because: str
    closed: tuple[str, ...]


class Thresholds(StrictModel):
    """All of them; ``lately`` is how many days before an instant a reading is held against what is known."""

    lately: int
    bulk_closing: CloseTogether
    bulk_dismissal: CloseTogether
    back_dated: BackDated
    recorded_late: RecordedLate
    burst: Burst
    refreshed: Refreshed
    relabelled: Relabelled
    own_work: OwnWork


@cache
def thresholds() -> Thresholds:
    """The thresholds that come with itomm; raises InvalidInputError when their file is broken."""
    file = Path(str(resources.files("itomm.rules.signals") / "thresholds.yaml"))
    return checked(Thresholds, read_document(file))
