"""People who make evidence look better: each rewrites what the last reading of a source says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from itomm.evidence.collection import Collection
from itomm.evidence.observation import CollectionOutcome, Observation, Page, RequestMade
from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.snapshot import snapshot_of
from itomm.evidence.record_types import FieldType, RecordType, record_types
from itomm.evidence.store import Store

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WHO = "person-00000000f00d"
Row = dict[str, Any]
REQUEST = RequestMade("GET", "https://tool.example/api", {}, 200)


@dataclass(frozen=True)
class Gamer:
    """One way to game: the sign that should show it, the record type, and what becomes of its records."""

    name: str
    signal: str
    record_type: str
    change: Callable[[list[Row], datetime], list[Row]]
    """All records of the type, oldest first, and the as-of instant; what the tool shows instead."""


def _closing(row: Row, at: datetime, who: str = WHO) -> Row:
    move = {"at": at.isoformat(), "from": "In Progress", "from_category": "in_progress", "to": "Done"}
    earlier = [each for each in row["transitions"] if each["to_category"] != "done"]
    done = {"status": "Done", "status_category": "done", "resolved_at": at, "updated_at": at}
    kept = {"restored_at": at} if "restored_at" in row else {}
    closed = {**move, "to_category": "done", "by": who, "automated": False}
    return {**row, **done, **kept, "transitions": [*earlier, closed]}


def closes_all_the_day_before(rows: list[Row], end: datetime) -> list[Row]:
    """All of the last month, and all that is open, in half a minute each."""
    late = [row for row in rows if row["resolved_at"] is None or row["resolved_at"] > end - 30 * DAY]
    return [_closing(row, end - DAY + number * MINUTE / 2) for number, row in enumerate(late)]


def dismisses_all(rows: list[Row], end: datetime) -> list[Row]:
    """Every open finding, with no reason."""
    return [
        {**row, "state": "dismissed", "dismissed_at": end - DAY, "triaged_at": end - DAY}
        for row in rows
        if row["state"] == "open"
    ]


def writes_changes_afterwards(rows: list[Row], _end: datetime) -> list[Row]:
    """Every third change was planned three days before its ticket."""
    return [
        {**row, "planned_start": row["created_at"] - 3 * DAY}
        for row in rows[::3]
        if row["change_type"] != "emergency"
    ]


def _exercise(number: int, at: datetime) -> Row:
    met = {"rto_target_s": timedelta(hours=4), "rto_actual_s": timedelta(hours=1)}
    return {"source_ref": f"EX-{number}", "kind": "dr", "at": at, "services": [], "action_keys": [],
            "service_id": None, **met}  # fmt: skip


def exercises_at_last(_rows: list[Row], end: datetime) -> list[Row]:
    """A dozen exercises in the last twelve days, all of them in time."""
    return [_exercise(number, end - number * DAY - MINUTE) for number in range(12)]


def writes_exercises_for_the_past(_rows: list[Row], end: datetime) -> list[Row]:
    """An exercise a month for the past year, all of them written down now."""
    return [_exercise(number, end - (30 + 30 * number) * DAY) for number in range(11)]


def makes_incidents_small(rows: list[Row], _end: datetime) -> list[Row]:
    """What was serious is not any more."""
    return [
        {**row, "priority": 4, "severity": 4, "major": False} for row in rows if (row["priority"] or 9) <= 3
    ]


def does_all_problems_alone(rows: list[Row], _end: datetime) -> list[Row]:
    """One person has opened, moved and closed nearly all."""
    return [
        {**row, "reporter": WHO, "assignee": WHO,
         "transitions": [{**move, "by": WHO} for move in row["transitions"]]}
        for row in rows[: -max(2, len(rows) // 5)]
    ]  # fmt: skip


GAMERS = (
    Gamer("closes incidents the day before", "bulk_closing", "incident", closes_all_the_day_before),
    Gamer("closes requests the day before", "bulk_closing", "service_request", closes_all_the_day_before),
    Gamer("dismisses all findings", "bulk_closing", "vulnerability", dismisses_all),
    Gamer("writes changes afterwards", "back_dated", "change", writes_changes_afterwards),
    Gamer("exercises at last", "burst", "exercise", exercises_at_last),
    Gamer("writes exercises for the past", "recorded_late", "exercise", writes_exercises_for_the_past),
    Gamer("makes incidents small", "relabelled", "incident", makes_incidents_small),
    Gamer("does all problems alone", "own_work", "problem", does_all_problems_alone),
)


def game(folder: Path, gamer: Gamer) -> bool:
    """Add a reading to a store in which somebody has gamed; False when there is nothing to game."""
    store = Store.open(folder / ".itomm", create=False)
    try:
        snapshot, end = snapshot_of(store), store.newest_instant()
        record_type = record_types()[gamer.record_type]
        found = snapshot.latest(record_type, end) if end else []
        if end is None or not found:
            return False
        changed = gamer.change(_rows(snapshot_of(store), record_type, found[-1], end), end)
        if not changed:
            return False
        _write(store, record_type, found[-1], changed, end)
        return True
    finally:
        store.engine.dispose()


def _rows(snapshot: Any, record_type: RecordType, collection: Collection, end: datetime) -> list[Row]:
    with open_evidence(snapshot, [record_type], end) as connection:
        order = record_type.occurred or "source_ref"
        asked = connection.execute(
            f'SELECT * FROM "{record_type.name}" WHERE source = ? ORDER BY "{order}", source_ref',
            [collection.source],
        )
        names = [column[0] for column in asked.description or ()]
        return [_row(record_type, dict(zip(names, row, strict=True))) for row in asked.fetchall()]


def _row(record_type: RecordType, row: Mapping[str, Any]) -> Row:
    return {
        name: _as_observed(value, record_type.fields[name].type if name in record_type.fields else None)
        for name, value in row.items()
    }


def _as_observed(value: Any, kind: FieldType | None) -> Any:
    match value:
        case datetime():
            return value.replace(tzinfo=UTC)
        case Decimal() if kind is FieldType.DURATION:
            return timedelta(seconds=float(value))
        case str() if kind is FieldType.JSON:
            return json.loads(value)
    return value


def _write(store: Store, record_type: RecordType, before: Collection, rows: list[Row], end: datetime) -> None:
    writer = store.begin_collection(
        run=store.next_run(),
        source=before.source,
        collector=before.collector,
        record_type=record_type.name,
        started_at=end,
    )
    observations = tuple(
        Observation(
            str(row["source_ref"]),
            {name: row.get(name) for name in record_type.fields},
            {},
            f"https://tool.example/{row['source_ref']}",
        )
        for row in rows
    )
    writer.add_page(Page(observations, REQUEST), [row["service_id"] for row in rows])
    writer.finish(
        CollectionOutcome(
            complete=True,
            finished_at=end + MINUTE,
            window_start=end,
            window_end=end,
            asked_digest=before.asked_digest,
            continues=before.id,
        )
    )
