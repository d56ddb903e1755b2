"""A small Backstage: groups and components, as its catalogue lists them page by page."""

from __future__ import annotations

import json

from itomm.collectors.conformance import Answer, Asked

NAMES = ("checkout", "ledger", "search", "storefront", "warehouse")


def answer(asked: Asked) -> Answer:
    """One answer; only who signs in gets one. A cursor holds the query and where it goes on."""
    if not asked.headers.get("authorization", "").startswith("Bearer "):
        return Answer(401, b'{"error": {"name": "AuthenticationError"}}')
    if asked.path != "/api/catalog/entities/by-query":
        return Answer(404, b'{"error": {"name": "NotFoundError"}}')
    query, _, begin = asked.query.get("cursor", "").partition("@")
    kind = (query or asked.query.get("filter", "")).partition("=")[2]
    start, size = int(begin or "0"), int(asked.query.get("limit", "20"))
    rows = [component(name) for name in NAMES] if kind == "component" else [group()]
    following = f"kind={kind}@{start + size}" if start + size < len(rows) else None
    page = {"nextCursor": following} if following else {}
    document = {"items": rows[start : start + size], "totalItems": len(rows), "pageInfo": page}
    return Answer(200, json.dumps(document).encode())


def component(name: str) -> dict[str, object]:
    return {
        "kind": "Component",
        "metadata": {"name": name, "title": f"Größe {name}", "annotations": {"jira/project-key": "OPS"}},
        "spec": {"type": "service", "lifecycle": "production", "owner": "web", "system": "shop"},
    }


def group() -> dict[str, object]:
    return {
        "kind": "Group",
        "metadata": {"name": "web"},
        "spec": {"type": "team", "profile": {"email": "web@acme.example"}},
    }
