"""Segments written before a field existed are still read; what they lack is null."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from itomm.evidence.collection import Collection, Segment
from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import record_types

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)


def test_a_field_that_a_segment_was_written_without_is_null(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE old AS SELECT 'id' AS evidence_id, 'alerts' AS source, 'ref' AS source_ref, "
            "'s1' AS service_id, '000001-alerts-silence' AS collection, 'ann' AS created_by, "
            "TIMESTAMP '2026-10-01' AS starts_at, 'gone since' AS field_of_old"
        )
        connection.table("old").write_parquet(str(tmp_path / "old.parquet"))
    collection = Collection(
        id="000001-alerts-silence",
        run=1,
        source="alerts",
        collector="alertmanager",
        record_type="silence",
        started_at=AS_OF,
        finished_at=AS_OF,
        complete=True,
        reason=None,
        error="",
        records=1,
        window_start=None,
        window_end=None,
        requested=(),
        denied=(),
        warnings=(),
        unmapped=0,
        segments=(Segment("old.parquet", 1, ""),),
    )

    with open_evidence(Snapshot(tmp_path, (collection,)), [record_types()["silence"]], AS_OF) as evidence:
        rows = evidence.execute("SELECT created_by, comment, ends_at, page FROM silence").fetchall()

    assert rows == [("ann", None, None, None)]
