"""Which fields of tickets no tracker tells, and which hang on custom fields that a site may lack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from itomm.collectors.contract import CollectionContext
from itomm.collectors.payload import mapping_of, rows_of
from itomm.evidence.observation import Page

_OF_NO_TICKET = ("channel", "ci_ids", "custom", "team")
_NEVER_TOLD: Mapping[str, tuple[str, ...]] = {
    "incident": ("alert_event_ids", "detected_at", "started_at"),
    "change": ("actual_start",),
    "problem": ("root_cause_at",),
}
_WITHOUT_TEXT: Mapping[str, tuple[str, ...]] = {"change": ("deployment_ids",)}
_WITHOUT_LABELS: Mapping[str, tuple[str, ...]] = {
    "incident": ("postmortem_id",),
    "change": ("approvals",),
    "problem": ("known_error",),
}
_TOLD_BY: Mapping[str, Mapping[str, str]] = {
    "incident": {
        "severity": "severity",
        "detected_by": "detected_by",
        "root_cause_class": "root_cause_class",
    },
    "change": {
        "severity": "severity",
        "change_type": "change_type",
        "risk": "change_risk",
        "backout_plan": "backout_plan",
        "planned_start": "planned_start",
        "planned_end": "planned_end",
    },
    "problem": {"severity": "severity"},
    "service_request": {
        "severity": "severity",
        "request_type": "request_type",
        "from_catalogue": "request_type",
    },
    "improvement": {"severity": "severity", "baseline": "baseline", "result": "result"},
    "risk": {"severity": "severity", "treatment": "treatment", "reviewed_at": "reviewed_on"},
}
_TOLD_BY_WITHOUT_LABELS: Mapping[str, Mapping[str, str]] = {
    "incident": {"major": "severity"},
    "problem": {"workaround": "workaround"},
    "improvement": {"origin": "origin"},
}


def never_told(kind: str, *, labels: bool, text: bool) -> tuple[str, ...]:
    """The fields of a kind of ticket that no record has.

    They are more where tickets have no ``labels``, and where their ``text`` is not read.
    """
    without = {
        *(() if labels else ("labels", *_WITHOUT_LABELS.get(kind, ()))),
        *(() if text else _WITHOUT_TEXT.get(kind, ())),
    }
    return tuple(sorted({*_OF_NO_TICKET, *_NEVER_TOLD.get(kind, ()), *without}))


def untold_without(kind: str, has: Callable[[str], bool], *, labels: bool) -> Iterator[tuple[str, str]]:
    """Record fields that rest on custom fields which a site lacks, each with our name of the custom field.

    ``has`` says whether the site has a custom field. Where tickets have ``labels``, these tell some, too.
    """
    told_by = {**_TOLD_BY.get(kind, {}), **({} if labels else _TOLD_BY_WITHOUT_LABELS.get(kind, {}))}
    yield from ((field, ours) for field, ours in sorted(told_by.items()) if not has(ours))


def noting_lacking_fields(
    pages: Iterable[Page], kind: str, names: Mapping[str, str], context: CollectionContext
) -> Iterator[Page]:
    """The pages; at their end, what cannot be told because no ticket has the custom field for it.

    For trackers without labels, whose tickets come with all their custom fields, empty ones too. ``names``
    are the tracker's names of custom fields by ours.
    """
    seen: set[str] = set()
    tickets = 0
    for page in pages:
        for one in page.observations:
            raw = mapping_of(one.raw)
            rows = [*rows_of(raw.get("custom_fields")), *rows_of(raw.get("CustomFields"))]
            seen |= {str(row.get("name", "")).casefold() for row in rows}
        tickets += len(page.observations)
        yield page
    if not tickets:
        return
    for field, ours in untold_without(kind, lambda ours: names[ours].casefold() in seen, labels=False):
        context.cannot_tell(field, f"no ticket has a field called {names[ours]}; name yours under fields")
