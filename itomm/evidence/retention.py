"""Which content the retention rules let go as of an instant. Nothing is changed here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection as Several
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from itomm.config.clock import format_instant, parse_instant
from itomm.config.settings import RetentionRule
from itomm.evidence.collection import Collection, Segment
from itomm.evidence.database import compactions, requests
from itomm.evidence.record_types import record_types
from itomm.evidence.removals import Removal, removals_in
from itomm.evidence.store import Store

_WHY = {
    "raw": "raw payloads are kept for {days} days",
    "records": "records are kept for {days} days",
    "superseded": "what something newer says again is kept for {days} days",
}


@dataclass(frozen=True)
class Expired:
    """One file that a rule lets go; ``bytes`` is its size."""

    path: str
    sha256: str
    rule: RetentionRule
    bytes: int


def expired(store: Store, rules: Sequence[RetentionRule], now: datetime) -> list[Expired]:
    """What the rules let go at ``now``, in order of paths; the first rule that a file falls under counts.

    A collection's content is as old as the collection: its records may tell of much older events.
    """
    with store.engine.connect() as connection:
        catalogue = _Catalogue(store, connection)
    finders = {"raw": catalogue.raw, "records": catalogue.records, "superseded": catalogue.superseded}
    found: dict[str, Expired] = {}
    for rule in rules:
        chosen = frozenset(rule.record_types or record_types())
        for path, sha256 in finders[rule.content](chosen, now - timedelta(days=rule.keep_days)):
            file = store.folder / path
            if path not in found and file.exists():
                found[path] = Expired(path, sha256, rule, file.stat().st_size)
    return [found[path] for path in sorted(found)]


def as_removals(
    found: Sequence[Expired], *, at: datetime, actor: str, reason: str | None = None
) -> list[Removal]:
    """What is recorded of expired content; without a reason, the rule's own is told."""
    return [
        Removal(
            path=each.path,
            sha256=each.sha256,
            rule=each.rule.name,
            reason=reason or _WHY[each.rule.content].format(days=each.rule.keep_days),
            actor=actor,
            at=format_instant(at),
        )
        for each in found
    ]


class _Catalogue:
    """What a store lists, and by which files it is there now."""

    def __init__(self, store: Store, connection: Connection) -> None:
        self._store = store
        self._collections = store.recorded_collections()
        self._removals = removals_in(connection)
        self._compactions = connection.execute(select(compactions)).all()
        self._pages = connection.execute(
            select(requests.c.raw_sha256, requests.c.collection).distinct()
        ).all()

    def raw(self, chosen: Several[str], before: datetime) -> Iterator[tuple[str, str]]:
        """Payloads to which nothing but expired collections refers."""
        expired = self._expired(chosen, before)
        users: dict[str, set[str]] = defaultdict(set)
        for row in self._pages:
            users[row.raw_sha256].add(row.collection)
        for address, names in users.items():
            if names <= expired:
                path = self._store.raw.path(address).relative_to(self._store.folder).as_posix()
                yield self._removals.last_place(path, address)

    def records(self, chosen: Several[str], before: datetime) -> Iterator[tuple[str, str]]:
        """Segments of expired collections, and compactions whose every record is of one."""
        expired = self._expired(chosen, before)
        for collection in self._collections:
            if collection.id in expired:
                yield from self._places(collection)
        for row in self._compactions:
            if row.through in expired:
                yield self._removals.last_place(row.path, row.sha256)

    def superseded(self, chosen: Several[str], before: datetime) -> Iterator[tuple[str, str]]:
        """Segments whose every record something newer says again that is itself older than ``before``.

        Of events, a complete reading says again what happened since its window began; of state, a whole one
        says all. A compaction says again what is in it; a newer compaction replaces an older one.
        """
        streams: dict[tuple[str, str], list[Collection]] = defaultdict(list)
        for collection in self._collections:
            if collection.record_type in chosen:
                streams[(collection.source, collection.record_type)].append(collection)
        for stream, readings in streams.items():
            packed = [row for row in self._compactions if (row.source, row.record_type) == stream]
            packed = [row for row in packed if parse_instant(row.at) < before]
            yield from self._older_compactions(packed, readings)
            inside = _through(packed[-1].through, readings) if packed else frozenset()
            is_state = record_types()[stream[1]].is_state
            for index, collection in enumerate(readings):
                newer = [each for each in readings[index + 1 :] if each.finished_at < before]
                for segment in collection.segments:
                    said_again = _state_again(newer) if is_state else _events_again(segment, newer)
                    if said_again or collection.id in inside:
                        yield self._removals.last_place(segment.path, segment.sha256)

    def _older_compactions(
        self, packed: Sequence[Row[Any]], readings: Sequence[Collection]
    ) -> Iterator[tuple[str, str]]:
        ids = [each.id for each in readings]
        for row in packed[:-1]:
            if ids.index(row.through) <= ids.index(packed[-1].through):
                yield self._removals.last_place(row.path, row.sha256)

    def _expired(self, chosen: Several[str], before: datetime) -> frozenset[str]:
        return frozenset(
            each.id for each in self._collections if each.record_type in chosen and each.finished_at < before
        )

    def _places(self, collection: Collection) -> Iterator[tuple[str, str]]:
        for segment in collection.segments:
            yield self._removals.last_place(segment.path, segment.sha256)


def _state_again(newer: Sequence[Collection]) -> bool:
    return any(each.complete or each.denied_in_part for each in newer)


def _events_again(segment: Segment, newer: Sequence[Collection]) -> bool:
    earliest = segment.first_at
    return earliest is not None and any(
        each.complete and each.window_start is not None and each.window_start <= earliest for each in newer
    )


def _through(last: str, readings: Sequence[Collection]) -> frozenset[str]:
    """The ids of the readings up to and including the one called ``last``."""
    ids = [each.id for each in readings]
    return frozenset(ids[: ids.index(last) + 1])
