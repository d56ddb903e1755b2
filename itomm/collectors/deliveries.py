"""Deployments set against each other: rollbacks, hotfixes, failed changes, the tickets they brought. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itomm.collectors.payload import Payload

HOTFIX_WITHIN = timedelta(hours=24)
"""A hotfix this soon says that the deployment before it failed (the record type's definition)."""

MERGE_TAKES = timedelta(minutes=1)
"""A merge is noted this much later than its merge commit is written, at most."""

TIERS = frozenset({"production", "staging", "testing", "development", "other"})

_TIER_BY_NAME = (
    ("production", re.compile(r"(^|[-_/.])(prod|production|prd|live)([-_/.\d]|$)", re.IGNORECASE)),
    ("staging", re.compile(r"stag|stg|pre-?prod|preview|demo|model|uat", re.IGNORECASE)),
    ("testing", re.compile(r"test|tst|qa|integration|acceptance", re.IGNORECASE)),
    ("development", re.compile(r"dev|review|trunk|sandbox|local", re.IGNORECASE)),
)
"""Tried in this order when a tool gives no tier; "pre-prod" must not count as production."""

_HOTFIX = re.compile(r"(^|[-_/\s])hot-?fix", re.IGNORECASE)
_ROLLBACK = re.compile(r"roll-?back", re.IGNORECASE)


@dataclass(frozen=True)
class Delivery:
    """One finished deployment, before it is set against its neighbours."""

    number: int  # the tool's own, unique in its repository
    payload: Payload
    environment: str
    tier: str
    status: str
    sha: str | None
    finished_at: datetime
    changed_at: datetime  # when it last changed, or finished
    commit_at: datetime | None  # when the commit got its place in history; a rebase renews it
    authored_at: datetime | None
    hotfix: bool
    marked_rollback: bool


@dataclass(frozen=True)
class Judged:
    """A deployment and what its neighbours in the same environment say about it."""

    delivery: Delivery
    rollback: bool
    failed_since: datetime | None  # when it was known to be a failed change; None when it is none

    @property
    def failed_change(self) -> bool:
        """Whether it failed, was rolled back or needed a hotfix."""
        return self.failed_since is not None


@dataclass(frozen=True)
class Merge:
    """A merged merge request: when, as which commits, and the tickets it names."""

    merged_at: datetime
    shas: frozenset[str]
    keys: tuple[str, ...]


def marked_hotfix(*names: str | None) -> bool:
    """Whether a branch, tag or job calls itself a hotfix."""
    return any(_HOTFIX.search(name) for name in names if name)


def marked_rollback(*names: str | None) -> bool:
    """Whether a branch, tag or job calls itself a rollback."""
    return any(_ROLLBACK.search(name) for name in names if name)


def judge(deliveries: Iterable[Delivery]) -> list[Judged]:
    """Set deployments of one project against each other, environment by environment; oldest first.

    A rollback brings back an older commit than the one that runs. A deployment is a failed change when it
    failed, when the next successful one rolls it back, or when a hotfix follows within 24 hours.
    """
    by_environment: dict[str, list[Delivery]] = {}
    for delivery in sorted(deliveries, key=lambda delivery: (delivery.finished_at, delivery.number)):
        by_environment.setdefault(delivery.environment, []).append(delivery)
    judged = [one for row in by_environment.values() for one in _judge_environment(row)]
    return sorted(judged, key=lambda one: (one.delivery.finished_at, one.delivery.number))


def _judge_environment(row: Sequence[Delivery]) -> list[Judged]:
    rollbacks = _rollbacks(row)
    judged = []
    for position, delivery in enumerate(row):
        following = [other for other in range(position + 1, len(row)) if row[other].status == "success"]
        undone = bool(following) and rollbacks[following[0]]
        signs = [row[following[0]].finished_at] if undone else []
        signs += [
            row[other].finished_at
            for other in following
            if row[other].hotfix and row[other].finished_at - delivery.finished_at <= HOTFIX_WITHIN
        ]
        failed_since = min(signs, default=None) if delivery.status == "success" else None
        if delivery.status == "failed":
            failed_since = delivery.finished_at
        judged.append(Judged(delivery, rollback=rollbacks[position], failed_since=failed_since))
    return judged


def unsettled_since(deliveries: Iterable[Delivery], changed_since: datetime) -> Mapping[str, datetime]:
    """By environment, from when on deployments may have been judged anew since an instant.

    A deployment is judged by the next successful one and by hotfixes within 24 hours. So what changed opens
    the last success before it and all that followed. Environments where nothing changed are left out.
    """
    by_environment: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        by_environment.setdefault(delivery.environment, []).append(delivery)
    unsettled: dict[str, datetime] = {}
    for environment, row in by_environment.items():
        changed = [one.finished_at for one in row if one.changed_at >= changed_since]
        if changed:
            first = min(changed)
            before = [one.finished_at for one in row if one.status == "success" and one.finished_at < first]
            unsettled[environment] = min(max(before, default=_BEGINNING), first - HOTFIX_WITHIN)
    return unsettled


def is_unsettled(delivery: Delivery, unsettled: Mapping[str, datetime]) -> bool:
    """Whether a deployment may read otherwise than before, by what :func:`unsettled_since` says."""
    since = unsettled.get(delivery.environment)
    return since is not None and delivery.finished_at >= since


_BEGINNING = datetime.min.replace(tzinfo=UTC)


def _rollbacks(row: Sequence[Delivery]) -> list[bool]:
    found = []
    running: Delivery | None = None
    shas: set[str] = set()
    for delivery in row:
        goes_back = (
            running is not None
            and delivery.sha != running.sha
            and (delivery.sha in shas or _is_older(delivery, running))
        )
        found.append(delivery.marked_rollback or goes_back)
        if delivery.status == "success":
            running = delivery
            if delivery.sha:
                shas.add(delivery.sha)
    return found


def _is_older(delivery: Delivery, running: Delivery) -> bool:
    if delivery.commit_at is None or running.commit_at is None:
        return False
    return delivery.commit_at < running.commit_at and not delivery.hotfix


def delivered_keys(deliveries: Iterable[Delivery], merges: Iterable[Merge]) -> Mapping[int, Sequence[str]]:
    """Ticket keys by deployment number.

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
        found[delivery.number] = list(dict.fromkeys(key for merge in brought for key in merge.keys))
    return found


def environment_tier(name: str, stated: str | None, environment_tiers: Mapping[str, str]) -> str:
    """The tier that the settings give an environment, else the tool, else its name."""
    configured = environment_tiers.get(name)
    if configured in TIERS:
        return configured
    if stated in TIERS:
        return stated
    tiers = [tier for tier, pattern in _TIER_BY_NAME if pattern.search(name)]
    if tiers[:1] == ["production"] and "staging" in tiers:
        return "staging"
    return tiers[0] if tiers else "other"
