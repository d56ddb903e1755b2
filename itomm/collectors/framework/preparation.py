"""Makes a collector's page fit to be stored: checked, without secrets, without names of people, mapped."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from itomm.collectors.framework.provenance import public_request, public_url
from itomm.collectors.framework.redaction import (
    Scrubber,
    redact_forms,
    storable_text,
    without_secrets,
)
from itomm.collectors.framework.service_mapper import ServiceMapper
from itomm.evidence.observation import Observation, Page, RequestMade
from itomm.evidence.record_types import Field, FieldType, RecordType
from itomm.evidence.segments.columns import RecordRefusedError, column_values


@dataclass(frozen=True)
class PreparedPage:
    """A page ready for the sink, the service of each observation, and what was refused and why."""

    page: Page
    service_ids: tuple[str | None, ...]
    faults: tuple[str, ...]


class Preparation:
    """Prepares the pages of one stream of one source."""

    def __init__(self, kind: RecordType, scrubber: Scrubber, mapper: ServiceMapper) -> None:
        self._kind = kind
        self._scrubber = scrubber
        self._mapper = mapper

    def prepare(self, page: Page) -> PreparedPage:
        """Check, scrub and map every observation; ill-formed ones are left out and told."""
        kept: list[Observation] = []
        service_ids: list[str | None] = []
        faults: list[str] = []
        for observation in page.observations:
            try:
                column_values(self._kind, observation.fields)
            except RecordRefusedError as error:
                faults.append(f"a record was refused: {error}")
                continue
            service_ids.append(self._mapper.resolve(observation.service_keys))
            kept.append(self._scrubbed(observation))
        prepared = Page(tuple(kept), self._request(page.request), self._checkpoint(page))
        return PreparedPage(prepared, tuple(service_ids), tuple(faults))

    def _request(self, request: RequestMade) -> RequestMade:
        """A request without secrets; its query is ours and stays, but for what has a secret's form."""
        shown = public_request(request)
        safe = self._scrubber.without_own
        query = {name: redact_forms(safe(value)) for name, value in shown.query.items()}
        return replace(shown, url=self._scrubber.redact(shown.url), query=query)

    def _checkpoint(self, page: Page) -> Mapping[str, Any] | None:
        """The checkpoint, unless it holds what looks like a secret: then the stream is not entered here."""
        if page.checkpoint is None:
            return None
        text = json.dumps(page.checkpoint, ensure_ascii=False)
        safe = (
            without_secrets(page.checkpoint) == page.checkpoint and self._scrubber.without_own(text) == text
        )
        return page.checkpoint if safe else None

    def _scrubbed(self, observation: Observation) -> Observation:
        people = frozenset(self._people_in(observation))
        return replace(
            observation,
            source_ref=self._without_people(self._scrubber.redact(observation.source_ref), people),
            fields={name: self._field(name, value, people) for name, value in observation.fields.items()},
            raw=self._scrubber.payload(observation.raw, people),
            url=self._without_people(self._scrubber.redact(public_url(observation.url)), people),
        )

    def _people_in(self, observation: Observation) -> list[str]:
        found: list[str] = []
        for name, value in observation.fields.items():
            if not self._declared(name).people:
                continue
            if isinstance(value, str) and value:
                found.append(value)
            elif isinstance(value, list | tuple):
                found += [part for part in value if isinstance(part, str) and part]
        return found

    def _field(self, name: str, value: object, people: frozenset[str]) -> object:
        declared = self._declared(name)
        if declared.people and isinstance(value, str):
            return self._scrubber.person(value)
        if declared.people and isinstance(value, list | tuple):
            return [self._scrubber.person(str(part)) for part in value]
        if declared.type in {FieldType.TEXT, FieldType.LIST, FieldType.JSON}:
            return self._scrubber.payload(value, people)
        return value

    def _without_people(self, text: str, people: frozenset[str]) -> str:
        """A record's name or address often holds a login; the same login gives the same name again."""
        text = storable_text(text)
        for person in sorted(people, key=lambda name: (-len(name), name)):
            text = re.sub(rf"(?<!\w){re.escape(person)}(?!\w)", self._scrubber.person(person), text)
        return text

    def _declared(self, name: str) -> Field:
        return self._kind.fields[name]  # present: the record was checked before
