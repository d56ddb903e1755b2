"""How a source's settings say what its words mean: fields by our names, and kinds of ticket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

DEFAULT_FIELDS: Mapping[str, str] = {
    "severity": "Severity",
    "detected_by": "Detected by",
    "change_type": "Change type",
    "change_risk": "Change risk",
    "change_outcome": "Change outcome",
    "backout_plan": "Backout plan",
    "planned_start": "Planned start",
    "planned_end": "Planned end",
    "request_type": "Request type",
    "root_cause_class": "Root cause class",
    "workaround": "Workaround",
    "origin": "Origin",
    "baseline": "Baseline",
    "result": "Result",
    "reviewed_on": "Reviewed on",
    "treatment": "Treatment",
    "service": "Service",
}
"""Our names of custom fields, and what they are called in a tracker unless the settings say otherwise."""

KINDS = ("incident", "change", "problem", "service_request", "improvement", "risk")
"""The record types that a ticket can become."""


READ_HOWEVER_OLD = frozenset({"risk", "problem", "improvement"})
"""Kinds of which there are few and whose work takes long: one may be open, or end in the time that is looked
at, although it was opened before all history. Of the others only what was opened within it is read."""


def _known_fields(fields: Mapping[str, str]) -> Mapping[str, str]:
    unknown = sorted(set(fields) - set(DEFAULT_FIELDS))
    if unknown:
        raise ValueError(
            f"no such field: {', '.join(unknown)}; known are {', '.join(sorted(DEFAULT_FIELDS))}"
        )
    return fields


def _known_kinds(kinds: Mapping[str, str]) -> Mapping[str, str]:
    unknown = sorted(set(kinds.values()) - set(KINDS))
    if unknown:
        raise ValueError(f"no such kind: {', '.join(unknown)}; known are {', '.join(KINDS)}")
    return kinds


FieldNames = Annotated[Mapping[str, str], AfterValidator(_known_fields)]
"""A pydantic type: a tracker's names of custom fields, by our names."""

KindNames = Annotated[Mapping[str, str], AfterValidator(_known_kinds)]
"""A pydantic type: our kind of ticket, by what a tracker sorts tickets by."""


def field_names(fields: Mapping[str, str]) -> dict[str, str]:
    """The tracker's field names by ours: the defaults, replaced where the settings say otherwise."""
    return {**DEFAULT_FIELDS, **fields}


def names_of_kind(kinds: Mapping[str, str], wanted: str) -> list[str]:
    """What the tracker calls tickets of the kind ``wanted``."""
    return [name for name, kind in kinds.items() if kind == wanted]


def kind_of(kinds: Mapping[str, str], name: str | None) -> str | None:
    """Our kind behind a tracker's name, in any letter case; None when the settings do not map it."""
    folded = (name or "").casefold()
    return next((kind for known, kind in kinds.items() if known.casefold() == folded), None)
