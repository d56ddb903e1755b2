"""Pipelines, jobs, deployments, releases and findings as GitLab writes them."""

from __future__ import annotations

from collections.abc import Mapping

from itomm.estate.gitlab_payloads import Row, commit, user, web_url
from itomm.estate.http_exchange import iso_milliseconds
from itomm.estate.repositories import Deployment, Finding, Job, Pipeline, Project, Release


def pipeline(one: Pipeline, place: Project, base: str) -> Row:
    """A pipeline as lists show it."""
    return {
        "id": one.id,
        "iid": one.iid,
        "project_id": place.id,
        "sha": one.sha,
        "ref": one.ref,
        "status": one.status,
        "source": one.source,
        "created_at": iso_milliseconds(one.created_at),
        "updated_at": iso_milliseconds(one.finished_at or one.created_at),
        "web_url": f"{web_url(place, base)}/-/pipelines/{one.id}",
        "name": None,
    }


def pipeline_detail(one: Pipeline, place: Project, base: str) -> Row:
    """A pipeline by itself."""
    seconds = None
    if one.finished_at is not None and one.started_at is not None:
        seconds = int((one.finished_at - one.started_at).total_seconds())
    return {
        **pipeline(one, place, base),
        "before_sha": "0" * 40,
        "tag": False,
        "yaml_errors": None,
        "user": user(one.user, base),
        "started_at": iso_milliseconds(one.started_at),
        "finished_at": iso_milliseconds(one.finished_at),
        "committed_at": None,
        "duration": seconds,
        "queued_duration": 12,
        "coverage": one.coverage,
    }


def job(one: Job, owner: Pipeline, place: Project, base: str) -> Row:
    """A job with its pipeline."""
    seconds = None
    if one.started_at is not None and one.finished_at is not None:
        seconds = (one.finished_at - one.started_at).total_seconds()
    return {
        "id": one.id,
        "status": one.status,
        "stage": one.stage,
        "name": one.name,
        "ref": owner.ref,
        "tag": False,
        "coverage": None,
        "allow_failure": one.allow_failure,
        "created_at": iso_milliseconds(one.created_at),
        "started_at": iso_milliseconds(one.started_at),
        "finished_at": iso_milliseconds(one.finished_at),
        "erased_at": None,
        "duration": seconds,
        "queued_duration": 2.5,
        "user": user(owner.user, base),
        "pipeline": {
            "id": owner.id,
            "iid": owner.iid,
            "project_id": place.id,
            "sha": owner.sha,
            "ref": owner.ref,
            "status": owner.status,
            "source": owner.source,
            "created_at": iso_milliseconds(owner.created_at),
            "updated_at": iso_milliseconds(owner.finished_at or owner.created_at),
            "web_url": f"{web_url(place, base)}/-/pipelines/{owner.id}",
        },
        "failure_reason": "script_failure" if one.status == "failed" else None,
        "web_url": f"{web_url(place, base)}/-/jobs/{one.id}",
        "runner": None,
        "artifacts": [],
        "tag_list": [],
    }


def deployment(one: Deployment, place: Project, pipelines: Mapping[int, Pipeline], base: str) -> Row:
    """A deployment; ``deployable`` is null for those made outside of pipelines."""
    deployable = None
    owner = pipelines.get(one.pipeline_id) if one.pipeline_id is not None else None
    if one.job is not None and owner is not None:
        deployable = {
            **job(one.job, owner, place, base),
            "user": user(one.actor, base),
            "commit": commit(one.commit, place, base),
        }
    return {
        "id": place.id * 100_000 + one.iid,
        "iid": one.iid,
        "ref": one.ref,
        "sha": one.sha,
        "created_at": iso_milliseconds(one.started_at),
        "updated_at": iso_milliseconds(one.finished_at),
        "user": user(one.actor, base),
        "environment": environment(one.environment, one.tier, place, base),
        "deployable": deployable,
        "status": one.status,
        "pending_approval_count": 0,
        "approvals": _approvals_of(one, base),
    }


def environment(name: str, tier: str, place: Project, base: str) -> Row:
    """An environment."""
    number = place.id * 10 + (1 if name == "production" else 2)
    return {
        "id": number,
        "name": name,
        "slug": name,
        "external_url": f"https://{place.path}.acme.example" if name == "production" else None,
        "state": "available",
        "tier": tier,
        "created_at": iso_milliseconds(place.created_at),
        "updated_at": iso_milliseconds(place.created_at),
        "web_url": f"{web_url(place, base)}/-/environments/{number}",
    }


def release(one: Release, place: Project, base: str) -> Row:
    """A release."""
    web = f"{web_url(place, base)}/-/releases/{one.tag}"
    links = [
        {
            "id": number,
            "name": name,
            "url": f"{web}/downloads/{name}",
            "link_type": "other",
            "direct_asset_url": f"{web}/downloads/{name}",
        }
        for number, name in enumerate(one.asset_names, start=1)
    ]
    return {
        "name": one.tag,
        "tag_name": one.tag,
        "description": one.description,
        "created_at": iso_milliseconds(one.released_at),
        "released_at": iso_milliseconds(one.released_at),
        "upcoming_release": False,
        "author": user(one.author, base),
        "commit": {"id": one.sha, "short_id": one.sha[:8], "title": "", "parent_ids": []},
        "commit_path": f"/{place.full_path}/-/commit/{one.sha}",
        "tag_path": f"/{place.full_path}/-/tags/{one.tag}",
        "assets": {
            "count": len(links) + 1,
            "sources": [{"format": "zip", "url": f"{web}.zip"}],
            "links": links,
        },
        "evidences": [],
        "_links": {"self": web},
    }


def vulnerability(one: Finding, place: Project, base: str) -> Row:
    """A vulnerability with what its finding says about it."""
    kind, _, _ = one.identifier.partition("-")
    identifier = {
        "external_type": kind.lower(),
        "external_id": one.identifier,
        "name": one.identifier,
        "url": None,
    }
    moved = [at for at in (one.confirmed_at, one.fixed_at, one.dismissed_at) if at is not None]
    return {
        "id": one.id,
        "title": one.title,
        "name": one.title,
        "description": None,
        "state": one.state,
        "severity": one.severity,
        "confidence": "unknown",
        "report_type": one.report_type,
        "identifiers": [identifier],
        "scanner": {"external_id": one.report_type, "name": one.report_type},
        "project": {"id": place.id, "name": place.name, "full_path": place.full_path},
        "created_at": iso_milliseconds(one.detected_at),
        "updated_at": iso_milliseconds(max([one.detected_at, *moved])),
        "confirmed_at": iso_milliseconds(one.confirmed_at),
        "confirmed_by_id": one.assignee.number if one.assignee else None,
        "resolved_at": iso_milliseconds(one.fixed_at),
        "resolved_by_id": None,
        "resolved_on_default_branch": one.fixed_at is not None,
        "dismissed_at": iso_milliseconds(one.dismissed_at),
        "dismissed_by_id": None,
        "dismissal_reason": "false_positive" if one.dismissed_at else None,
        "due_date": None,
        "assignee": user(one.assignee, base) if one.assignee else None,
        "web_url": f"{web_url(place, base)}/-/security/vulnerabilities/{one.id}",
    }


def _approvals_of(one: Deployment, base: str) -> list[Row]:
    """The approval of a protected environment, where a person has to give one."""
    if not one.manual_gate:
        return []
    approver = user(one.actor, base)
    return [
        {
            "user": approver,
            "status": "approved",
            "created_at": iso_milliseconds(one.started_at),
            "comment": "",
        }
    ]
