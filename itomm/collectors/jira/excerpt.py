"""The part of an issue's payload that evidence keeps: what the fields were read from, and no more. Pure.

Jira's answers are full of names, pictures and prose. What remains names people only where the framework
looks for them, so that it can put pseudonyms in their place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from itomm.collectors.jira.history import account_of
from itomm.collectors.payload import Payload, mapping_of, rows_of

_PEOPLE = ("reporter", "assignee")
_PROSE = ("description", "comment")
_HISTORY_FIELDS = ("status", "assignee")
_NAMED: Mapping[str, tuple[str, ...]] = {
    "status": ("id", "name"),
    "issuetype": ("id", "name"),
    "project": ("id", "key"),
    "priority": ("id", "name"),
    "resolution": ("id", "name"),
}
"""Fields that Jira sends with addresses and pictures, and what of them is read."""

_ADORNMENT = frozenset({"self", "_links"})


def excerpt(
    payload: Payload, headings: Iterable[str] = (), commits: Iterable[str] | None = None
) -> dict[str, object]:
    """Key, fields and the history of status and assignee; of prose only its headings, or what it names.

    ``commits`` is None where no commits were looked for.
    """
    fields = mapping_of(payload.get("fields"))
    kept: dict[str, object] = {
        name: _value(name, value) for name, value in fields.items() if name not in (*_PEOPLE, *_PROSE)
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
        **({} if commits is None else {"commits": list(commits)}),
        "histories": [entry for row in histories if (entry := _entry(row))],
    }


def _value(name: str, value: object) -> object:
    """A field's value without what was not read: it is most of what Jira sends."""
    if name == "issuelinks":
        return [_link(row) for row in rows_of(value)]
    if name == "components":
        return [{"name": row.get("name")} for row in rows_of(value)]
    if not isinstance(value, Mapping):
        return value
    if name == "status":
        category = mapping_of(value.get("statusCategory")).get("key")
        return {**_only(value, _NAMED[name]), "statusCategory": {"key": category}}
    if name in _NAMED:
        return _only(value, _NAMED[name])
    return {key: part for key, part in value.items() if key not in _ADORNMENT}


def _link(row: Payload) -> dict[str, object]:
    """A link: its words, and the key and issue type of the other end."""
    kept: dict[str, object] = {"type": _only(mapping_of(row.get("type")), ("inward", "outward"))}
    for end in ("inwardIssue", "outwardIssue"):
        other = mapping_of(row.get(end))
        if other:
            issue_type = mapping_of(mapping_of(other.get("fields")).get("issuetype"))
            kept[end] = {
                "key": other.get("key"),
                "fields": {"issuetype": {"name": issue_type.get("name")}},
            }
    return kept


def _only(value: Payload, names: Iterable[str]) -> dict[str, object]:
    return {name: value[name] for name in names if name in value}


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
