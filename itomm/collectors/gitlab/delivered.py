"""Which merge requests a deployment brought, and so which tickets. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from itomm.collectors.gitlab.deployment import Delivery
from itomm.collectors.payload import Payload, instant_of, text_of
from itomm.collectors.repository_contents import ticket_keys

MERGE_TAKES = timedelta(minutes=1)
"""GitLab notes a merge this much later than it writes the merge commit, at most."""


@dataclass(frozen=True)
class Merge:
    """A merged merge request: when, as which commits, and the tickets it names."""

    merged_at: datetime
    shas: frozenset[str]
    keys: tuple[str, ...]


def read_merge(payload: Payload) -> Merge | None:
    """Read one row of the list of merge requests; None when it is not merged."""
    merged_at = instant_of(payload.get("merged_at"))
    if merged_at is None:
        return None
    shas = (text_of(payload.get(name)) for name in ("merge_commit_sha", "squash_commit_sha", "sha"))
    texts = (text_of(payload.get(name)) for name in ("title", "source_branch", "description"))
    return Merge(merged_at, frozenset(sha for sha in shas if sha), tuple(ticket_keys(*texts)))


def delivered_keys(deliveries: Iterable[Delivery], merges: Iterable[Merge]) -> Mapping[int, Sequence[str]]:
    """Ticket keys by deployment id.

    They are those of the merge request whose commit was deployed, and of all that were merged after the
    commit that ran before in the same environment.
    """
    ordered = sorted(merges, key=lambda merge: merge.merged_at)
    times = [merge.merged_at for merge in ordered]
    by_sha = {sha: merge for merge in ordered for sha in merge.shas}
    running: dict[str, datetime] = {}
    found: dict[int, Sequence[str]] = {}
    for delivery in sorted(deliveries, key=lambda one: one.finished_at):
        brought = [by_sha[delivery.sha]] if delivery.sha in by_sha else []
        before = running.get(delivery.environment)
        if delivery.commit_at is not None:
            if before is not None:
                latest = delivery.commit_at + MERGE_TAKES
                brought += ordered[bisect_right(times, before + MERGE_TAKES) : bisect_right(times, latest)]
            if delivery.status == "success":
                running[delivery.environment] = delivery.commit_at
        found[int(delivery.payload["id"])] = list(
            dict.fromkeys(key for merge in brought for key in merge.keys)
        )
    return found
