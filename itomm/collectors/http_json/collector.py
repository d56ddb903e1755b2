"""The http_json collector: any tool that answers JSON over HTTP, by declaration."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

from itomm.collectors.contract import Check, CollectionContext, Collector, CollectorSettings, Stream
from itomm.collectors.http_json.checking import check_list
from itomm.collectors.http_json.client import ListAsked
from itomm.collectors.http_json.reading import ListReading
from itomm.collectors.http_json.settings import HttpJsonSettings
from itomm.collectors.mapping.fitting import mapped_types
from itomm.collectors.mapping.stating import note_untold, stated_by_mapping
from itomm.collectors.resuming import remaining
from itomm.evidence.observation import Page

NEEDS = "read access to the lists that the mapping names"


class HttpJsonCollector(Collector):
    """Lists of JSON objects, read as the source's settings declare."""

    name: ClassVar[str] = "http_json"
    title: ClassVar[str] = "Any tool that answers JSON over HTTP"
    settings_model: ClassVar[type[CollectorSettings]] = HttpJsonSettings
    streams: ClassVar[tuple[Stream, ...]] = tuple(Stream(kind, needs=NEEDS) for kind in mapped_types())
    streams_are_configured: ClassVar[bool] = True

    def __init__(self, settings: CollectorSettings) -> None:
        self._settings = _checked(settings)

    @classmethod
    def streams_of(cls, settings: CollectorSettings) -> tuple[Stream, ...]:
        """Those that the settings map; with a cursor where a parameter tells what changed."""
        return tuple(
            Stream(kind, cursor_field=mapping.changes, page_size=mapping.page.size or 100, needs=NEEDS)
            for kind, mapping in _checked(settings).records.items()
        )

    def check(self, context: CollectionContext) -> list[Check]:
        """Ask for the first page of every list, and tell what the mapping finds there."""
        return [
            check_list(self._settings, ListAsked(kind, mapping, scope), context)
            for kind, mapping in self._settings.records.items()
            for scope in mapping.scopes or ("",)
        ]

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        """Yield one record type's pages: one scope beside the other, or the one list there is."""
        kind = stream.record_type
        mapping = self._settings.records[kind]
        said = stated_by_mapping(kind, mapping)
        if said:
            context.warn(said)
        note_untold(kind, mapping, context)
        lists = {
            one.name: one
            for scope in mapping.scopes or ("",)
            if (one := ListAsked(kind, mapping, scope, cursor))
        }
        left = remaining(tuple(lists), context.resume_from)
        for name in left.before:
            context.asked(name)
        first = left.scopes[0] if left.scopes else None
        read = partial(self._read, lists, {first: left.position})
        yield from context.side_by_side(left.scopes, read)

    def _read(
        self,
        lists: dict[str, ListAsked],
        positions: dict[str | None, Any],
        name: str,
        context: CollectionContext,
    ) -> Iterator[Page]:
        context.asked(name)
        yield from ListReading(self._settings, lists[name], context).pages(positions.get(name))


def _checked(settings: CollectorSettings) -> HttpJsonSettings:
    if not isinstance(settings, HttpJsonSettings):
        raise TypeError("the http_json collector takes HttpJsonSettings")
    return settings
