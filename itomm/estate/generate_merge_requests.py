"""Grow merge requests and the default branch's commits from habits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from itomm.estate.chance import Durations, Shares, digest, stream
from itomm.estate.company_habits import Delivery, Repository
from itomm.estate.people import RENOVATE, Person
from itomm.estate.repositories import Commit, MergeRequest
from itomm.estate.working_time import WorkingTime

_SUBJECTS = (
    "Speed up the nightly reconciliation",
    "Handle empty baskets",
    "Retry the gateway call once",
    "Move settings out of the image",
    "Show delivery dates in local time",
    "Überarbeite die Fehlermeldungen",
    "Cache exchange rates for an hour",
    "Drop the unused column",
    "Validate postal codes on the server",
    "Log the request id everywhere",
    "Split the report into pages",
    "Raise the connection pool's limit",
)
_PACKAGES = ("requests", "jackson-databind", "lodash", "golang.org/x/net", "urllib3", "logback", "vite")


@dataclass(frozen=True)
class Workshop:
    """Where a repository's changes come from."""

    seed: int
    project: str
    ticket_prefix: str
    working: WorkingTime
    team: tuple[Person, ...]
    delivery: Delivery
    repository: Repository
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Draft:
    """A merge request before it has a number; times may lie after the as-of instant."""

    author: Person
    title: str
    branch: str
    first_commit_at: datetime
    created_at: datetime
    merged_at: datetime | None
    closed_at: datetime | None
    approvers: tuple[Person, ...]
    labels: tuple[str, ...]
    ticket_keys: tuple[str, ...]
    update: bool
    size: int


def drafts_of(shop: Workshop) -> list[Draft]:
    """All ordinary and update merge requests, in order of creation."""
    drafts = [*_human_drafts(shop), *_update_drafts(shop)]
    return sorted(drafts, key=lambda draft: (draft.created_at, draft.branch))


def numbered(shop: Workshop, drafts: Sequence[Draft]) -> tuple[MergeRequest, ...]:
    """Drafts opened by the as-of instant as merge requests, without what happened later."""
    visible = sorted(
        (draft for draft in drafts if draft.created_at <= shop.end),
        key=lambda draft: (draft.created_at, draft.branch),
    )
    return tuple(_as_seen(shop, draft, iid) for iid, draft in enumerate(visible, start=1))


def commits_of(shop: Workshop, merge_requests: Sequence[MergeRequest]) -> tuple[Commit, ...]:
    """The default branch's history, oldest first, one root commit before all."""
    parent = digest("root", shop.project)
    began = shop.start - timedelta(days=200)
    commits = [Commit(parent, "", "Import", shop.team[0], began, began, merge=False)]
    merged = (request for request in merge_requests if request.merged_at is not None)
    for request in sorted(merged, key=lambda request: (request.merged_at or began, request.iid)):
        written = request.first_commit_at
        # A fast-forward merge first rebases, which renews the committer's date but not the author's.
        committed = request.merged_at if request.merged_at and request.merge_sha is None else written
        head = Commit(
            request.head_sha, parent, request.title, request.author, written, committed, merge=False
        )
        commits.append(head)
        parent = head.sha
        if request.merge_sha is not None and request.merged_at is not None:
            title = f"Merge branch '{request.source_branch}' into 'main'"
            merger = request.approvers[0] if request.approvers else request.author
            at = request.merged_at
            commits.append(Commit(request.merge_sha, parent, title, merger, at, at, merge=True))
            parent = request.merge_sha
    return tuple(commits)


class Reviewers:
    """Chooses who approves, with one person busier than the rest."""

    def __init__(self, shop: Workshop, purpose: str) -> None:
        self._reviewed = Shares(
            stream(shop.seed, shop.project, purpose, "reviewed"), shop.delivery.reviewed_share
        )
        self._busiest = Shares(
            stream(shop.seed, shop.project, purpose, "busiest"), shop.delivery.busiest_reviewer_share
        )
        self._random = stream(shop.seed, shop.project, purpose, "reviewer")
        self._team = shop.team

    def draw(self, author: Person) -> tuple[Person, ...]:
        """The approvers of one merge request; never its author; empty when nobody looked."""
        others = [person for person in self._team if person != author]
        if not self._reviewed.draw() or not others:
            return ()
        if self._busiest.draw() and self._team[0] != author:
            return (self._team[0],)
        return (self._random.choice([person for person in others if person != self._team[0]] or others),)


def _human_drafts(shop: Workshop) -> Iterator[Draft]:
    delivery, seed, project = shop.delivery, shop.seed, shop.project
    random = stream(seed, project, "merge requests")
    coding = Durations(stream(seed, project, "coding"), timedelta(hours=delivery.coding_hours))
    review = Durations(stream(seed, project, "review"), timedelta(hours=delivery.review_hours))
    ticketed = Shares(stream(seed, project, "ticketed"), delivery.ticket_share)
    closed = Shares(stream(seed, project, "closed"), 0.04)
    reviewers = Reviewers(shop, "merge requests")
    authors = Authors(shop)
    moments = shop.working.moments(random, delivery.merge_requests_per_week, shop.start, shop.end)
    for number, began in enumerate(moments, start=1):
        author = authors.draw()
        created = shop.working.next_working(began + coding.draw())
        done = shop.working.next_working(created + review.draw())
        keys = (f"{shop.ticket_prefix}-{100 + number}",) if ticketed.draw() else ()
        subject = random.choice(_SUBJECTS)
        dropped = closed.draw()
        yield Draft(
            author=author,
            title=f"{keys[0]} {subject}" if keys else subject,
            branch=f"{author.login.split('.')[0]}/{number}-{subject.split()[0].lower()}",
            first_commit_at=began,
            created_at=created,
            merged_at=None if dropped else done,
            closed_at=done if dropped else None,
            approvers=reviewers.draw(author),
            labels=("bug",) if number % 5 == 0 else (),
            ticket_keys=keys,
            update=False,
            size=8 + random.randrange(240),
        )


def _update_drafts(shop: Workshop) -> Iterator[Draft]:
    delivery = shop.delivery
    if not shop.repository.update_bot or delivery.update_requests_per_month <= 0:
        return
    random = stream(shop.seed, shop.project, "updates")
    waiting = Durations(
        stream(shop.seed, shop.project, "update waiting"), timedelta(days=delivery.update_merge_days)
    )
    merged = Shares(stream(shop.seed, shop.project, "updates merged"), delivery.update_merged_share)
    reviewers = Reviewers(shop, "updates")
    per_week = delivery.update_requests_per_month * 7 / 30
    for number, created in enumerate(shop.working.moments(random, per_week, shop.start, shop.end), start=1):
        package = random.choice(_PACKAGES)
        accepted = merged.draw()
        done = shop.working.next_working(created + waiting.draw())
        yield Draft(
            author=RENOVATE,
            title=f"Update dependency {package} to v{1 + number // 9}.{number % 9}.0",
            branch=f"renovate/{package.rsplit('/', 1)[-1]}-{number}.x",
            first_commit_at=created - timedelta(minutes=2),
            created_at=created,
            merged_at=done if accepted else None,
            closed_at=None,
            approvers=reviewers.draw(RENOVATE),
            labels=("dependencies",),
            ticket_keys=(),
            update=True,
            size=4,
        )


class Authors:
    """Chooses who writes, with one person dominating as much as the habits say."""

    def __init__(self, shop: Workshop) -> None:
        self._random: Random = stream(shop.seed, shop.project, "authors")
        self._dominant = Shares(
            stream(shop.seed, shop.project, "dominant author"), shop.repository.dominant_committer_share
        )
        self._writers = shop.team[: shop.repository.committers]

    def draw(self) -> Person:
        """The author of one change."""
        if self._dominant.draw() or len(self._writers) == 1:
            return self._writers[0]
        return self._random.choice(self._writers[1:])


def _as_seen(shop: Workshop, draft: Draft, iid: int) -> MergeRequest:
    merged = draft.merged_at if draft.merged_at is not None and draft.merged_at <= shop.end else None
    closed = draft.closed_at if draft.closed_at is not None and draft.closed_at <= shop.end else None
    # An approval comes shortly before the merge; an open merge request shows none yet.
    approved = merged - timedelta(minutes=11) if merged is not None and draft.approvers else None
    with_merge_commit = merged is not None and shop.delivery.merge_method == "merge"
    return MergeRequest(
        iid=iid,
        title=draft.title,
        author=draft.author,
        source_branch=draft.branch,
        created_at=draft.created_at,
        updated_at=merged or closed or draft.created_at,
        merged_at=merged,
        closed_at=closed,
        first_commit_at=draft.first_commit_at,
        head_sha=digest("head", shop.project, draft.branch),
        merge_sha=digest("merge", shop.project, draft.branch) if with_merge_commit else None,
        approvers=draft.approvers if approved is not None else (),
        approved_at=approved,
        labels=draft.labels,
        ticket_keys=draft.ticket_keys,
        dependency_update=draft.update,
        size=draft.size,
    )
