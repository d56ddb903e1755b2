"""Records that belong to no service, and services of which no source knows anything."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import RecordType, record_types

_SCOPE_FIELDS = ("repo_id", "asset_ref", "resource", "path", "ticket_key", "key", "job", "rule")
"""Fields that hold the name by which a source knows what a record is about, the best first."""

_ENDS = {"ticket_key": "-", "key": "-", "source_ref": ":"}
"""Where in a field the name of a project or repository ends."""


@dataclass(frozen=True)
class Orphans:
    """Records of one type and source that the same name belongs to, and to no service."""

    source: str
    scope: str
    record_type: str
    records: int


def orphans(snapshot: Snapshot, as_of: datetime) -> list[Orphans]:
    """Records without a service by source, name and type, the most numerous first.

    The name is the repository, the project of a ticket, or what else the type says a record is about.

    Raises:
        VerificationError: a segment is missing or unreadable.
    """
    wanted = {one.record_type for one in snapshot.collections if one.unmapped}
    types = [one for one in record_types().values() if one.name in wanted]
    if not types:
        return []
    scopes = {one.name: _scope(one) for one in types}
    columns = {name: ["source", "service_id", field] for name, field in scopes.items()}
    found: list[Orphans] = []
    with closing(open_evidence(snapshot, types, as_of, columns=columns)) as connection:
        for name, field in scopes.items():
            rows = connection.execute(_counting(name, field)).fetchall()
            found += [Orphans(source, scope, name, records) for source, scope, records in rows]
    return sorted(found, key=lambda one: (-one.records, one.source, one.scope, one.record_type))


def unknown_services(snapshot: Snapshot, services: Iterable[str], as_of: datetime) -> list[str]:
    """Services that no record of any source belongs to, besides those of the catalogue itself.

    Raises:
        VerificationError: a segment is missing or unreadable.
    """
    held = {one.record_type for one in snapshot.collections if one.records}
    types = [one for one in record_types().values() if one.name in held and one.name != "service"]
    left = set(services)
    columns = {one.name: ["service_id"] for one in types}
    with closing(open_evidence(snapshot, types, as_of, columns=columns)) as connection:
        for one in types:
            query = exp.select("service_id").distinct().from_(exp.table_(one.name, quoted=True))
            left -= {row[0] for row in connection.execute(query.sql(dialect="duckdb")).fetchall()}
    return sorted(left)


def _scope(record_type: RecordType) -> str:
    return next((name for name in _SCOPE_FIELDS if name in record_type.fields), "source_ref")


def _counting(record_type: str, field: str) -> str:
    column = exp.column(field, quoted=True)
    end = _ENDS.get(field)
    cut = exp.func("SPLIT_PART", column, exp.Literal.string(end or ""), exp.Literal.number(1))
    query = (
        exp.select("source", (cut if end else column).as_("scope"), exp.Count(this=exp.Star()))
        .from_(exp.table_(record_type, quoted=True))
        .where(exp.column("service_id").is_(exp.null()))
        .group_by("ALL")
    )
    return query.sql(dialect="duckdb")
