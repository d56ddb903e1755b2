"""Says what the mapping put into records or left out, so that nobody takes it for what the source says."""

from __future__ import annotations

import json

from itomm.collectors.contract import CollectionContext
from itomm.collectors.mapping.declared import RecordMapping
from itomm.collectors.mapping.defaults import defaults_of
from itomm.evidence.record_types import record_types


def stated_by_mapping(kind: str, mapping: RecordMapping) -> str | None:
    """One sentence about constants and what the source does not tell; None when there is nothing to say.

    Of optional fields only instants are named that become known later: where they are empty, a reader may
    think that it never happened.
    """
    constants = [
        f"{name} = {json.dumps(field.constant, ensure_ascii=False, default=str)}"
        for name, field in sorted(mapping.fields.items())
        if field.is_constant and name != "kind"
    ]
    moments = {name for name, field in record_types()[kind].fields.items() if field.later}
    untold = (moments - mapping.fields.keys()) | defaults_of(kind, mapping.fields).keys()
    unknown = sorted(untold - {"kind", "transitions"})
    said = [f"the mapping says of every record: {', '.join(constants)}"] if constants else []
    said += [f"the source does not tell {', '.join(unknown)}"] if unknown else []
    return f"{kind}: {'; '.join(said)}" if said else None


def note_untold(kind: str, mapping: RecordMapping, context: CollectionContext) -> None:
    """Tell which fields no record has because the mapping says nothing of them, or says that nobody knows.

    A field whose being empty says something is told by a mapping that leaves it out, too.
    """
    for name, field in record_types()[kind].fields.items():
        mapped = mapping.fields.get(name)
        said = mapped is not None and not (mapped.is_constant and mapped.constant is None)
        if not said and not field.empty_says and name not in _MADE_UP:
            context.cannot_tell(name, "map it, if the source knows it")


_MADE_UP = frozenset({"kind", "transitions"})
"""What a mapping need not name: it follows from the record type and from other fields."""
