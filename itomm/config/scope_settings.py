"""The part of ``itomm.yaml`` that says which other catalogues services are imported from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from itomm.config.structure import StrictModel


class ScopeSettings(StrictModel):
    """Catalogues besides ``services``: collectors of services with their settings; the first wins."""

    imports: tuple[dict[str, Any], ...] = Field(default=(), alias="import")


def import_names(imports: tuple[Mapping[str, Any], ...]) -> Iterator[str]:
    """What each import is called: by its collector, the second of a kind with its number."""
    seen: dict[str, int] = {}
    for one in imports:
        collector = str(one.get("collector"))
        seen[collector] = seen.get(collector, 0) + 1
        yield collector if seen[collector] == 1 else f"{collector}-{seen[collector]}"
