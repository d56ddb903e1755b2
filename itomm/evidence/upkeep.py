"""What a store itself needs: keys, signatures, and work that was begun and not finished."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
from sqlalchemy import func, select
from sqlglot import exp

from itomm.config.clock import format_instant, parse_instant
from itomm.config.errors import VerificationError
from itomm.config.settings import HealthSettings
from itomm.evidence.catalogue.database import assessments, signing_keys
from itomm.evidence.collection import Collection
from itomm.evidence.health import Count, Finding, FindingState
from itomm.evidence.letting_go.removals import noted_replacements, pending_removals
from itomm.evidence.reading.compaction import overdue
from itomm.evidence.reading.masking import instant_literal
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.duckdb_connection import connect
from itomm.evidence.segments.segment_files import parquet_rows
from itomm.evidence.segments.unfinished import UnfinishedRun
from itomm.evidence.store import Store


@dataclass(frozen=True)
class Upkeep:
    """What a store's own tables and files say of its upkeep."""

    signing_keys: int
    newest_assessment: str | None
    assessed_at: datetime | None
    signed: bool
    unfinished: UnfinishedRun | None
    due_to_go: int
    to_compact: int = 0


def upkeep_of(store: Store) -> Upkeep:
    """Read it."""
    newest = select(assessments).order_by(assessments.c.ledger_seq.desc()).limit(1)
    with store.engine.connect() as connection:
        keys = int(connection.execute(select(func.count()).select_from(signing_keys)).scalar() or 0)
        row = connection.execute(newest).first()
    return Upkeep(
        signing_keys=keys,
        newest_assessment=row.id if row else None,
        assessed_at=parse_instant(row.made_at) if row else None,
        signed=bool(row and row.key_id),
        unfinished=store.unfinished_run(),
        due_to_go=len(pending_removals(store)) + len(noted_replacements(store)),
        to_compact=len(overdue(store.collections(), store.compactions())),
    )


def upkeep_findings(upkeep: Upkeep, now: datetime, limits: HealthSettings) -> list[Finding]:
    """What can be told of it at ``now``; one finding for each question."""
    return [
        _key(upkeep),
        _assessment(upkeep, now, limits),
        _unfinished(upkeep),
        _due(upkeep),
        _compaction(upkeep),
    ]


def _key(upkeep: Upkeep) -> Finding:
    title = "assessments can be signed"
    if upkeep.signing_keys:
        return Finding(title, FindingState.OK, "")
    return Finding(
        title,
        FindingState.WARNING,
        "this store has no signing key",
        "'itomm keys create' makes one.",
    )


def _assessment(upkeep: Upkeep, now: datetime, limits: HealthSettings) -> Finding:
    title = "the newest assessment is recent and signed"
    name, made = upkeep.newest_assessment, upkeep.assessed_at
    if name is None or made is None:
        return Finding(
            title, FindingState.WARNING, "no assessment was recorded yet", "'itomm assess' records one."
        )
    told = f"{name} of {format_instant(made)[:10]}"
    if now - made > timedelta(days=limits.assessment_days):
        return Finding(title, FindingState.WARNING, f"{told} is old", "'itomm assess' makes a new one.")
    if not upkeep.signed and upkeep.signing_keys:
        remedy = "'itomm score --record' records it again, signed."
        return Finding(title, FindingState.WARNING, f"{told} is not signed", remedy)
    return Finding(title, FindingState.OK, told)


def _unfinished(upkeep: Upkeep) -> Finding:
    title = "no run waits to be finished"
    if upkeep.unfinished is None:
        return Finding(title, FindingState.OK, "")
    run = upkeep.unfinished
    told = f"run {run.run} of {format_instant(run.until)} was killed"
    return Finding(title, FindingState.WARNING, told, "'itomm collect' goes on with it.")


def _due(upkeep: Upkeep) -> Finding:
    title = "what was let go is gone"
    if not upkeep.due_to_go:
        return Finding(title, FindingState.OK, "")
    told = f"{upkeep.due_to_go:,} files are still there"
    return Finding(title, FindingState.WARNING, told, "'itomm retention apply' takes them away.")


def _compaction(upkeep: Upkeep) -> Finding:
    title = "events are compacted"
    if not upkeep.to_compact:
        return Finding(title, FindingState.OK, "")
    told = f"{upkeep.to_compact:,} streams wait for it, and are slower to read"
    return Finding(title, FindingState.WARNING, told, "The next command that writes does it.")


def counting(store: Store) -> Count:
    """Counts the different events of a collection that occurred from one instant up to another.

    Raises:
        VerificationError: a segment is missing or unreadable; when it is called.
    """

    def count(collection: Collection, start: datetime, end: datetime) -> int:
        paths = [store.folder / segment.path for segment in collection.segments]
        if not paths:
            return 0
        occurred = exp.column(str(record_types()[collection.record_type].occurred), quoted=True)
        query = (
            exp.select(exp.Count(this=exp.Distinct(expressions=[exp.column("source_ref")])))
            .from_(parquet_rows(paths))
            .where(occurred >= instant_literal(start), occurred < instant_literal(end))
        )
        with connect() as connection:
            try:
                found = connection.execute(query.sql(dialect="duckdb")).fetchone()
            except duckdb.Error as error:
                raise VerificationError(
                    f"{collection.id} cannot be read: {str(error).splitlines()[0]} Run 'itomm verify'."
                ) from None
        return int(found[0]) if found else 0

    return count
