"""The part of an issue's payload that evidence keeps: what the fields were read from, and no more. Pure.

Jira's answers are full of names, pictures and prose. What remains names people only where the framework
looks for them, so that it can put pseudonyms in their place.
"""

from __future__ import annotations

from collections.abc import Iterable

from itomm.collectors.jira.history import account_of
from itomm.collectors.payload import Payload, mapping_of, rows_of

_PEOPLE = ("reporter", "assignee")
_PROSE = ("description", "comment")
_HISTORY_FIELDS = ("status", "assignee")


def excerpt(payload: Payload, headings: Iterable[str] = ()) -> dict[str, object]:
    """Key, fields and the history of status and assignee; of prose only its headings."""
    fields = mapping_of(payload.get("fields"))
    kept: dict[str, object] = {
        name: value for name, value in fields.items() if name not in (*_PEOPLE, *_PROSE)
    }
    for name in _PEOPLE:
        if name in fields:
            kept[name] = _person(fields[name])
    if "comment" in fields:
        comments = rows_of(mapping_of(fields["comment"]).get("comments"))
        kept["comment"] = [
            {"author": _person(one.get("author")), "created": one.get("created")} for one in comments
        ]
    histories = rows_of(mapping_of(payload.get("changelog")).get("histories"))
    return {
        "id": payload.get("id"),
        "key": payload.get("key"),
        "fields": kept,
        "headings": list(headings),
        "histories": [entry for row in histories if (entry := _entry(row))],
    }


def _person(user: object) -> dict[str, object] | None:
    account = account_of(user)
    return {"accountId": account, "accountType": mapping_of(user).get("accountType")} if account else None


def _entry(row: Payload) -> dict[str, object] | None:
    """A change of status or assignee; who was assigned stands where people stand."""
    items = [_item(item) for item in rows_of(row.get("items")) if item.get("field") in _HISTORY_FIELDS]
    return (
        {"created": row.get("created"), "author": _person(row.get("author")), "items": items}
        if items
        else None
    )


def _item(item: Payload) -> dict[str, object]:
    if item.get("field") == "assignee":
        ends = {end: {"accountId": item.get(end)} if item.get(end) else None for end in ("from", "to")}
        return {"field": "assignee", **ends}
    return {name: item.get(name) for name in ("field", "from", "fromString", "to", "toString")}
