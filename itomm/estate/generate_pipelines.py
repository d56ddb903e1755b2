"""Grow pipelines and their jobs, and put shas and jobs on deployments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from itomm.estate.chance import Shares, stream
from itomm.estate.company_habits import Handbook, Pipelines
from itomm.estate.generate_deployments import Shipment
from itomm.estate.generate_merge_requests import Workshop
from itomm.estate.people import DEPLOYER, Person
from itomm.estate.repositories import Commit, Deployment, Job, MergeRequest, Pipeline
from itomm.estate.working_time import WEEK

SCANNER_JOBS: Mapping[str, str] = {
    "sast": "semgrep-sast",
    "sca": "gemnasium-dependency_scanning",
    "secret": "secret_detection",
    "container": "container_scanning",
    "iac": "kics-iac-sast",
}


@dataclass(frozen=True)
class Plan:
    """One job as the pipeline file declares it."""

    name: str
    stage: str
    allow_failure: bool = False


def planned_jobs(
    habits: Pipelines, *, merge_request: bool, infrastructure: Handbook | None = None
) -> list[Plan]:
    """The jobs of a pipeline, without deployment; ``infrastructure`` says how infrastructure is applied."""
    plans = [Plan("build", "build")]
    if habits.tests:
        plans.append(Plan("unit-test", "test", habits.tests_may_fail))
    plans.append(Plan("lint", "test", allow_failure=True))
    if infrastructure is not None:
        plans.extend(_infrastructure_jobs(infrastructure, merge_request=merge_request))
    if habits.scanners_on_merge_requests or not merge_request:
        plans.extend(
            Plan(SCANNER_JOBS[scanner], "test", not habits.scanners_block) for scanner in habits.scanners
        )
    return plans


def _infrastructure_jobs(handbook: Handbook, *, merge_request: bool) -> Iterator[Plan]:
    if handbook.infrastructure_policy != "none":
        yield Plan("conftest-policy", "test", handbook.infrastructure_policy == "advisory")
    if handbook.infrastructure_planned_in_pipeline:
        yield Plan("terraform-plan", "plan")
        if not merge_request:
            yield Plan("terraform-apply", "deploy")


@dataclass(frozen=True)
class _Run:
    """Why a pipeline starts."""

    created_at: datetime
    source: str
    sha: str
    ref: str
    user: Person


@dataclass
class _Numbers:
    """Hands out ids in the order in which pipelines are created."""

    pipeline: int
    job: int
    iid: int = 0


def pipelines_of(
    shop: Workshop,
    project: int,
    habits: Pipelines,
    requests: Sequence[MergeRequest],
    commits: Sequence[Commit],
    *,
    infrastructure: Handbook | None = None,
) -> tuple[Pipeline, ...]:
    """All pipelines up to the as-of instant, oldest first."""
    if not habits.enabled:
        return ()
    numbers = _Numbers(pipeline=project * 100_000, job=project * 1_000_000)
    succeeded = Shares(stream(shop.seed, shop.project, "main succeeded"), habits.main_success_share)
    wanted = sorted(
        [*_triggers(requests), *_schedule(shop, habits, commits)],
        key=lambda run: (run.created_at, run.source, run.sha),
    )
    made = []
    for run in wanted:
        if run.created_at > shop.end:
            continue
        plans = planned_jobs(
            habits, merge_request=run.source == "merge_request_event", infrastructure=infrastructure
        )
        green = succeeded.draw() if run.source == "push" else True
        made.append(_as_seen(_pipeline(numbers, habits, plans, run, green=green), shop.end))
    return tuple(made)


def deployments_of(
    shop: Workshop,
    shipments: Sequence[Shipment],
    requests: Sequence[MergeRequest],
    commits: Sequence[Commit],
    pipelines: tuple[Pipeline, ...],
) -> tuple[tuple[Deployment, ...], tuple[Pipeline, ...]]:
    """Deployments with their jobs, and the pipelines with the deployment jobs in them."""
    by_branch = {request.source_branch: request for request in requests}
    by_sha = {commit.sha: commit for commit in commits}
    main = {pipeline.sha: index for index, pipeline in enumerate(pipelines) if pipeline.source == "push"}
    extended = list(pipelines)
    job_number = max((job.id for pipeline in pipelines for job in pipeline.jobs), default=0) + 100_000
    deployments: list[Deployment] = []
    for shipment in shipments:
        if shipment.finished_at > shop.end:
            continue
        sha = by_branch[shipment.head_branch].delivered_sha
        index = main.get(sha)
        for environment in ("staging", "production") if index is not None else ("production",):
            job = None
            if index is not None and shop.delivery.automated:
                job_number += 1
                job = _deploy_job(job_number, environment, shipment, extended[index].created_at)
                extended[index] = replace(extended[index], jobs=(*extended[index].jobs, job))
            deployments.append(
                _deployment(
                    shop,
                    shipment,
                    environment,
                    iid=len(deployments) + 1,
                    delivers=tuple(by_branch[branch].iid for branch in shipment.delivers),
                    commit=by_sha[sha],
                    owner=extended[index] if index is not None else None,
                    job=job,
                )
            )
    return _renumbered(deployments, extended)


def _renumbered(
    deployments: Sequence[Deployment], pipelines: Sequence[Pipeline]
) -> tuple[tuple[Deployment, ...], tuple[Pipeline, ...]]:
    """The same with job ids that grow with time, as GitLab's do: who reads newest first may stop early."""
    jobs = sorted(
        (job for pipeline in pipelines for job in pipeline.jobs), key=lambda job: (job.created_at, job.id)
    )
    first = min((job.id for job in jobs), default=0)
    final = {job.id: replace(job, id=first + number) for number, job in enumerate(jobs)}
    return (
        tuple(
            replace(deployment, job=final[deployment.job.id]) if deployment.job else deployment
            for deployment in deployments
        ),
        tuple(
            replace(pipeline, jobs=tuple(final[job.id] for job in pipeline.jobs)) for pipeline in pipelines
        ),
    )


def _triggers(requests: Sequence[MergeRequest]) -> Iterator[_Run]:
    for request in requests:
        ref = f"refs/merge-requests/{request.iid}/head"
        created = request.created_at + timedelta(minutes=1)
        yield _Run(created, "merge_request_event", request.head_sha, ref, request.author)
        if request.merged_at is not None:
            ref = request.source_branch if request.source_branch.startswith("hotfix/") else "main"
            yield _Run(request.merged_at, "push", request.delivered_sha, ref, request.author)


def _schedule(shop: Workshop, habits: Pipelines, commits: Sequence[Commit]) -> Iterator[_Run]:
    """A weekly run in the small hours of Sunday where scanners exist; weekends are for machines."""
    if not habits.scanners:
        return
    position = 0
    sunday = shop.start.replace(hour=2, minute=13, second=0, microsecond=0)
    sunday += timedelta(days=6 - sunday.weekday())
    while sunday <= shop.end:
        while position + 1 < len(commits) and commits[position + 1].committed_at <= sunday:
            position += 1
        yield _Run(sunday, "schedule", commits[position].sha, "main", DEPLOYER)
        sunday += WEEK


def _pipeline(
    numbers: _Numbers, habits: Pipelines, plans: Sequence[Plan], run: _Run, *, green: bool
) -> Pipeline:
    numbers.pipeline += 1
    numbers.iid += 1
    created = run.created_at
    started = created + timedelta(seconds=12)
    each = timedelta(minutes=habits.minutes) / len(plans)
    breaks = next((plan.name for plan in plans if plan.stage == "test" and not plan.allow_failure), "build")
    jobs, moment = [], started
    for plan in plans:
        numbers.job += 1
        status = "failed" if not green and plan.name == breaks else "success"
        ends = moment + each
        jobs.append(
            Job(numbers.job, plan.name, plan.stage, status, plan.allow_failure, created, moment, ends)
        )
        moment = ends
    coverage = f"{60 + numbers.iid % 30}.{numbers.iid % 10}" if habits.measures_coverage else None
    return Pipeline(
        id=numbers.pipeline,
        iid=numbers.iid,
        sha=run.sha,
        ref=run.ref,
        source=run.source,
        status="success" if green else "failed",
        user=run.user,
        created_at=created,
        started_at=started,
        finished_at=moment,
        coverage=coverage,
        jobs=tuple(jobs),
    )


def _as_seen(pipeline: Pipeline, end: datetime) -> Pipeline:
    """``pipeline``, still running when it ends later."""
    if pipeline.finished_at is None or pipeline.finished_at <= end:
        return pipeline
    jobs = tuple(replace(job, status="running", finished_at=None) for job in pipeline.jobs)
    return replace(pipeline, status="running", finished_at=None, coverage=None, jobs=jobs)


def _deploy_job(number: int, environment: str, shipment: Shipment, created: datetime) -> Job:
    """Created with its pipeline, as GitLab does, however long it waits to be started."""
    ahead = timedelta(minutes=40) if environment == "staging" else timedelta(0)
    started, finished = shipment.started_at - ahead, shipment.finished_at - ahead
    status = "success" if environment == "staging" else shipment.status
    name = f"deploy-{environment}"
    return Job(number, name, "deploy", status, False, created, started, finished)  # noqa: FBT003  # a plain row


def _deployment(
    shop: Workshop,
    shipment: Shipment,
    environment: str,
    *,
    iid: int,
    delivers: tuple[int, ...],
    commit: Commit,
    owner: Pipeline | None,
    job: Job | None,
) -> Deployment:
    production = environment == "production"
    ahead = timedelta(0) if production else timedelta(minutes=40)
    by_hand = shop.delivery.manual_gate or job is None
    return Deployment(
        iid=iid,
        environment=environment,
        tier=environment,
        sha=commit.sha,
        ref=shipment.head_branch if shipment.hotfix else "main",
        status=shipment.status if production else "success",
        started_at=shipment.started_at - ahead,
        finished_at=shipment.finished_at - ahead,
        actor=shop.team[0] if by_hand else DEPLOYER,
        commit=commit,
        job=job,
        pipeline_id=owner.id if owner is not None else None,
        manual_gate=shop.delivery.manual_gate,
        rollback=shipment.rollback and production,
        hotfix=shipment.hotfix and production,
        failing=shipment.failing and production,
        causes_incident=shipment.causes_incident and production,
        recovered_at=_known(shipment.recovered_at, shop.end) if production else None,
        delivers=delivers if production else (),
    )


def _known(moment: datetime | None, end: datetime) -> datetime | None:
    return moment if moment is not None and moment <= end else None
