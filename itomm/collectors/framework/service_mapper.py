"""Finds the service that a source's own names belong to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from itomm.config.settings import Service


class ServiceMapper:
    """Resolves the names that one source uses to services.

    A service that lists no names for the source is known by its id. Names are tried in the given order,
    exactly first, then in any letter case. A name that two services claim resolves to neither.
    """

    def __init__(self, services: Iterable[Service], source: str) -> None:
        self._exact: dict[str, str | None] = {}
        self._folded: dict[str, str | None] = {}
        for service in services:
            for name in service.keys.get(source) or (service.id,):
                _claim(self._exact, name, service.id)
                _claim(self._folded, name.casefold(), service.id)

    def resolve(self, names: Sequence[str]) -> str | None:
        """The id of the service that the best of ``names`` belongs to; None when there is none."""
        for name in names:
            found = self._exact.get(name)
            if found is not None:
                return found
        for name in names:
            found = self._folded.get(name.casefold())
            if found is not None:
                return found
        return None


def _claim(table: dict[str, str | None], name: str, service: str) -> None:
    table[name] = service if table.get(name, service) == service else None
