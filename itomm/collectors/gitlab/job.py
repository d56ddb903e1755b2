"""CI jobs, and what they say about pipelines and scanners. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from itomm.collectors.gitlab.project import Project
from itomm.collectors.payload import Payload, instant_of, mapping_of, text_of
from itomm.collectors.repository_contents import job_kind, scanner_kind, time_running
from itomm.evidence.observation import Observation

RAN = frozenset({"success", "failed"})

WAITS_FOR_A_PERSON = timedelta(minutes=15)
"""A job that starts this long after all others ended waited for a person and not for a runner."""

FINAL = {"success": "success", "failed": "failed", "canceled": "canceled", "skipped": "skipped"}
"""Pipeline states that no longer change; all others (waiting, preparing, manual, ...) count as running."""

SOURCES = {
    "push": "push",
    "merge_request_event": "merge_request",
    "schedule": "schedule",
    "web": "manual",
    "api": "api",
    "trigger": "api",
    "pipeline": "api",
}


_kind_of = lru_cache(maxsize=4096)(job_kind)  # few names, in very many jobs


@dataclass(frozen=True, slots=True)
class Job:
    """The part of a job that evidence needs; a project has very many of them."""

    id: int
    name: str
    stage: str
    status: str
    allow_failure: bool
    created_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    coverage: float | None
    pipeline_id: int | None
    on_merge_request: bool
    web_url: str

    @property
    def kind(self) -> str:
        """What it does: build, test, lint, security_scan, policy, iac_plan, iac_apply, deploy or other."""
        return _kind_of(self.name, self.stage)

    @property
    def ran(self) -> bool:
        """Whether it came to an end of its own."""
        return self.status in RAN


def read_job(payload: Payload) -> Job:
    """Read one row of a project's list of jobs."""
    pipeline = mapping_of(payload.get("pipeline"))
    coverage = payload.get("coverage")
    number = pipeline.get("id")
    ref = text_of(payload.get("ref")) or ""
    return Job(
        id=int(payload["id"]),
        name=text_of(payload.get("name")) or "",
        stage=text_of(payload.get("stage")) or "",
        status=text_of(payload.get("status")) or "",
        allow_failure=payload.get("allow_failure") is True,
        created_at=instant_of(payload.get("created_at")),
        started_at=instant_of(payload.get("started_at")),
        finished_at=instant_of(payload.get("finished_at")),
        coverage=float(coverage) if isinstance(coverage, int | float) else None,
        pipeline_id=number if isinstance(number, int) else None,
        on_merge_request=pipeline.get("source") == "merge_request_event"
        or ref.startswith("refs/merge-requests/"),
        web_url=text_of(payload.get("web_url")) or "",
    )


def by_pipeline(jobs: Iterable[Job]) -> dict[int, list[Job]]:
    """Jobs by pipeline, oldest first; of a job that was retried only the last try."""
    grouped: dict[int, dict[str, Job]] = {}
    for job in sorted(jobs, key=lambda job: job.id):
        if job.pipeline_id is not None:
            grouped.setdefault(job.pipeline_id, {})[job.name] = job
    return {pipeline: list(named.values()) for pipeline, named in grouped.items()}


def pipeline(project: Project, payload: Payload, jobs: Sequence[Job]) -> Observation | None:
    """A pipeline from the list of pipelines and its jobs; None when GitLab does not say when it began.

    The list leaves out times and coverage: they are read from the jobs, as GitLab itself does.
    """
    created_at = instant_of(payload.get("created_at"))
    if created_at is None:
        return None
    status = FINAL.get(str(payload.get("status")), "running")
    trigger = SOURCES.get(str(payload.get("source")), "other")
    finished_at = _finished_at(payload, jobs) if status != "running" else None
    return Observation(
        source_ref=f"{project.path}/pipelines/{payload.get('id')}",
        fields={
            "repo_id": project.path,
            "sha": str(payload.get("sha") or ""),
            "ref": str(payload.get("ref") or ""),
            "trigger": trigger,
            "status": status,
            "on_default_branch": payload.get("ref") == project.default_branch and trigger != "merge_request",
            "created_at": created_at,
            "finished_at": finished_at,
            "duration_s": time_running(
                (job.started_at, job.finished_at) for job in jobs if _ended_by(job, finished_at)
            ),
            "queued_s": _queued(created_at, jobs),
            "jobs": [_job_entry(job) for job in jobs],
            "coverage": _coverage(jobs),
            "gating_job_kinds": sorted({job.kind for job in jobs if job.ran and not job.allow_failure}),
        },
        raw=payload,
        url=str(payload.get("web_url") or project.web_url),
        service_keys=project.service_keys,
    )


def _ended_by(job: Job, moment: datetime | None) -> bool:
    return moment is not None and job.finished_at is not None and job.finished_at <= moment


def _finished_at(payload: Payload, jobs: Sequence[Job]) -> datetime | None:
    ends = [job.finished_at for job in jobs if job.finished_at]
    return (
        _end_before_a_person(jobs)
        or instant_of(payload.get("finished_at"))
        or max(ends, default=None)
        or instant_of(payload.get("updated_at"))
    )


def _end_before_a_person(jobs: Sequence[Job]) -> datetime | None:
    """When all jobs had ended but those that a person started later; None when there are none of these.

    A job that was created after the first had started is another try of one that failed, and counts.
    """
    spans = sorted(
        (job.started_at, job.finished_at, job.created_at)
        for job in jobs
        if job.started_at and job.finished_at and job.created_at
    )
    for before, (started, _, created) in enumerate(spans):
        end = max((finished for _, finished, _ in spans[:before]), default=started)
        if created <= spans[0][0] and started - end > WAITS_FOR_A_PERSON:
            return end
    return None


def _queued(created_at: datetime, jobs: Sequence[Job]) -> timedelta | None:
    first = min((job.started_at for job in jobs if job.started_at), default=None)
    return max(first - created_at, timedelta()) if first else None


def _coverage(jobs: Sequence[Job]) -> Decimal | None:
    """The mean of the jobs' coverage, as a share."""
    values = [Decimal(str(job.coverage)) for job in jobs if job.coverage is not None]
    return round(sum(values, Decimal()) / len(values) / 100, 4) if values else None


def _job_entry(job: Job) -> dict[str, object]:
    ran_for = job.finished_at - job.started_at if job.started_at and job.finished_at else None
    return {
        "name": job.name,
        "stage": job.stage,
        "kind": job.kind,
        "status": job.status,
        "allow_failure": job.allow_failure,
        "duration_s": ran_for.total_seconds() if ran_for is not None else None,
    }


def security_scans(project: Project, jobs: Iterable[Job]) -> list[Observation]:
    """One observation for each kind of scanner whose job ran, from its last run."""
    by_kind: dict[str, list[Job]] = {}
    for job in jobs:
        kind = scanner_kind(job.name)
        if kind and job.ran:
            by_kind.setdefault(kind, []).append(job)
    return [_security_scan(project, kind, by_kind[kind]) for kind in sorted(by_kind)]


def _security_scan(project: Project, kind: str, jobs: Sequence[Job]) -> Observation:
    last = max(jobs, key=lambda job: job.id)
    return Observation(
        source_ref=f"{project.path}/scans/{kind}",
        fields={
            "asset_ref": project.path,
            "kind": kind,
            "enabled": True,
            "last_run_at": last.finished_at or last.created_at,
            "last_status": last.status,
            "on_merge_request": any(job.on_merge_request for job in jobs),
            "blocking": not last.allow_failure,
        },
        raw={"job": last.id, "name": last.name, "status": last.status, "allow_failure": last.allow_failure},
        url=last.web_url or project.web_url,
        service_keys=project.service_keys,
    )


def job_summaries(jobs: Iterable[Job]) -> list[Mapping[str, object]]:
    """Kind, scanner and strictness of the jobs that ran."""
    return [
        {"kind": job.kind, "scanner": scanner_kind(job.name), "allow_failure": job.allow_failure}
        for job in jobs
        if job.ran
    ]
