"""Says what the mapping, and not the source, put into records, so that nobody takes it for read. Pure."""

from __future__ import annotations

import json

from itomm.collectors.mapping.declared import RecordMapping
from itomm.collectors.mapping.defaults import defaults_of


def stated_by_mapping(kind: str, mapping: RecordMapping) -> str | None:
    """One sentence about constants and about fields that the source does not know; None without any."""
    constants = [
        f"{name} = {json.dumps(field.constant, ensure_ascii=False, default=str)}"
        for name, field in sorted(mapping.fields.items())
        if field.is_constant and name != "kind"
    ]
    unknown = sorted(defaults_of(kind, mapping.fields).keys() - {"kind", "transitions"})
    said = [f"the mapping says of every record: {', '.join(constants)}"] if constants else []
    said += [f"the source does not tell {', '.join(unknown)}"] if unknown else []
    return f"{kind}: {'; '.join(said)}" if said else None
