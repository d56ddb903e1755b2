"""Services that were imported from other catalogues, as the stored evidence knows them at an instant.

What is in force is a pure function of the configuration and of what was collected: scoring asks no catalogue.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

from itomm.config.settings import CATALOGUE_SOURCE, Configuration, Group, Service, Settings
from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import record_types

_READ = (
    "name",
    "tier",
    "lifecycle",
    "owner_team",
    "stateful",
    "internet_facing",
    "depends_on",
    "group",
    "keys",
)


def in_force(configuration: Configuration, snapshot: Snapshot, as_of: datetime) -> Configuration:
    """The configuration with the services that were in scope at an instant.

    Without imports that is the configuration as it stands. With them, the services of the newest whole
    reading of the catalogue by then are added, or of the first one when it came later: services are in scope
    also at instants before they were first listed. What the file itself says of a service wins.

    Raises:
        VerificationError: the stored services cannot be read.
    """
    written = configuration.as_written
    if not written.scopes.imports:
        return configuration
    services = _in_scope(written, _stored(snapshot, as_of))
    known = {written.organisation.id, *(group.id for group in written.groups)}
    taken = known | {service.id for service in services}
    imported = sorted({service.group for service in services if service.group} - taken)
    groups = [*written.groups, *(Group(id=name, name=name) for name in imported)]
    existing = {group.id for group in groups}
    placed = [
        service if service.group in existing else service.model_copy(update={"group": None})
        for service in services
    ]
    return configuration.with_scope(groups, placed)


def _in_scope(written: Settings, stored: Mapping[str, Mapping[str, Any]]) -> list[Service]:
    """Services of the file first, then the others by id."""
    own = [_completed(service, stored.get(service.id, {})) for service in written.services]
    named = {service.id for service in own}
    taken = {written.organisation.id, *(group.id for group in written.groups), *named}
    others = [_completed(Service(id=name), stored[name]) for name in sorted(stored) if name not in taken]
    return own + others


def _completed(service: Service, stored: Mapping[str, Any]) -> Service:
    """The service with what only other catalogues say of it."""
    said = {name: stored[name] for name in _READ if stored.get(name) is not None}
    keys = {**said.pop("keys", {}), **service.keys}
    kept = {name: getattr(service, name) for name in service.model_fields_set}
    return Service.model_validate({**said, **kept, "id": service.id, "keys": keys})


def _stored(snapshot: Snapshot, as_of: datetime) -> dict[str, dict[str, Any]]:
    """The fields of each stored service by its id."""
    service = record_types()["service"]
    whole = [
        collection.finished_at
        for collection in snapshot.of_type(service.name)
        if collection.source == CATALOGUE_SOURCE and (collection.complete or collection.denied_in_part)
    ]
    if whole:
        as_of = max(as_of, min(whole))
    columns = ", ".join(f'"{name}"' for name in _READ)
    with closing(open_evidence(snapshot, [service], as_of)) as connection:
        rows: Sequence[tuple[Any, ...]] = connection.execute(
            f"SELECT source_ref, {columns} FROM service WHERE source = ? ORDER BY source_ref",  # noqa: S608  our own names
            [CATALOGUE_SOURCE],
        ).fetchall()
    return {str(row[0]): _fields(row[1:]) for row in rows}


def _fields(row: Sequence[Any]) -> dict[str, Any]:
    fields = dict(zip(_READ, row, strict=True))
    keys = fields["keys"]
    fields["keys"] = {name: tuple(names) for name, names in json.loads(keys).items()} if keys else {}
    return fields
