"""A collector that is watched: what it hands over, and which scopes it notes, as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from itomm.collectors.contract import CollectionContext, Collector, Stream
from itomm.evidence.observation import Page

Scope = TypeVar("Scope")


@dataclass
class Watch:
    """What was seen.

    Attributes:
        pages: pages by record type, before the framework takes secrets and people out.
        asked: scopes noted with ``asked`` in the stream that is read.
    """

    pages: dict[str, list[Page]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)


class _WatchedContext:
    """Passes everything on to the real context, and notes scopes."""

    def __init__(self, context: CollectionContext, watch: Watch) -> None:
        self._context = context
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def asked(self, scope: str) -> None:
        self._watch.asked.add(scope)
        self._context.asked(scope)

    def side_by_side(
        self, scopes: Sequence[Scope], read: Callable[[Scope, CollectionContext], Iterator[Page]]
    ) -> Iterator[Page]:
        return self._context.side_by_side(
            scopes, lambda scope, context: read(scope, _watched(context, self._watch))
        )


def _watched(context: CollectionContext, watch: Watch) -> CollectionContext:
    watched: Any = _WatchedContext(context, watch)  # it answers to every name that the context does
    return watched  # type: ignore[no-any-return]  # see the line above


def watched(collector: type[Collector], watch: Watch) -> type[Collector]:
    """The collector, seen by ``watch``."""

    class Watched(collector):  # type: ignore[misc, valid-type]  # a class that is only known here
        def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
            watch.asked.clear()
            seen = watch.pages.setdefault(stream.record_type, [])
            for page in super().collect(stream, cursor, _watched(context, watch)):
                seen.append(page)
                yield page

    return Watched
