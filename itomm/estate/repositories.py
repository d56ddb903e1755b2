"""What the company's forge holds: plain data, already cut off at the as-of instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from itomm.estate.company_habits import Repository, Service
from itomm.estate.people import Person


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit on the default branch."""

    sha: str
    parent: str
    title: str
    author: Person
    authored_at: datetime
    committed_at: datetime
    merge: bool


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """A merge request. ``merge_sha`` is None for fast-forward merges: then ``head_sha`` is on the branch."""

    iid: int
    title: str
    author: Person
    source_branch: str
    created_at: datetime
    updated_at: datetime
    merged_at: datetime | None
    closed_at: datetime | None
    first_commit_at: datetime
    head_sha: str
    merge_sha: str | None
    approvers: tuple[Person, ...]
    approved_at: datetime | None
    labels: tuple[str, ...]
    ticket_keys: tuple[str, ...]
    dependency_update: bool
    size: int

    @property
    def delivered_sha(self) -> str:
        """The commit on the default branch that holds this change."""
        return self.merge_sha or self.head_sha


@dataclass(frozen=True, slots=True)
class Job:
    """One job of a pipeline; durations in seconds."""

    id: int
    name: str
    stage: str
    status: str
    allow_failure: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One run of continuous integration. ``source`` and ``status`` are GitLab's words."""

    id: int
    iid: int
    sha: str
    ref: str
    source: str
    status: str
    user: Person
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    coverage: str | None
    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class Deployment:
    """A delivery to an environment.

    ``failing`` is the truth: it failed, was rolled back, was followed by a hotfix, or caused an incident.
    ``recovered_at`` is the finish of the next success after a failing one. ``job`` is None when a person
    deployed by hand and only told GitLab about it. ``delivers`` are iids of merge requests first shipped.
    """

    iid: int
    environment: str
    tier: str
    sha: str
    ref: str
    status: str
    started_at: datetime
    finished_at: datetime
    actor: Person
    commit: Commit
    job: Job | None
    pipeline_id: int | None
    manual_gate: bool
    rollback: bool
    hotfix: bool
    failing: bool
    causes_incident: bool
    recovered_at: datetime | None
    delivers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """A tagged, published version."""

    tag: str
    released_at: datetime
    author: Person
    sha: str
    description: str
    asset_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A vulnerability; ``report_type`` is GitLab's word, times are None until they happened."""

    id: int
    identifier: str
    title: str
    report_type: str
    severity: str
    state: str
    detected_at: datetime
    confirmed_at: datetime | None
    fixed_at: datetime | None
    dismissed_at: datetime | None
    assignee: Person | None


@dataclass(frozen=True, slots=True)
class Project:
    """A GitLab project; ``service`` is None for those that belong to no single service."""

    id: int
    path: str
    name: str
    service: Service | None
    habits: Repository
    description: str | None
    created_at: datetime
    archived: bool
    topics: tuple[str, ...]
    team: tuple[Person, ...]
    files: Mapping[str, str]
    commits: tuple[Commit, ...]
    merge_requests: tuple[MergeRequest, ...]
    pipelines: tuple[Pipeline, ...]
    deployments: tuple[Deployment, ...]
    releases: tuple[Release, ...]
    findings: tuple[Finding, ...]

    @property
    def full_path(self) -> str:
        """The path with its namespace."""
        return f"acme/{self.path}"
