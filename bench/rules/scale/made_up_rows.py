"""Made-up evidence in the layout of the store's segments, written by DuckDB itself; equal for equal seeds.

Every value is drawn from a hash of the row's number, so neither threads nor versions of a generator matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from itomm.evidence.collection import Collection, Segment
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.columns import column_types

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 400
"""How many days before the as-of instant the records begin."""
SHARES: Mapping[str, float] = {
    "alert_event": 0.40,
    "pipeline": 0.20,
    "deployment": 0.15,
    "merge_request": 0.10,
    "incident": 0.10,
    "vulnerability": 0.05,
}
"""Of all rows, how many are of each type; postmortems are one for twenty incidents, besides."""
ROWS_A_FILE = 2_000_000
ROWS_A_SORTED_GROUP = 16_384
"""Rows in a row group of a file sorted by service: small, so that one service is read without many others."""

_DRAWING = """
CREATE MACRO drawn(number, salt) AS (hash(number, salt) % 1000003) / 1000003.0;
CREATE MACRO one_of(number, salt, choices) AS
    choices[1 + CAST(floor(drawn(number, salt) * len(choices)) AS INTEGER)];
CREATE MACRO at_instant(number) AS
    TIMESTAMP '2026-11-01' - to_microseconds(CAST(floor(drawn(number, 1) * 400 * 86400) AS BIGINT) * 1000000
        + CAST(hash(number, 2) % 1000000 AS BIGINT));
CREATE MACRO after(moment, number, salt, seconds) AS
    moment + to_microseconds(CAST(floor(drawn(number, salt) * drawn(number, salt + 500) * seconds) AS BIGINT)
        * 1000000);
CREATE MACRO known(moment) AS CASE WHEN moment <= TIMESTAMP '2026-11-01' THEN moment END;
CREATE MACRO later(number, moment, salt, seconds) AS known(after(moment, number, salt, seconds));
CREATE MACRO of_service(number, services) AS
    CASE WHEN drawn(number, 4) > 0.01 THEN
    's' || lpad(CAST(CAST(floor(pow(drawn(number, 3), 1.5) * services) AS INTEGER) AS VARCHAR), 5, '0') END;
"""
"""A service's number is skewed: the first tenth of the services has a fifth of the records; one in a hundred
records belongs to none."""

_FIELDS: Mapping[str, Mapping[str, str]] = {
    "alert_event": {
        "rule": "'rule-' || CAST(hash(number, 10) % 400 AS VARCHAR)",
        "fingerprint": "CAST(hash(number, 11) AS VARCHAR)",
        "severity": "one_of(number, 12, ['critical', 'warning', 'warning', 'info', NULL])",
        "paging": "drawn(number, 13) < 0.3",
        "started_at": "moment",
        "ended_at": "CASE WHEN drawn(number, 14) < 0.97 THEN later(number, moment, 15, 14400) END",
        "duration_s": "CASE WHEN drawn(number, 14) < 0.97 THEN"
        " epoch(later(number, moment, 15, 14400) - moment) END",
        "receiver": "one_of(number, 16, ['pager', 'mail', 'chat'])",
        "silenced": "one_of(number, 17, [true, false, false, false, NULL])",
        "acked_at": "CASE WHEN drawn(number, 18) < 0.5 THEN later(number, moment, 19, 3600) END",
        "ticket_keys": "CASE WHEN drawn(number, 20) < 0.1 THEN ['T-' || number] ELSE [] END",
    },
    "pipeline": {
        "repo_id": "'repo-' || CAST(hash(number, 10) % 20000 AS VARCHAR)",
        "sha": "md5(CAST(number AS VARCHAR))",
        "ref": "one_of(number, 11, ['main', 'develop', 'feature'])",
        "trigger": "one_of(number, 12, ['push', 'push', 'merge_request', 'schedule', 'manual', 'api'])",
        "status": "one_of(number, 13, ['success', 'success', 'success', 'success', 'failed', 'canceled'])",
        "on_default_branch": "drawn(number, 14) < 0.4",
        "created_at": "moment",
        "finished_at": "later(number, moment, 15, 5400)",
        "duration_s": "epoch(later(number, moment, 15, 5400) - moment)",
        "queued_s": "floor(drawn(number, 16) * 300)",
        "jobs": "'[]'",
        "coverage": "CASE WHEN drawn(number, 17) < 0.6 AND later(number, moment, 15, 5400) IS NOT NULL"
        " THEN round(drawn(number, 18), 3) END",
        "gating_job_kinds": "CASE WHEN drawn(number, 19) < 0.5 THEN ['test', 'build'] ELSE ['build'] END",
    },
    "deployment": {
        "environment": "one_of(number, 10, ['prod-eu', 'prod-us', 'staging', 'test'])",
        "tier": "one_of(number, 11, ['production', 'production', 'staging', 'testing', 'development'])",
        "status": "one_of(number, 12, ['success', 'success', 'success', 'success', 'failed', 'canceled'])",
        "started_at": "moment - to_microseconds(CAST(floor(drawn(number, 13) * 1800) AS BIGINT) * 1000000)",
        "finished_at": "moment",
        "automated": "drawn(number, 14) < 0.8",
        "manual_gate": "drawn(number, 15) < 0.4",
        "rollback": "drawn(number, 16) < 0.03",
        "hotfix": "drawn(number, 17) < 0.05",
        "change_keys": "CASE WHEN drawn(number, 18) < 0.3 THEN ['C-' || number] ELSE [] END",
        "caused_incident_keys": "CASE WHEN drawn(number, 19) < 0.02 THEN ['I-' || number] ELSE [] END",
        "repo_id": "'repo-' || CAST(hash(number, 20) % 20000 AS VARCHAR)",
        "failed_change": "CASE WHEN drawn(number, 21) < 0.9 THEN drawn(number, 22) < 0.08 END",
        "failed_since": "CASE WHEN drawn(number, 22) < 0.08 THEN moment END",
        "commit_at": "CASE WHEN drawn(number, 23) < 0.9 THEN "
        "moment - to_microseconds(CAST(floor(drawn(number, 24) * 864000) AS BIGINT) * 1000000) END",
    },
    "merge_request": {
        "repo_id": "'repo-' || CAST(hash(number, 10) % 20000 AS VARCHAR)",
        "iid": "number",
        "author": "'person-' || CAST(hash(number, 11) % 3000 AS VARCHAR)",
        "author_is_bot": "drawn(number, 12) < 0.2",
        "created_at": "moment",
        "first_review_at": "CASE WHEN drawn(number, 13) < 0.8 THEN later(number, moment, 14, 172800) END",
        "merged_at": "CASE WHEN drawn(number, 15) < 0.85 THEN later(number, moment, 16, 604800) END",
        "target_is_default": "drawn(number, 17) < 0.9",
        "approvers": "CASE WHEN drawn(number, 18) < 0.7 AND drawn(number, 15) < 0.85"
        " AND later(number, moment, 16, 604800) IS NOT NULL THEN ['person-1'] ELSE [] END",
        "reviewers": "[]",
        "size_lines": "CASE WHEN drawn(number, 19) < 0.95 THEN floor(drawn(number, 20) * 900) END",
        "ticket_keys": "CASE WHEN drawn(number, 21) < 0.6 THEN ['T-' || number] ELSE [] END",
        "labels": "[]",
        "dependency_update": "drawn(number, 22) < 0.15",
    },
    "incident": {
        "key": "'I-' || number",
        "kind": "'incident'",
        "title": "'something broke, number ' || number",
        "status": "one_of(number, 10, ['Done', 'Done', 'Open'])",
        "status_category": "one_of(number, 10, ['done', 'done', 'open'])",
        "priority": "CAST(1 + hash(number, 11) % 5 AS BIGINT)",
        "severity": "CASE WHEN drawn(number, 12) < 0.95 THEN CAST(1 + hash(number, 13) % 5 AS BIGINT) END",
        "labels": "[]",
        "created_at": "moment",
        "acknowledged_at": "CASE WHEN drawn(number, 14) < 0.8 THEN later(number, moment, 15, 3600) END",
        "resolved_at": "CASE WHEN drawn(number, 16) < 0.9 THEN later(number, moment, 17, 172800) END",
        "updated_at": "moment",
        "reopened_count": "CAST(hash(number, 18) % 2 AS BIGINT)",
        "reassignment_count": "CAST(hash(number, 19) % 5 AS BIGINT)",
        "links": "'[]'",
        "ci_ids": "[]",
        "security": "drawn(number, 20) < 0.05",
        "transitions": "'[]'",
        "detected_by": "one_of(number, 21, ['monitoring', 'monitoring', 'user', 'staff', 'unknown'])",
        "restored_at": "CASE WHEN drawn(number, 16) < 0.9 THEN later(number, moment, 22, 86400) END",
        "major": "drawn(number, 23) < 0.1",
        "alert_event_ids": "[]",
        "caused_by": "[]",
    },
    "vulnerability": {
        "identifier": "'CVE-' || CAST(hash(number, 10) % 30000 AS VARCHAR)",
        "category": "one_of(number, 11, ['dependency', 'dependency', 'container', 'code', 'secret'])",
        "severity": "one_of(number, 12, ['critical', 'high', 'high', 'medium', 'medium', 'low'])",
        "kev": "drawn(number, 13) < 0.02",
        "asset_ref": "'repo-' || CAST(hash(number, 14) % 20000 AS VARCHAR)",
        "detected_at": "moment",
        "fixed_at": "CASE WHEN drawn(number, 15) < 0.7 THEN later(number, moment, 16, 5184000) END",
        "state": "CASE WHEN drawn(number, 15) < 0.7 AND later(number, moment, 16, 5184000) IS NOT NULL "
        "THEN 'fixed' ELSE 'open' END",
        "triaged_at": "CASE WHEN drawn(number, 17) < 0.8 THEN later(number, moment, 18, 864000) END",
        "ticket_keys": "[]",
        "fix_available": "drawn(number, 19) < 0.8",
    },
    "postmortem": {
        "incident_key": "'I-' || (number * 20 - CAST(19 AS BIGINT) * beginning)",
        "published_at": "moment",
        "sections": "[]",
        "participants": "[]",
        "action_keys": "[]",
    },
}


def services_of(number: int) -> list[str]:
    """The ids of the services."""
    return [f"s{each:05d}" for each in range(number)]


def write(folder: Path, rows: int, services: int, seed: int, *, sorted_by_service: bool = False) -> Snapshot:
    """Write the segments below ``folder``, or take those that are there; the snapshot that lists them."""
    counts = {name: int(rows * share) for name, share in SHARES.items()}
    counts["postmortem"] = counts["incident"] // 20
    collections = []
    with duckdb.connect() as connection:
        connection.execute(f"SET temp_directory = '{folder / 'spilled'}'")
        connection.execute("SET memory_limit = '2GB'")
        connection.execute(_DRAWING)
        for name, count in sorted(counts.items()):
            segments = []
            for first in range(0, count, ROWS_A_FILE):
                until = min(count, first + ROWS_A_FILE)
                path = Path(name) / f"{first:010d}.parquet"
                if not (folder / path).exists():
                    (folder / name).mkdir(parents=True, exist_ok=True)
                    query = _rows(name, first, until, services, seed)
                    order = " ORDER BY service_id, source_ref" if sorted_by_service else ""
                    groups = f", ROW_GROUP_SIZE {ROWS_A_SORTED_GROUP}" if sorted_by_service else ""
                    connection.execute(
                        f"COPY ({query}{order}) TO '{folder / path}'"
                        f" (FORMAT parquet, COMPRESSION zstd{groups})"
                    )
                segments.append(Segment(str(path), until - first, "", until - first))
            collections.append(_collection(name, count, tuple(segments)))
    return Snapshot(folder, tuple(collections))


def _rows(name: str, first: int, until: int, services: int, seed: int) -> str:
    provenance = {
        "source": "'made-up'",
        "source_ref": f"'{name}-' || number",
        "url": f"'https://made-up.example/{name}/' || number",
        "collected_at": "TIMESTAMP '2026-10-31 23:00:00'",
        "service_id": f"of_service(number, {services})",
        "collection": f"'{name}'",
        "page": "(number - beginning) // 100",
        "position": "number % 100",
    }
    told = {**provenance, **_FIELDS[name]}
    columns = ", ".join(
        f'CAST({told.get(column, "NULL")} AS {kind}) AS "{column}"'
        for column, kind in column_types(record_types()[name]).items()
    )
    beginning = seed * 1_000_000_000
    numbers = f"SELECT range + {beginning} AS number, {beginning} AS beginning FROM range({first}, {until})"
    return f"SELECT {columns} FROM (SELECT *, at_instant(number) AS moment FROM ({numbers}))"


def _collection(name: str, rows: int, segments: tuple[Segment, ...]) -> Collection:
    begun = AS_OF - timedelta(days=DAYS)
    finished = AS_OF - timedelta(hours=1)
    return Collection(
        id=name,
        run=1,
        source="made-up",
        collector="made-up",
        record_type=name,
        started_at=finished,
        finished_at=finished,
        complete=True,
        reason=None,
        error="",
        records=rows,
        window_start=begun,
        window_end=AS_OF,
        requested=(),
        denied=(),
        warnings=(),
        unmapped=0,
        segments=segments,
        covered_from=begun,
    )
