"""The records behind one criterion, ready for a table: each once, each with the request that fetched it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from itomm.scoring.assessment import EvidenceRecord


@dataclass(frozen=True)
class RecordRow:
    """One record; ``request`` is the position, from 1, in the table's list of requests."""

    record: EvidenceRecord
    service: str
    standing: str
    request: int


@dataclass(frozen=True)
class RecordsTable:
    """Records in reading order; requests are listed once, because many records come with the same one.

    ``shown`` of ``counted`` records that entered the measures are in the rows.
    """

    rows: tuple[RecordRow, ...]
    requests: tuple[str, ...]
    shown: int
    counted: int


def records_table(
    records: Iterable[EvidenceRecord], counted: int, service_names: Mapping[str, str]
) -> RecordsTable:
    """Lay records out in the order given, records that counted before those that did not.

    Args:
        records: for the organisation and its services; a record that counted for both is shown once.
        counted: how many records entered the measures in all.
        service_names: service id -> name.
    """
    unique = {
        (record.source, record.record_type, record.source_ref, record.counted, record.matched): record
        for record in records
    }
    in_order = sorted(unique.values(), key=lambda record: not record.counted)
    requests: dict[str, int] = {}
    rows = tuple(
        RecordRow(
            record,
            service=service_names.get(record.service or "", record.service or ""),
            standing=_standing(record),
            request=requests.setdefault(record.request, len(requests) + 1),
        )
        for record in in_order
    )
    shown = sum(row.record.counted for row in rows)
    return RecordsTable(rows, tuple(requests), shown=shown, counted=max(counted, shown))


def _standing(record: EvidenceRecord) -> str:
    caveats = f", caveat {', '.join(record.caveats)}" if record.caveats else ""
    return f"{_counted(record)}{caveats}"


def _counted(record: EvidenceRecord) -> str:
    if not record.counted:
        return "does not count"
    if record.matched is None:
        return "counts"
    return "counts, condition holds" if record.matched else "counts, condition fails"
