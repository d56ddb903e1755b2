"""Which sources cannot tell which fields, and which rules read such a field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from itomm.evidence.collection import Collection
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import FieldType, RecordType

MOST_NAMED = 3
"""Silences that an answer names; more would hide what is said."""


@dataclass(frozen=True)
class Silence:
    """A source that cannot tell a field of its records, so that what is empty there means nothing.

    ``collections`` are those that could not tell it, when others of the source could; None for all.
    """

    source: str
    record_type: str
    field: str
    why: str = ""
    collections: tuple[str, ...] | None = None

    @property
    def place(self) -> str:
        """The field with its record type, as rules name it under ``untold_as_empty``."""
        return f"{self.record_type}.{self.field}"

    @property
    def provenance(self) -> frozenset[str]:
        """The columns by which a record is known to be from there."""
        return frozenset({"source"} if self.collections is None else {"source", "collection"})

    def covers(self, source: str, collection: str) -> bool:
        """Whether a record that a collection of a source brought is one of those."""
        return source == self.source and (self.collections is None or collection in self.collections)

    def condition(self, alias: str) -> exp.Expr:
        """Whether a record of the table ``alias`` is one of those; never null."""
        found: exp.Expr = exp.column("source", table=alias, quoted=True).eq(exp.Literal.string(self.source))
        if self.collections is not None:
            brought = exp.In(
                this=exp.column("collection", table=alias, quoted=True),
                expressions=[exp.Literal.string(each) for each in self.collections],
            )
            found = exp.and_(found, brought)
        return exp.func("coalesce", found, exp.false())


def said_of(silences: Iterable[Silence]) -> str:
    """Which sources cannot tell what, in words: fields of one source and record type together."""
    together: dict[tuple[str, str, str], list[str]] = {}
    for each in silences:
        fields = together.setdefault((each.source, each.record_type, each.why), [])
        if each.field not in fields:
            fields.append(each.field)
    named = [
        f"{source} cannot tell {_listed(fields)} of {record_type} records" + (f" ({why})" if why else "")
        for (source, record_type, why), fields in together.items()
    ]
    more = len(named) - MOST_NAMED
    return "; ".join([*named[:MOST_NAMED], *([f"and {more} more"] if more > 0 else [])])


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1]


def silences_in(snapshot: Snapshot, record_type: RecordType, as_of: datetime) -> tuple[Silence, ...]:
    """What no record of a type tells, by source and field, as of an instant."""
    by_source: dict[str, list[Collection]] = {}
    for collection in snapshot.visible(record_type, as_of):
        by_source.setdefault(collection.source, []).append(collection)
    return tuple(
        silence
        for source in sorted(by_source)
        for silence in _of_source(source, record_type, _behind_records(record_type, by_source[source]))
    )


def _behind_records(record_type: RecordType, found: Sequence[Collection]) -> Sequence[Collection]:
    """The collections that may have brought a record that is current."""
    if not record_type.is_state:
        return found
    return [each for each in found if each.complete or each.denied_in_part][-1:]


def _of_source(source: str, record_type: RecordType, found: Sequence[Collection]) -> Iterable[Silence]:
    untold: dict[str, list[str]] = {}
    why: dict[str, str] = {}
    for collection in found:
        for name, reason in _with_what_hangs_on_it(record_type, collection).items():
            untold.setdefault(name, []).append(collection.id)
            why[name] = reason
    for name in sorted(untold):
        ids = tuple(untold[name])
        yield Silence(source, record_type.name, name, why[name], None if len(ids) == len(found) else ids)


def _with_what_hangs_on_it(record_type: RecordType, collection: Collection) -> Mapping[str, str]:
    """A value that is only known from an instant on is hidden where nobody tells that instant."""
    found = {each.field: each.why for each in collection.untold if each.field in record_type.fields}
    hidden = {
        name: found[declared.known_from]
        for name, declared in record_type.fields.items()
        if declared.known_from in found
        and record_type.fields[str(declared.known_from)].type is FieldType.INSTANT
    }
    return {**hidden, **found}
