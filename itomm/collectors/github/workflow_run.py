"""Workflow runs as pipeline records. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest

from itomm.collectors.github.repository_facts import Repository
from itomm.collectors.github.workflow_job import Job, conclusion_of, gating_kinds, is_for_pull_request
from itomm.collectors.payload import Payload, instant_of, text_of
from itomm.collectors.repository_contents import time_running
from itomm.evidence.observation import Observation

RECENT = timedelta(days=35)
"""Runs this young say which scanners and plans run; a little more than the 30 days that criteria ask for."""

CHANGES_FOR = timedelta(days=65)
"""A run may be started again for 30 days and last 35 (GitHub's own limits): an older one changes no more."""

TRIGGERS = {
    "push": "push",
    "pull_request": "merge_request",
    "pull_request_target": "merge_request",
    "merge_group": "merge_request",
    "schedule": "schedule",
    "workflow_dispatch": "manual",
    "repository_dispatch": "api",
}


def pipeline(repository: Repository, run: Payload, jobs: Sequence[Job] | None) -> Observation | None:
    """A workflow run; None when GitHub does not say when it began.

    Without its jobs (None: they were not read) it is unknown what it checked and how long it ran.
    """
    created_at = instant_of(run.get("created_at"))
    if created_at is None:
        return None
    status = conclusion_of(run)
    ended = [job.finished_at for job in jobs or () if job.finished_at]
    finished_at = (
        None if status == "running" else max(ended, default=None) or instant_of(run.get("updated_at"))
    )
    begun_at = instant_of(run.get("run_started_at")) or created_at
    first = min((job.started_at for job in jobs or () if job.started_at), default=None)
    on_default = run.get("head_branch") == repository.default_branch and not is_for_pull_request(run)
    return Observation(
        source_ref=f"{repository.path}/runs/{run.get('id')}",
        fields={
            "repo_id": repository.path,
            "sha": str(run.get("head_sha") or ""),
            "ref": str(run.get("head_branch") or ""),
            "trigger": TRIGGERS.get(str(run.get("event")), "other"),
            "status": status,
            "on_default_branch": on_default,
            "created_at": created_at,
            "finished_at": finished_at,
            "duration_s": time_running((job.started_at, job.finished_at) for job in jobs or ()),
            "queued_s": max(first - begun_at, timedelta()) if first else None,
            "jobs": None if jobs is None else [job.entry() for job in jobs],
            "coverage": None,
            "gating_job_kinds": None if jobs is None else gating_kinds(jobs),
        },
        raw={name: run[name] for name in _KEPT if name in run},
        url=text_of(run.get("html_url")) or repository.web_url,
        service_keys=repository.service_keys,
    )


_KEPT = (
    "id",
    "name",
    "path",
    "workflow_id",
    "event",
    "status",
    "conclusion",
    "head_branch",
    "head_sha",
    "run_attempt",
    "created_at",
    "run_started_at",
    "updated_at",
    "html_url",
)


def telling_first(runs: Iterable[Payload]) -> list[Payload]:
    """Runs in the order in which their jobs tell most: of each workflow and occasion the newest, and so on.

    ``runs`` come newest first.
    """
    by_occasion: dict[tuple[object, bool], list[Payload]] = {}
    for run in runs:
        by_occasion.setdefault((run.get("workflow_id"), is_for_pull_request(run)), []).append(run)
    rounds = zip_longest(*by_occasion.values())
    return [run for one in rounds for run in one if run is not None]


def newest_of_each(runs: Iterable[Payload], until: datetime) -> list[Payload]:
    """The newest recent finished run of each workflow and occasion: the last state of what runs there."""
    found: dict[tuple[object, bool], Payload] = {}
    for run in runs:
        created_at = instant_of(run.get("created_at"))
        finished = conclusion_of(run) in {"success", "failed"}
        if finished and created_at is not None and until - RECENT <= created_at <= until:
            found.setdefault((run.get("workflow_id"), is_for_pull_request(run)), run)
    return list(found.values())
