"""What ``itomm doctor`` says of a list: whether it answers, and what the mapping finds on its first page."""

from __future__ import annotations

import requests

from itomm.collectors.contract import Check, CheckState, CollectionContext
from itomm.collectors.http_json.client import ListAsked, ListClient
from itomm.collectors.http_json.paging import Position, step_after
from itomm.collectors.http_json.reading import DENIED, ListReading
from itomm.collectors.http_json.settings import HttpJsonSettings
from itomm.collectors.mapping.reading import Read, RowRefusedError
from itomm.collectors.mapping.refusals import Refusals


def check_list(settings: HttpJsonSettings, asked: ListAsked, context: CollectionContext) -> Check:
    """The first page of a list, read as the mapping says; raises what the server's refusal raises."""
    title = f"{asked.kind} at {asked.mapping.get}" + (f" for {asked.scope}" if asked.scope else "")
    try:
        got = ListClient(settings, context).page(asked, Position())
    except requests.HTTPError as error:
        status = error.response.status_code
        if not asked.scope or status not in DENIED:
            raise
        remedy = f"Let the token read {asked.scope}, or take it out of scopes."
        return Check(title, CheckState.FAILED, f"The tool answered {status} for {asked.scope}.", remedy)
    reading = ListReading(settings, asked, context)
    refusals = Refusals("first page")
    read = [
        found for number, row in enumerate(got.rows, 1) if (found := _tried(reading, number, row, refusals))
    ]
    count = f"{len(got.rows):,} rows on the first page, {len(read):,} of them {asked.kind}"
    said = refusals.summary()
    if said:
        return Check(title, CheckState.FAILED, f"{count}. {said}", "Correct the mapping of these fields.")
    doubt = refusals.nothing_fits()
    if doubt:
        return Check(title, CheckState.WARNING, doubt, "Check what the mapping says under where.")
    lack = step_after(asked.mapping.page, Position(), got.answered).lack
    if lack:
        return Check(title, CheckState.WARNING, f"{count}; {lack}", "Correct page of this list.")
    absent = _absent(asked, read)
    if absent:
        detail = f"{count}; none has {', '.join(absent)}"
        return Check(title, CheckState.WARNING, detail, "Check the paths of these fields.")
    return Check(title, CheckState.OK, count)


def _tried(reading: ListReading, number: int, row: object, refusals: Refusals) -> Read | None:
    try:
        return reading.read(row, refusals)
    except RowRefusedError as error:
        refusals.refuse(f"row {number:,}", str(error))
        return None


def _absent(asked: ListAsked, read: list[Read]) -> list[str]:
    """The mapped fields that no row has."""
    if not read:
        return []
    return sorted(
        name
        for name, field in asked.mapping.fields.items()
        if field.source and not any(path in one.raw for one in read for path in field.source)
    )
