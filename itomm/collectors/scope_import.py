"""Services of several catalogues made one scope: the first that says something of a service wins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from itomm.collectors.framework.adapter import GuardedAdapter
from itomm.collectors.framework.context import Period, StreamContext
from itomm.collectors.framework.failures import explain
from itomm.collectors.framework.timing import Timing, system_timing
from itomm.collectors.source import Source
from itomm.config.settings import Service, Settings
from itomm.evidence.observation import CollectionOutcome, Observation, Page

CONFIGURATION = "the configuration"
"""What the services of ``itomm.yaml`` are called beside those of other catalogues."""

_COMPARED = ("tier", "owner_team", "lifecycle", "group")
"""What catalogues must agree on; other differences, such as of a name's spelling, are not worth showing."""

_TAKEN_OVER = (
    *_COMPARED,
    "name",
    "owner_contact",
    "business_owner",
    "stateful",
    "internet_facing",
    "depends_on",
)


@dataclass(frozen=True)
class ReadCatalogue:
    """What one catalogue listed, how reading it went, and how many requests it took."""

    name: str
    pages: tuple[Page, ...]
    outcome: CollectionOutcome
    requests: int = 0


@dataclass(frozen=True)
class Scope:
    """All services, those of the configuration first.

    Attributes:
        services: with the names by which the configured sources know them.
        pages: the services that only other catalogues list, as records, with the requests that fetched them.
        outcomes: by catalogue, how reading it went.
        conflicts: what catalogues say differently, and what was left out, in words.
        requests: that reading all catalogues took.
    """

    services: tuple[Service, ...]
    pages: tuple[Page, ...] = ()
    outcomes: Mapping[str, CollectionOutcome] = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()
    requests: int = 0


def read_catalogue(
    source: Source, until: datetime, *, timing: Callable[[threading.Event], Timing] = system_timing
) -> ReadCatalogue:
    """All services that a catalogue lists; a failure is part of the outcome."""
    pages: list[Page] = []
    failure = None
    with GuardedAdapter(source.limits, timing(threading.Event())) as adapter:
        context = StreamContext(Period(until - timedelta(days=1), until), adapter)
        try:
            for stream in source.streams:
                if stream.record_type == "service":
                    pages.extend(source.collector(source.settings).collect(stream, None, context))
        except Exception as error:  # noqa: BLE001  plug-ins raise anything; it is one failure
            failure = explain(error, source.address)
        outcome = context.outcome(failure, until, is_state=True, unmapped=0)
        return ReadCatalogue(source.name, tuple(pages), outcome, adapter.requests_made)


def one_scope(settings: Settings, catalogues: Sequence[ReadCatalogue], sources: Iterable[Source]) -> Scope:
    """The services of the configuration and of the catalogues, in this order, with what all say of each."""
    names: dict[str, list[str]] = {}
    for source in sources:
        names.setdefault(source.collector.name, []).append(source.name)
    merging = _Merging(settings, names)
    for service in settings.services:
        merging.add_configured(service)
    for catalogue in catalogues:
        merging.add(catalogue)
    return Scope(
        services=tuple(merging.services()),
        pages=tuple(merging.pages(catalogues)),
        outcomes={catalogue.name: catalogue.outcome for catalogue in catalogues},
        conflicts=tuple(merging.conflicts),
        requests=sum(catalogue.requests for catalogue in catalogues),
    )


@dataclass
class _Merged:
    """What is known of one service so far, and which catalogue said it."""

    catalogue: str
    fields: dict[str, Any]
    said_by: dict[str, str]
    keys: dict[str, tuple[str, ...]]


class _Merging:
    def __init__(self, settings: Settings, sources: Mapping[str, Sequence[str]]) -> None:
        self._settings = settings
        self._sources = sources
        self._merged: dict[str, _Merged] = {}
        self.conflicts: list[str] = []

    def add_configured(self, service: Service) -> None:
        said = {name: getattr(service, name) for name in service.model_fields_set - {"id", "keys"}}
        by = dict.fromkeys(said, CONFIGURATION)
        self._merged[service.id] = _Merged(CONFIGURATION, said, by, dict(service.keys))

    def add(self, catalogue: ReadCatalogue) -> None:
        taken = {self._settings.organisation.id, *(group.id for group in self._settings.groups)}
        for page in catalogue.pages:
            for listed in page.observations:
                if listed.source_ref in taken:
                    self.conflicts.append(
                        f"{catalogue.name} lists a service '{listed.source_ref}', which is the id of the "
                        "organisation or a group; it was left out"
                    )
                elif self._is_valid(catalogue.name, listed):
                    self._add(catalogue.name, listed)

    def _is_valid(self, catalogue: str, listed: Observation) -> bool:
        try:
            _service(listed.source_ref, _said(listed), {})
        except ValidationError:
            self.conflicts.append(
                f"{catalogue} lists '{listed.source_ref}' in a way that no service can be; it was left out"
            )
            return False
        return True

    def _add(self, catalogue: str, listed: Observation) -> None:
        known = self._merged.setdefault(listed.source_ref, _Merged(catalogue, {}, {}, {}))
        for name, value in _said(listed).items():
            before = known.fields.get(name)
            if before is None:
                known.fields[name], known.said_by[name] = value, catalogue
            elif before != value and name in _COMPARED:
                self.conflicts.append(
                    f"{listed.source_ref}: {name} is '{before}' in {known.said_by[name]} and '{value}' in "
                    f"{catalogue}; the first counts"
                )
        keys = listed.fields.get("keys")
        for collector, said in keys.items() if isinstance(keys, Mapping) else ():
            for source in self._sources.get(str(collector), ()):
                known.keys.setdefault(source, tuple(said))

    def services(self) -> Iterator[Service]:
        for name, merged in self._merged.items():
            yield _service(name, merged.fields, merged.keys)

    def pages(self, catalogues: Sequence[ReadCatalogue]) -> Iterator[Page]:
        """Each service once, on the page of the catalogue that listed it first."""
        left = {name for name, merged in self._merged.items() if merged.catalogue != CONFIGURATION}
        for catalogue in catalogues:
            for page in catalogue.pages:
                own = [one for one in page.observations if one.source_ref in left]
                left -= {one.source_ref for one in own}
                yield Page(tuple(map(self._completed, own)), page.request)

    def _completed(self, listed: Observation) -> Observation:
        merged = self._merged[listed.source_ref]
        fields = {**listed.fields, **{name: _plain(value) for name, value in merged.fields.items()}}
        keys = {source: list(names) for source, names in sorted(merged.keys.items())}
        return Observation(
            listed.source_ref, {**fields, "keys": keys}, listed.raw, listed.url, listed.service_keys
        )


def _said(listed: Observation) -> dict[str, Any]:
    """What a catalogue says of a service; topics and labels say nothing of its lifecycle."""
    said = {name: listed.fields[name] for name in _TAKEN_OVER if listed.fields.get(name) is not None}
    if listed.fields.get("catalogue_source") == "label":
        said.pop("lifecycle", None)
        if said.get("name") == listed.source_ref:
            said.pop("name")
    return said


def _service(name: str, fields: Mapping[str, Any], keys: Mapping[str, Sequence[str]]) -> Service:
    return Service.model_validate({**fields, "id": name, "keys": {key: tuple(keys[key]) for key in keys}})


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
