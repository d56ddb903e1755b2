"""What a record holds in a field that its type needs and its source knows nothing of: what claims nothing."""

from __future__ import annotations

from collections.abc import Mapping

from itomm.evidence.record_types import Field, FieldType, record_types

UNKNOWN = "unknown"
TICKETS = frozenset({"incident", "change", "problem", "service_request", "improvement", "risk"})
"""Record types that are kinds of tickets."""


def default_of(kind: str, field: Field) -> object:
    """The value of a field that no mapping fills; None when there is none that claims nothing.

    The kind of a ticket follows from its type; lists of a ticket are empty, and what may be ``unknown`` is.
    """
    if UNKNOWN in field.values:
        return UNKNOWN
    if kind not in TICKETS:
        return None
    if field.name == "kind":
        return kind
    return [] if field.type in (FieldType.LIST, FieldType.JSON) else None


def defaults_of(kind: str, mapped: Mapping[str, object]) -> dict[str, object]:
    """The values of all needed fields of a record type that are not mapped, as far as there are any."""
    return {
        name: default
        for name, field in record_types()[kind].fields.items()
        if field.required and name not in mapped and (default := default_of(kind, field)) is not None
    }
