"""Merged merge requests, of which deployments bring the tickets. Pure."""

from __future__ import annotations

from itomm.collectors.deliveries import Merge
from itomm.collectors.payload import Payload, instant_of, text_of
from itomm.collectors.repository_contents import ticket_keys


def read_merge(payload: Payload) -> Merge | None:
    """Read one row of the list of merge requests; None when it is not merged."""
    merged_at = instant_of(payload.get("merged_at"))
    if merged_at is None:
        return None
    shas = (text_of(payload.get(name)) for name in ("merge_commit_sha", "squash_commit_sha", "sha"))
    texts = (text_of(payload.get(name)) for name in ("title", "source_branch", "description"))
    return Merge(merged_at, frozenset(sha for sha in shas if sha), tuple(ticket_keys(*texts)))
