"""Made-up records of five types, the same for the same seed: as Parquet for itomm, as JSON for its peers.

Every service has a quality of its own, so that answers differ. Some values are missing, as in life.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
AS_OF_US = int(AS_OF.timestamp()) * 1_000_000
ROWS_OF_A_SERVICE = 2_000
"""As in the big benchmark: 20 million records of 10,000 services."""


@dataclass(frozen=True)
class RecordKind:
    """How one record type is made: its part of all rows, and SQL for its columns.

    In the SQL, ``a`` and ``b`` are random numbers of 62 bits of the row, ``quality`` (0 to 99) is its
    service's, and ``born`` an instant in the last year. ``for_peers`` are the columns that the rules read.
    """

    share: float
    columns: dict[str, str]
    for_peers: tuple[str, ...]


def _chance(shift: int, percent: str) -> str:
    return f"((b >> {shift}) % 100 < {percent})"


def _mostly(one_in: int, value: str) -> str:
    """A value that one row in so many does not have."""
    return f"CASE WHEN a % {one_in} > 0 THEN {value} END"


def _after(shift: int, longest_us: str) -> str:
    moment = f"born + to_microseconds((b >> {shift}) % ({longest_us}))"
    return f"least({moment}, now)"


KINDS: dict[str, RecordKind] = {
    "incident": RecordKind(
        0.05,
        {
            "key": "'INC-' || i",
            "kind": "'incident'",
            "title": "'made up'",
            "status": "'Done'",
            "status_category": "'done'",
            "priority": "CASE WHEN a % 20 > 0 THEN a % 5 + 1 END",
            "labels": "CAST([] AS VARCHAR[])",
            "created_at": "born",
            "acknowledged_at": _mostly(11, _after(7, "(1800 - 10 * quality) * 1000000")),
            "restored_at": _mostly(13, _after(3, "(40 + 30 * (100 - quality)) * 60000000")),
            "updated_at": "now",
            "reopened_count": "0",
            "reassignment_count": "0",
            "links": "'[]'",
            "ci_ids": "CAST([] AS VARCHAR[])",
            "security": "false",
            "transitions": "'[]'",
            "detected_by": "'monitoring'",
            "major": "false",
            "alert_event_ids": "CAST([] AS VARCHAR[])",
            "caused_by": "CAST([] AS VARCHAR[])",
        },
        ("priority", "created_at", "acknowledged_at", "restored_at"),
    ),
    "deployment": RecordKind(
        0.20,
        {
            "environment": "'any'",
            "tier": "['production', 'staging', 'testing'][1 + a % 3]",
            "status": "CASE WHEN a % 7 = 0 THEN 'failed' ELSE 'success' END",
            "finished_at": "born",
            "automated": _chance(5, "quality + 10"),
            "manual_gate": "false",
            "rollback": "false",
            "hotfix": "false",
            "change_keys": "CAST([] AS VARCHAR[])",
            "caused_incident_keys": "CAST([] AS VARCHAR[])",
            "failed_change": "false",
        },
        ("tier", "status", "finished_at", "automated"),
    ),
    "pipeline": RecordKind(
        0.35,
        {
            "repo_id": "'group/project'",
            "sha": "md5(CAST(i AS VARCHAR))",
            "ref": "'main'",
            "trigger": "['push', 'merge_request', 'schedule', 'manual'][1 + a % 4]",
            "status": (
                "CASE WHEN a % 17 = 0 THEN 'canceled' "
                f"WHEN {_chance(9, 'quality // 2 + 50')} THEN 'success' ELSE 'failed' END"
            ),
            "on_default_branch": _chance(3, "60"),
            "created_at": "born",
            "finished_at": "now",
            "duration_s": _mostly(19, "CAST((b >> 5) % (2800 - 22 * quality) AS DECIMAL(18, 6)) + 0.25"),
            "jobs": "'[]'",
        },
        ("trigger", "status", "on_default_branch", "created_at", "duration_s"),
    ),
    "vulnerability": RecordKind(
        0.20,
        {
            "identifier": "'CVE-' || (a % 5000)",
            "category": "'dependency'",
            "severity": "['critical', 'high', 'medium', 'low', 'info'][1 + a % 5]",
            "kev": "CASE WHEN a % 3 > 0 THEN a % 400 = 1 END",
            "kev_due_at": "CASE WHEN a % 2 = 1 THEN born + INTERVAL 14 DAY END",
            "asset_ref": "'image'",
            "detected_at": "born",
            "fixed_at": f"CASE WHEN {_chance(3, 'quality // 7 + 85')} THEN now END",
            "state": f"CASE WHEN {_chance(3, 'quality // 7 + 85')} THEN 'fixed' ELSE 'open' END",
            "ticket_keys": "CAST([] AS VARCHAR[])",
        },
        ("severity", "state", "detected_at", "kev", "kev_due_at"),
    ),
    "merge_request": RecordKind(
        0.20,
        {
            "repo_id": "'group/project'",
            "iid": "i",
            "author": "'person'",
            "author_is_bot": "a % 6 = 0",
            "created_at": "born",
            "merged_at": _mostly(7, _after(3, "432000000000")),
            "target_is_default": "a % 5 > 0",
            "approvers": (
                f"CASE WHEN a % 7 > 0 AND {_chance(11, 'quality // 2 + 52')} "
                "THEN ['one', 'two'][1:1 + b % 2] ELSE CAST([] AS VARCHAR[]) END"
            ),
            "reviewers": "CAST([] AS VARCHAR[])",
            "ticket_keys": "CAST([] AS VARCHAR[])",
            "labels": "CAST([] AS VARCHAR[])",
            "dependency_update": "false",
        },
        ("merged_at", "target_is_default", "author_is_bot", "approvers"),
    ),
}


def make_rows(folder: Path, rows: int, seed: int) -> list[str]:
    """Write records of all types to a folder; the services' names."""
    services = [f"service-{number:05}" for number in range(max(1, rows // ROWS_OF_A_SERVICE))]
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = true")
        for name, kind in KINDS.items():
            path = folder / f"{name}.parquet"
            query = _made(name, kind, round(rows * kind.share), len(services), seed)
            connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
            _export(connection, path, kind, folder / f"{name}.json")
    about = {"services": services, "as_of": AS_OF_US}
    (folder / "about.json").write_text(json.dumps(about))
    return services


def _made(name: str, kind: RecordKind, rows: int, services: int, seed: int) -> str:
    now = f"TIMESTAMP '{AS_OF.replace(tzinfo=None)}'"
    year = int(timedelta(days=365) / timedelta(microseconds=1))
    columns = ", ".join(f'{sql} AS "{column}"' for column, sql in kind.columns.items())
    return f"""
        WITH random AS (
            SELECT range AS i, {now} AS now,
                CAST(md5_number_lower('{name}/{seed}/a/' || range) >> 2 AS BIGINT) AS a,
                CAST(md5_number_lower('{name}/{seed}/b/' || range) >> 2 AS BIGINT) AS b,
                CAST(md5_number_upper('{name}/{seed}/b/' || range) >> 2 AS BIGINT) AS c
            FROM range({rows})
        ), placed AS (
            SELECT *, c % {services} AS service,
                CAST(md5_number_lower('quality/' || (c % {services})) % 100 AS BIGINT) AS quality,
                now - to_microseconds((a >> 3) % {year}) AS born
            FROM random
        )
        SELECT 'made-up' AS source, '{name}-' || i AS source_ref, 'https://made.up/' || i AS url,
            now AS collected_at, 'service-' || lpad(CAST(service AS VARCHAR), 5, '0') AS service_id,
            '{name}' AS collection, i // 100 AS page, i % 100 AS position, {columns}
        FROM placed ORDER BY i
    """


def _export(connection: duckdb.DuckDBPyConnection, path: Path, kind: RecordKind, target: Path) -> None:
    """One list a column: instants and durations as whole microseconds."""
    types = dict(
        connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE FROM '{path}')").fetchall()
    )
    columns: dict[str, list[object]] = {
        "service": _list(connection, path, "CAST(right(service_id, 5) AS INT)")
    }
    for column in kind.for_peers:
        sql = f'"{column}"'
        if types[column] == "TIMESTAMP":
            sql = f"epoch_us({sql})"
        elif types[column].startswith("DECIMAL"):
            sql = f"CAST({sql} * 1000000 AS BIGINT)"
        columns[column] = _list(connection, path, sql)
    target.write_text(json.dumps(columns))


def _list(connection: duckdb.DuckDBPyConnection, path: Path, sql: str) -> list[object]:
    return [row[0] for row in connection.execute(f"SELECT {sql} FROM '{path}'").fetchall()]
