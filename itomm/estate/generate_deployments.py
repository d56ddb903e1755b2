"""Grow deployments from merged work: the rhythm, the failures and how they are mended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from itomm.estate.chance import Durations, Shares, Weighted, stream
from itomm.estate.generate_merge_requests import Draft, Workshop
from itomm.estate.working_time import DAY, midnight

_MENDING = (("failed", 6), ("rollback", 7), ("hotfix", 7))
# A hotfix only counts as the answer to a failure when it follows within a day.
_LONGEST_HOTFIX = timedelta(hours=20)


LONGEST_DEPLOYMENT = timedelta(minutes=10)


@dataclass(frozen=True)
class Shipment:
    """One production deployment before shas and ids are known. Branches name the drafts it delivers."""

    started_at: datetime
    finished_at: datetime
    head_branch: str
    status: str
    rollback: bool
    hotfix: bool
    failing: bool
    causes_incident: bool
    recovered_at: datetime | None
    delivers: tuple[str, ...]


@dataclass(frozen=True)
class _Trouble:
    kind: str
    at: datetime
    mended_at: datetime


def shipments_of(shop: Workshop, drafts: Sequence[Draft]) -> tuple[list[Shipment], list[Draft]]:
    """Production deployments in time order, and the hotfix merge requests that some of them need."""
    merged = sorted(
        ((draft.merged_at, draft.branch) for draft in drafts if draft.merged_at is not None),
    )
    failing = Shares(stream(shop.seed, shop.project, "failing"), shop.delivery.failing_share)
    incident = Shares(
        stream(shop.seed, shop.project, "failing incident"), shop.delivery.failing_causes_incident_share
    )
    mending = Weighted(stream(shop.seed, shop.project, "mending"), _MENDING)
    recovery = Durations(
        stream(shop.seed, shop.project, "recovery"), timedelta(hours=shop.delivery.recovery_hours), 0.4
    )
    shipments: list[Shipment] = []
    hotfixes: list[Draft] = []
    position, previous, blocked_until = 0, "", shop.start
    for moment in _slots(shop):
        waiting = position
        while waiting < len(merged) and merged[waiting][0] < moment:
            waiting += 1
        if waiting == position or moment < blocked_until:
            continue
        branches = tuple(branch for _, branch in merged[position:waiting])
        finished = moment + timedelta(minutes=6, seconds=len(shipments) % 50)
        trouble = None
        if failing.draw() and previous:
            trouble = _trouble(mending.draw(), finished, recovery.draw())
        shipments.append(
            _ordinary(moment, finished, branches, trouble, causes=bool(trouble) and incident.draw())
        )
        if trouble is not None:
            blocked_until = trouble.mended_at + timedelta(minutes=30)
            if trouble.kind == "hotfix":
                hotfixes.append(_hotfix(shop, trouble, len(hotfixes) + 1))
            shipments.append(_mend(trouble, branches, previous, hotfixes))
        previous = branches[-1]
        position = waiting
    return shipments, hotfixes


def _slots(shop: Workshop) -> Iterator[datetime]:
    """When the team deploys: every so many days, put off to a working day."""
    random = stream(shop.seed, shop.project, "deployment slots")
    day = midnight(shop.start) + random.randrange(shop.delivery.deploy_every_days) * DAY
    while day < shop.end:
        slot = shop.working.moment_on(day, random)
        while not shop.working.is_working_day(slot):
            slot += DAY
        if slot < shop.end:
            yield slot
        day = max(day + shop.delivery.deploy_every_days * DAY, midnight(slot + shop.working.utc_offset) + DAY)


def _trouble(kind: str, finished: datetime, recovery: timedelta) -> _Trouble:
    if kind == "hotfix":
        recovery = min(recovery, _LONGEST_HOTFIX)
    return _Trouble(kind, finished, finished + recovery)


def _ordinary(
    moment: datetime, finished: datetime, branches: tuple[str, ...], trouble: _Trouble | None, *, causes: bool
) -> Shipment:
    broken = trouble is not None and trouble.kind == "failed"
    return Shipment(
        started_at=moment,
        finished_at=finished,
        head_branch=branches[-1],
        status="failed" if broken else "success",
        rollback=False,
        hotfix=False,
        failing=trouble is not None,
        causes_incident=causes,
        recovered_at=trouble.mended_at if trouble is not None else None,
        delivers=() if broken else branches,
    )


def _mend(trouble: _Trouble, branches: tuple[str, ...], previous: str, hotfixes: Sequence[Draft]) -> Shipment:
    """The deployment that ends the trouble: the same again, the version before, or a hotfix."""
    head = {"failed": branches[-1], "rollback": previous}.get(trouble.kind) or hotfixes[-1].branch
    delivered = {"failed": branches, "rollback": ()}.get(trouble.kind, (head,))
    return Shipment(
        started_at=trouble.mended_at - timedelta(minutes=5),
        finished_at=trouble.mended_at,
        head_branch=head,
        status="success",
        rollback=trouble.kind == "rollback",
        hotfix=trouble.kind == "hotfix",
        failing=False,
        causes_incident=False,
        recovered_at=None,
        delivers=delivered,
    )


def _hotfix(shop: Workshop, trouble: _Trouble, number: int) -> Draft:
    length = trouble.mended_at - trouble.at
    others = shop.team[1:] or shop.team
    return Draft(
        author=shop.team[0],
        title=f"{shop.ticket_prefix}-{9000 + number} Hotfix: restore the previous behaviour",
        branch=f"hotfix/{number}-restore",
        first_commit_at=trouble.at + length * 0.3,
        created_at=trouble.at + length * 0.4,
        merged_at=trouble.at + length * 0.7,
        closed_at=None,
        approvers=(others[number % len(others)],) if shop.delivery.reviewed_share > 0.5 else (),
        labels=("hotfix",),
        ticket_keys=(f"{shop.ticket_prefix}-{9000 + number}",),
        update=False,
        size=12,
    )
