"""Grow the forge: one project a service, the platform's infrastructure, and one archived project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from itomm.estate.chance import Shares, stream
from itomm.estate.company_habits import CompanyHabits, Delivery, Pipelines, Repository, Service
from itomm.estate.generate_deployments import shipments_of
from itomm.estate.generate_findings import findings_of
from itomm.estate.generate_merge_requests import Workshop, commits_of, drafts_of, numbered
from itomm.estate.generate_pipelines import deployments_of, pipelines_of
from itomm.estate.people import Person
from itomm.estate.repositories import Project, Release
from itomm.estate.repository_files import infrastructure_files, service_files
from itomm.estate.working_time import Span, WorkingTime

INFRASTRUCTURE = "platform-iac"
ARCHIVED = "old-storefront"

_INFRASTRUCTURE_DELIVERY = Delivery(
    merge_requests_per_week=2,
    coding_hours=8,
    review_hours=20,
    reviewed_share=0.95,
    ticket_share=0.7,
    deploy_every_days=400,
    failing_share=0,
    recovery_hours=1,
)
_INFRASTRUCTURE_REPOSITORY = Repository(
    required_approvals=1,
    codeowners=True,
    codeowners_required=True,
    manifest=None,
    dockerfile=False,
    infrastructure=True,
    committers=4,
    dominant_committer_share=0.4,
)
_INFRASTRUCTURE_PIPELINES = Pipelines(tests=False, scanners=("secret",), scanners_block=True)


def working_time(habits: CompanyHabits, team: str) -> WorkingTime:
    """The working time of one team."""
    return WorkingTime(
        timedelta(hours=habits.teams[team].utc_offset_hours),
        habits.calendar.summer_months,
        habits.calendar.summer_activity,
    )


def projects_of(
    habits: CompanyHabits, teams: Mapping[str, tuple[Person, ...]], start: datetime, end: datetime
) -> tuple[Project, ...]:
    """All projects, in order of their ids."""
    projects = [
        _service_project(habits, service, number, teams[service.team], Span(start, end))
        for number, service in enumerate(habits.services, start=11)
    ]
    owner = teams[habits.services[-1].team]
    projects.append(_infrastructure_project(habits, len(projects) + 11, owner, start, end))
    projects.append(_archived_project(len(projects) + 11, owner, start))
    return tuple(projects)


def _service_project(
    habits: CompanyHabits,
    service: Service,
    number: int,
    team: tuple[Person, ...],
    span: Span,
) -> Project:
    own, start = service.habits, span.start
    shop = Workshop(
        habits.seed,
        service.id,
        habits.teams[service.team].key,
        working_time(habits, service.team),
        team,
        own.delivery,
        own.repository,
        span.start,
        span.end,
    )
    drafts = drafts_of(shop)
    shipments, hotfixes = shipments_of(shop, drafts)
    requests = numbered(shop, [*drafts, *hotfixes])
    commits = commits_of(shop, requests)
    pipelines = pipelines_of(shop, number, own.pipelines, requests, commits)
    deployments, pipelines = deployments_of(shop, shipments, requests, commits, pipelines)
    return Project(
        id=number,
        path=service.id,
        name=service.name,
        service=service,
        habits=own.repository,
        description=f"The {service.name} service" if service.owned else None,
        created_at=start - timedelta(days=200),
        archived=False,
        topics=(service.id, service.group),
        team=team,
        files=service_files(service, team, own.pipelines, own.repository),
        commits=commits,
        merge_requests=requests,
        pipelines=pipelines,
        deployments=deployments,
        releases=_releases(shop, commits[-1].sha),
        findings=findings_of(shop, number, own.vulnerabilities) if own.pipelines.scanners else (),
    )


def _infrastructure_project(
    habits: CompanyHabits, number: int, team: tuple[Person, ...], start: datetime, end: datetime
) -> Project:
    working = working_time(habits, team[0].team)
    shop = Workshop(
        habits.seed,
        INFRASTRUCTURE,
        "INFRA",
        working,
        team,
        _INFRASTRUCTURE_DELIVERY,
        _INFRASTRUCTURE_REPOSITORY,
        start,
        end,
    )
    requests = numbered(shop, drafts_of(shop))
    commits = commits_of(shop, requests)
    return Project(
        id=number,
        path=INFRASTRUCTURE,
        name="Platform infrastructure",
        service=None,
        habits=_INFRASTRUCTURE_REPOSITORY,
        description="Networks, databases and shared charts",
        created_at=start - timedelta(days=200),
        archived=False,
        topics=("infrastructure",),
        team=team,
        files=infrastructure_files(team, habits.handbook, _INFRASTRUCTURE_PIPELINES),
        commits=commits,
        merge_requests=requests,
        pipelines=pipelines_of(
            shop, number, _INFRASTRUCTURE_PIPELINES, requests, commits, infrastructure=habits.handbook
        ),
        deployments=(),
        releases=(),
        findings=(),
    )


def _archived_project(number: int, team: tuple[Person, ...], start: datetime) -> Project:
    shop = Workshop(
        0,
        ARCHIVED,
        "OLD",
        WorkingTime(timedelta(0), (), 1.0),
        team,
        _INFRASTRUCTURE_DELIVERY,
        Repository(protected=False),
        start - timedelta(days=100),
        start - timedelta(days=40),
    )
    requests = numbered(shop, drafts_of(shop))
    return Project(
        id=number,
        path=ARCHIVED,
        name="Old storefront",
        service=None,
        habits=Repository(protected=False),
        description=None,
        created_at=start - timedelta(days=300),
        archived=True,
        topics=(),
        team=team,
        files={"README.md": "# Replaced by storefront\n", "package.json": "{}\n"},
        commits=commits_of(shop, requests),
        merge_requests=requests,
        pipelines=(),
        deployments=(),
        releases=(),
        findings=(),
    )


def _releases(shop: Workshop, sha: str) -> tuple[Release, ...]:
    if shop.delivery.releases_per_month <= 0:
        return ()
    proof = Shares(stream(shop.seed, shop.project, "release proof"), shop.delivery.release_proof_share)
    random = stream(shop.seed, shop.project, "releases")
    per_week = shop.delivery.releases_per_month * 7 / 30
    releases = []
    for number, moment in enumerate(shop.working.moments(random, per_week, shop.start, shop.end), start=1):
        assets: Sequence[str] = ("sbom.spdx.json", "image.sig", "provenance.intoto.jsonl")
        releases.append(
            Release(
                tag=f"v1.{number}.0",
                released_at=moment,
                author=shop.team[0],
                sha=sha,
                description=f"Changes since v1.{number - 1}.0.\n",
                asset_names=tuple(assets) if proof.draw() else (),
            )
        )
    return tuple(releases)
