"""Small stores, written through the store's own writer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from itomm.evidence.collection import CollectionSummary
from itomm.evidence.observation import CollectionOutcome, Observation, Page, RequestMade, UnknownReason
from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.snapshot import snapshot_of
from itomm.evidence.record_types import record_types
from itomm.evidence.store import Store

NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
COMPLETE = CollectionOutcome(complete=True, finished_at=NOON)
REQUEST = RequestMade("GET", "https://tool.example/api", {"page": "1"}, 200)

Fields = Mapping[str, object]


def scan(asset: str, **fields: object) -> Fields:
    """A state record: the fields of one security scan."""
    return {
        "asset_ref": asset,
        "kind": "sast",
        "enabled": True,
        "on_merge_request": True,
        "blocking": False,
        **fields,
    }


def finding(detected_at: datetime, **fields: object) -> Fields:
    """An event record: the fields of one vulnerability."""
    return {
        "identifier": "CVE-2026-1",
        "category": "dependency",
        "severity": "high",
        "asset_ref": "shop",
        "detected_at": detected_at,
        "state": "open",
        "ticket_keys": [],
        **fields,
    }


def observation(source_ref: str, fields: Fields) -> Observation:
    """A fact as a collector hands it over."""
    return Observation(source_ref, fields, {"ref": source_ref}, f"https://tool.example/{source_ref}")


def collect(
    store: Store,
    record_type: str,
    records: Mapping[str, Fields],
    *,
    outcome: CollectionOutcome = COMPLETE,
    source: str = "tool",
    services: Mapping[str, str] | None = None,
    page_size: int = 100,
) -> CollectionSummary:
    """Write one collection as a run of its own; records by their reference, services by reference."""
    writer = store.begin_collection(
        run=store.next_run(),
        source=source,
        collector="test",
        record_type=record_type,
        started_at=outcome.finished_at - timedelta(minutes=5),
    )
    belonging = services or {}
    observations = [observation(source_ref, fields) for source_ref, fields in records.items()]
    for start in range(0, len(observations), page_size):
        part = observations[start : start + page_size]
        writer.add_page(Page(tuple(part), REQUEST), [belonging.get(each.source_ref) for each in part])
    return writer.finish(outcome)


def finished(
    day: int,
    *,
    reason: UnknownReason | None = None,
    window_start: datetime | None = None,
    denied: tuple[str, ...] = (),
    requested: tuple[str, ...] = (),
) -> CollectionOutcome:
    """An outcome some days after noon of the first; complete unless there is a reason why not."""
    at = NOON + day * DAY
    return CollectionOutcome(
        complete=reason is None,
        finished_at=at,
        reason=reason,
        error="the test says so" if reason else "",
        window_start=window_start,
        window_end=at if window_start else None,
        requested=requested,
        denied=denied,
    )


def known(store: Store, record_type: str, as_of: datetime, *columns: str) -> list[tuple[object, ...]]:
    """Columns of all records of a type as of an instant, in order."""
    with closing(open_evidence(snapshot_of(store), [record_types()[record_type]], as_of)) as connection:
        names = ", ".join(f'"{column}"' for column in columns)
        return sorted(connection.execute(f'SELECT {names} FROM "{record_type}"').fetchall())  # noqa: S608  names of tests


def files_under(folder: Path) -> Sequence[Path]:
    """All files of a store, in order."""
    return sorted(path for path in folder.rglob("*") if path.is_file())
