"""Makes a collector's page fit to be stored: checked, without secrets, without names of people, mapped."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from itomm.collectors.framework.provenance import public_request, public_url
from itomm.collectors.framework.redaction import Scrubber
from itomm.collectors.framework.secret_forms import redact_forms, storable_text
from itomm.collectors.framework.secret_keys import without_secrets
from itomm.collectors.framework.service_mapper import ServiceMapper
from itomm.evidence.observation import Observation, Page, RequestMade
from itomm.evidence.record_types import Field, FieldType, RecordType
from itomm.evidence.segments.columns import RecordRefusedError, column_values
from itomm.evidence.segments.line_maker import LineMaker

_HOLDS_TEXT = frozenset({FieldType.TEXT, FieldType.LIST, FieldType.JSON})


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
        self._lines = LineMaker(kind)
        self._people = [name for name, declared in kind.fields.items() if declared.people]
        self._by_field = {name: self._manner_of(declared) for name, declared in kind.fields.items()}

    def _manner_of(self, declared: Field) -> Callable[[object, frozenset[str]], object] | None:
        """What makes a field's value fit to be stored; None when it always is."""
        if declared.people:
            return self._named
        return self._scrubber.payload if declared.type in _HOLDS_TEXT else None

    def prepare(self, page: Page) -> PreparedPage:
        """Check, scrub and map every observation; ill-formed ones are left out and told."""
        fitting, faults = self._checked(page.observations)
        prepared = Page(
            tuple(self._scrubbed(one) for one in fitting), self._request(page.request), self._checkpoint(page)
        )
        resolve = self._mapper.resolve
        return PreparedPage(prepared, tuple(resolve(one.service_keys) for one in fitting), faults)

    def _checked(self, observations: Sequence[Observation]) -> tuple[Sequence[Observation], tuple[str, ...]]:
        """The observations that fit their record type, and what is wrong with the others."""
        if self._lines.all_fit(observations):
            return observations, ()
        fitting: list[Observation] = []
        faults: list[str] = []
        for one in observations:
            try:
                column_values(self._kind, one.fields)
            except RecordRefusedError as error:
                faults.append(f"a record was refused: {error}")
            else:
                fitting.append(one)
        return fitting, tuple(faults)

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
        people = self._people_in(observation)
        return Observation(
            source_ref=self._without_people(self._scrubber.redact(observation.source_ref), people),
            fields={
                name: manner(value, people)
                if value is not None and (manner := self._by_field[name])
                else value
                for name, value in observation.fields.items()
            },
            raw=self._scrubber.payload(observation.raw, people),
            url=self._without_people(self._scrubber.redact(public_url(observation.url)), people),
            service_keys=observation.service_keys,
        )

    def _people_in(self, observation: Observation) -> frozenset[str]:
        found: list[str] = []
        for name in self._people:
            value = observation.fields.get(name)
            if isinstance(value, str) and value:
                found.append(value)
            elif isinstance(value, list | tuple):
                found += [part for part in value if isinstance(part, str) and part]
        return frozenset(found)

    def _named(self, value: object, people: frozenset[str]) -> object:
        """A field that names people."""
        if isinstance(value, str):
            return self._scrubber.person(value)
        if isinstance(value, list | tuple):
            return [self._scrubber.person(str(part)) for part in value]
        return self._scrubber.payload(value, people)

    def _without_people(self, text: str, people: frozenset[str]) -> str:
        """A record's name or address often holds a login; the same login gives the same name again."""
        text = storable_text(text)
        for person in sorted((name for name in people if name in text), key=lambda name: (-len(name), name)):
            text = re.sub(rf"(?<!\w){re.escape(person)}(?!\w)", self._scrubber.person(person), text)
        return text
