"""Deployments as records; rollbacks, hotfixes and failed changes are told from their order. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itomm.collectors.gitlab.project import Project, username_of
from itomm.collectors.payload import Payload, instant_of, mapping_of, text_of
from itomm.collectors.repository_contents import ticket_keys
from itomm.evidence.observation import Observation

HOTFIX_WITHIN = timedelta(hours=24)
"""A hotfix this soon says that the deployment before it failed (the record type's definition)."""

FINISHED = {"success": "success", "failed": "failed", "canceled": "canceled"}

TIERS = frozenset({"production", "staging", "testing", "development", "other"})

_TIER_BY_NAME = (
    ("production", re.compile(r"(^|[-_/.])(prod|production|prd|live)([-_/.\d]|$)", re.IGNORECASE)),
    ("staging", re.compile(r"stag|stg|pre-?prod|preview|demo|model|uat", re.IGNORECASE)),
    ("testing", re.compile(r"test|tst|qa|integration|acceptance", re.IGNORECASE)),
    ("development", re.compile(r"dev|review|trunk|sandbox|local", re.IGNORECASE)),
)
"""Tried in this order when GitLab gives no tier; "pre-prod" must not count as production."""

_HOTFIX = re.compile(r"(^|[-_/\s])hot-?fix", re.IGNORECASE)
_ROLLBACK = re.compile(r"roll-?back", re.IGNORECASE)


@dataclass(frozen=True)
class Delivery:
    """One finished deployment, before it is set against its neighbours."""

    payload: Payload
    environment: str
    tier: str
    status: str
    sha: str | None
    finished_at: datetime
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


def read_delivery(payload: Payload, environment_tiers: Mapping[str, str] | None = None) -> Delivery | None:
    """Read one row of the list of deployments; None while it has not come to an end."""
    deployable = mapping_of(payload.get("deployable"))
    environment = mapping_of(payload.get("environment"))
    commit = mapping_of(deployable.get("commit"))
    status = FINISHED.get(str(payload.get("status") or deployable.get("status")))
    finished_at = (
        instant_of(payload.get("finished_at"))
        or instant_of(deployable.get("finished_at"))
        or instant_of(payload.get("updated_at"))
    )
    if status is None or finished_at is None:
        return None
    name = text_of(environment.get("name")) or "unknown"
    hints = [text_of(payload.get("ref")), text_of(deployable.get("name"))]
    return Delivery(
        payload=payload,
        environment=name,
        tier=_tier(name, text_of(environment.get("tier")), environment_tiers or {}),
        status=status,
        sha=text_of(payload.get("sha")),
        finished_at=finished_at,
        commit_at=instant_of(commit.get("created_at")),
        authored_at=instant_of(commit.get("authored_date")),
        hotfix=any(_HOTFIX.search(hint) for hint in hints if hint),
        marked_rollback=any(_ROLLBACK.search(hint) for hint in hints if hint),
    )


def judge(deliveries: Iterable[Delivery]) -> list[Judged]:
    """Set deployments of one project against each other, environment by environment; oldest first.

    A rollback brings back an older commit than the one that runs. A deployment is a failed change when it
    failed, when the next successful one rolls it back, or when a hotfix follows within 24 hours.
    """
    by_environment: dict[str, list[Delivery]] = {}
    for delivery in sorted(
        deliveries, key=lambda delivery: (delivery.finished_at, str(delivery.payload.get("id")))
    ):
        by_environment.setdefault(delivery.environment, []).append(delivery)
    judged = [one for row in by_environment.values() for one in _judge_environment(row)]
    return sorted(judged, key=lambda one: (one.delivery.finished_at, str(one.delivery.payload.get("id"))))


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
        changed = [one.finished_at for one in row if _changed_at(one) >= changed_since]
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


def _changed_at(delivery: Delivery) -> datetime:
    updated_at = instant_of(delivery.payload.get("updated_at"))
    return max(delivery.finished_at, updated_at) if updated_at else delivery.finished_at


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


def deployment(project: Project, judged: Judged, delivered: Iterable[str] = ()) -> Observation:
    """A finished deployment as a record; ``delivered`` are the tickets of the merge requests it brought."""
    delivery = judged.delivery
    payload = delivery.payload
    deployable = mapping_of(payload.get("deployable"))
    environment = mapping_of(payload.get("environment"))
    page = f"{project.web_url}/-/environments/{environment.get('id')}"
    return Observation(
        source_ref=f"{project.path}/deployments/{payload.get('id')}",
        fields={
            "environment": delivery.environment,
            "tier": delivery.tier,
            "sha": delivery.sha,
            "status": delivery.status,
            "started_at": instant_of(deployable.get("started_at")) or instant_of(payload.get("created_at")),
            "finished_at": delivery.finished_at,
            "automated": bool(deployable),
            "manual_gate": deployable.get("when") == "manual" or bool(payload.get("approvals")),
            "actor": username_of(payload.get("user")) or username_of(deployable.get("user")),
            "rollback": judged.rollback,
            "hotfix": delivery.hotfix,
            "change_keys": list(dict.fromkeys([*_own_keys(payload), *delivered])),
            "caused_incident_keys": [],
            "repo_id": project.path,
            "failed_change": judged.failed_change,
            "failed_since": judged.failed_since,
            "commit_at": delivery.authored_at or delivery.commit_at,
        },
        raw=payload,
        url=text_of(deployable.get("web_url")) or page,
        service_keys=project.service_keys,
    )


def _own_keys(payload: Payload) -> list[str]:
    """Tickets that the deployment's branch and commit name."""
    commit = mapping_of(mapping_of(payload.get("deployable")).get("commit"))
    return ticket_keys(
        text_of(payload.get("ref")), text_of(commit.get("title")), text_of(commit.get("message"))
    )


def _tier(name: str, stated: str | None, environment_tiers: Mapping[str, str]) -> str:
    configured = environment_tiers.get(name)
    if configured in TIERS:
        return configured
    if stated in TIERS:
        return stated
    tiers = [tier for tier, pattern in _TIER_BY_NAME if pattern.search(name)]
    if tiers[:1] == ["production"] and "staging" in tiers:
        return "staging"
    return tiers[0] if tiers else "other"
