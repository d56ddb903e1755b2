"""Which content the retention rules let go as of an instant. Nothing is changed here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection as Several
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from itomm.config.settings import RetentionRule
from itomm.evidence.catalogue.database import requests
from itomm.evidence.collection import Collection, Segment
from itomm.evidence.letting_go.readable import held_by, packed_in
from itomm.evidence.letting_go.removals import removals_in
from itomm.evidence.record_types import record_types
from itomm.evidence.store import Store


@dataclass(frozen=True)
class Expired:
    """One file that a rule lets go; ``bytes`` is its size.

    ``without`` are ids of collections when only their rows go, and a compaction without them takes its place.
    """

    path: str
    sha256: str
    rule: RetentionRule
    bytes: int
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class _File:
    path: str
    sha256: str
    without: tuple[str, ...] = ()


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
        for each in finders[rule.content](chosen, now - timedelta(days=rule.keep_days)):
            file = store.folder / each.path
            earlier = found.get(each.path)
            if file.exists() and (earlier is None or (earlier.without and not each.without)):
                size = file.stat().st_size
                found[each.path] = Expired(each.path, each.sha256, rule, size, each.without)
    return [found[path] for path in sorted(found)]


class _Catalogue:
    """What a store lists, and by which files it is there now."""

    def __init__(self, store: Store, connection: Connection) -> None:
        self._store = store
        self._collections = store.recorded_collections()
        self._removals = removals_in(connection)
        self._packed = packed_in(connection)
        self._held = held_by(self._collections, self._removals, self._packed)
        self._pages = connection.execute(
            select(requests.c.raw_sha256, requests.c.collection).distinct()
        ).all()

    def raw(self, chosen: Several[str], before: datetime) -> Iterator[_File]:
        """Payloads to which nothing but expired collections refers."""
        expired = self._expired(chosen, before)
        users: dict[str, set[str]] = defaultdict(set)
        for row in self._pages:
            users[row.raw_sha256].add(row.collection)
        for address, names in users.items():
            if names <= expired:
                path = self._store.raw.path(address).relative_to(self._store.folder).as_posix()
                yield self._now_at(path, address)

    def records(self, chosen: Several[str], before: datetime) -> Iterator[_File]:
        """Segments of expired collections, and their rows in compactions."""
        expired = self._expired(chosen, before)
        for collection in self._collections:
            if collection.id in expired:
                for segment in collection.segments:
                    yield self._now_at(segment.path, segment.sha256)
        for packed in self._packed:
            there = self._now_at(packed.path, packed.sha256)
            inside = self._held.get(packed.through, frozenset()) & expired
            if packed.through in expired:
                yield there
            elif inside:
                yield _File(there.path, there.sha256, tuple(sorted(inside)))

    def superseded(self, chosen: Several[str], before: datetime) -> Iterator[_File]:
        """Segments whose every record something newer says again that is itself older than ``before``.

        Of events, a complete reading says again what happened since its window began; of state, a whole one
        says all. A compaction says again what is in it; a newer compaction replaces an older one.
        """
        streams: dict[tuple[str, str], list[Collection]] = defaultdict(list)
        for collection in self._collections:
            if collection.record_type in chosen:
                streams[(collection.source, collection.record_type)].append(collection)
        for (_, record_type), readings in streams.items():
            old = [each for each in readings if each.finished_at < before]
            bases = [each.id for each in old if each.id in self._held]
            inside = self._held[bases[-1]] if bases else frozenset()
            yield from self._older_compactions(bases)
            is_state = record_types()[record_type].is_state
            for index, collection in enumerate(readings):
                newer = [each for each in readings[index + 1 :] if each.finished_at < before]
                for segment in collection.segments:
                    said_again = _state_again(newer) if is_state else _events_again(segment, newer)
                    if said_again or collection.id in inside:
                        yield self._now_at(segment.path, segment.sha256)

    def _older_compactions(self, bases: Sequence[str]) -> Iterator[_File]:
        for packed in self._packed:
            if packed.through in bases[:-1]:
                yield self._now_at(packed.path, packed.sha256)

    def _expired(self, chosen: Several[str], before: datetime) -> frozenset[str]:
        return frozenset(
            each.id for each in self._collections if each.record_type in chosen and each.finished_at < before
        )

    def _now_at(self, path: str, sha256: str) -> _File:
        return _File(*self._removals.last_place(path, sha256))


def _state_again(newer: Sequence[Collection]) -> bool:
    return any(each.complete or each.denied_in_part for each in newer)


def _events_again(segment: Segment, newer: Sequence[Collection]) -> bool:
    earliest = segment.first_at
    return earliest is not None and any(
        each.complete and each.window_start is not None and each.window_start <= earliest for each in newer
    )
