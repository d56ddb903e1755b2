"""Deployments as records. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from itomm.collectors.deliveries import (
    Delivery,
    Judged,
    environment_tier,
    marked_hotfix,
    marked_rollback,
)
from itomm.collectors.gitlab.project import Project, username_of
from itomm.collectors.payload import Payload, instant_of, mapping_of, text_of
from itomm.collectors.repository_contents import ticket_keys
from itomm.evidence.observation import Observation

FINISHED = {"success": "success", "failed": "failed", "canceled": "canceled"}


def read_delivery(payload: Payload, environment_tiers: Mapping[str, str] | None = None) -> Delivery | None:
    """Read one row of the list of deployments; None while it has not come to an end."""
    deployable = mapping_of(payload.get("deployable"))
    environment = mapping_of(payload.get("environment"))
    commit = mapping_of(deployable.get("commit"))
    status = FINISHED.get(str(payload.get("status") or deployable.get("status")))
    updated_at = instant_of(payload.get("updated_at"))
    finished_at = (
        instant_of(payload.get("finished_at")) or instant_of(deployable.get("finished_at")) or updated_at
    )
    if status is None or finished_at is None:
        return None
    name = text_of(environment.get("name")) or "unknown"
    hints = [text_of(payload.get("ref")), text_of(deployable.get("name"))]
    return Delivery(
        number=int(payload["id"]),
        payload=payload,
        environment=name,
        tier=environment_tier(name, text_of(environment.get("tier")), environment_tiers or {}),
        status=status,
        sha=text_of(payload.get("sha")),
        finished_at=finished_at,
        changed_at=max(finished_at, updated_at) if updated_at else finished_at,
        commit_at=instant_of(commit.get("created_at")),
        authored_at=instant_of(commit.get("authored_date")),
        hotfix=marked_hotfix(*hints),
        marked_rollback=marked_rollback(*hints),
    )


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
