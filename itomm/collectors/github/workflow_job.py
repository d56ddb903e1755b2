"""Jobs of workflow runs, from REST and from GraphQL, and what their names say. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from itomm.collectors.payload import Payload, instant_of, text_of
from itomm.collectors.repository_contents import job_kind, scanner_kind

CONCLUSIONS = {
    "success": "success",
    "neutral": "success",  # counts as passed wherever a check is required
    "failure": "failed",
    "timed_out": "failed",
    "startup_failure": "failed",
    "cancelled": "canceled",
    "stale": "canceled",
    "skipped": "skipped",
    "action_required": "skipped",  # it waits for an approval that nobody gave
}


@dataclass(frozen=True)
class Job:
    """A job of a finished workflow run.

    Attributes:
        name: its name.
        workflow: the workflow's name, which tells what the job is for where its own name does not.
        status: success, failed, canceled, skipped or running.
        may_fail: it failed, and the run did not: its failure stops nothing.
        on_pull_request: whether the run was one for a pull request.
        started_at: when a runner took it.
        finished_at: when it ended.
        web_url: its page.
    """

    name: str
    workflow: str
    status: str
    may_fail: bool
    on_pull_request: bool
    started_at: datetime | None
    finished_at: datetime | None
    web_url: str

    @property
    def kind(self) -> str:
        """What it does: build, test, lint, security_scan, policy, iac_plan, iac_apply, deploy or other."""
        return job_kind(self.name, self.workflow)

    @property
    def scanner(self) -> str | None:
        """What it scans; None when it is no scanner."""
        return scanner_kind(self.name) or scanner_kind(self.workflow)

    @property
    def ran(self) -> bool:
        """Whether it came to an end of its own."""
        return self.status in {"success", "failed"}

    def entry(self) -> dict[str, object]:
        """The job as a pipeline record lists it."""
        ran_for = self.finished_at - self.started_at if self.started_at and self.finished_at else None
        return {
            "name": self.name,
            "stage": self.workflow,
            "kind": self.kind,
            "status": self.status,
            "allow_failure": self.may_fail,
            "duration_s": max(ran_for, timedelta()).total_seconds() if ran_for is not None else None,
        }


def read_job(payload: Payload, run: Payload) -> Job:
    """Read a job of REST or a check run of GraphQL; ``run`` is the workflow run that it belongs to."""
    status = conclusion_of(payload)
    return Job(
        name=text_of(payload.get("name")) or "",
        workflow=text_of(run.get("name")) or "",
        status=status,
        may_fail=status == "failed" and conclusion_of(run) == "success",
        on_pull_request=is_for_pull_request(run),
        started_at=instant_of(payload.get("started_at") or payload.get("startedAt")),
        finished_at=instant_of(payload.get("completed_at") or payload.get("completedAt")),
        web_url=text_of(payload.get("html_url") or payload.get("detailsUrl")) or "",
    )


def conclusion_of(payload: Payload) -> str:
    """How a run or job ended; ``running`` while it has not. REST writes small letters, GraphQL capitals."""
    if str(payload.get("status")).casefold() != "completed":
        return "running"
    return CONCLUSIONS.get(str(payload.get("conclusion")).casefold(), "running")


def is_for_pull_request(run: Payload) -> bool:
    """Whether a run belongs to a pull request, or to the queue in which one is merged."""
    return str(run.get("event")) in {"pull_request", "pull_request_target", "merge_group"}


def gating_kinds(jobs: Iterable[Job]) -> list[str]:
    """Kinds of the jobs that ran and whose failure fails the run."""
    return sorted({job.kind for job in jobs if job.ran and not job.may_fail})
