"""Deployments with their statuses as records, from one GraphQL question for many. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta

from itomm.collectors.deliveries import (
    Delivery,
    Judged,
    environment_tier,
    marked_hotfix,
    marked_rollback,
)
from itomm.collectors.github.repository_facts import Repository, is_bot, login_of
from itomm.collectors.payload import Payload, instant_of, mapping_of, rows_of, text_of
from itomm.collectors.repository_contents import ticket_keys
from itomm.evidence.observation import Observation

PAGE_SIZE = 50

MOST_STATUSES = 50

QUESTION = """
query($owner: String!, $name: String!, $size: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    deployments(first: $size, after: $after, orderBy: {field: CREATED_AT, direction: DESC}) {
      pageInfo { hasNextPage endCursor }
      nodes {
        id databaseId environment task description createdAt commitOid
        ref { name }
        creator { __typename login }
        commit { authoredDate committedDate message }
        statuses(first: 50) {
          pageInfo { hasNextPage }
          nodes { state createdAt logUrl creator { __typename login } }
        }
      }
    }
  }
}
"""

WAITS_FOR = timedelta(days=30)
"""A deployment may wait this long for its approval (GitHub's own limit), and so end that much later."""

OUTCOMES = {"SUCCESS": "success", "FAILURE": "failed", "ERROR": "failed"}
"""States that say how it ended; it becomes inactive later, when the next one takes its place."""

_RUN = re.compile(r"/actions/runs/(\d+)")


def has_more_statuses(payload: Payload) -> bool:
    """Whether a deployment has more statuses than came along with it."""
    return mapping_of(mapping_of(payload.get("statuses")).get("pageInfo")).get("hasNextPage") is True


def read_delivery(
    payload: Payload, number: int, environment_tiers: Mapping[str, str] | None = None
) -> Delivery | None:
    """Read one deployment; None while nobody has reported how it ended.

    ``number`` is its place among those that are judged together; GitHub's own outgrew its field.
    """
    ended = [status for status in _statuses(payload) if status.get("state") in OUTCOMES]
    finished_at = instant_of(ended[-1].get("createdAt")) if ended else None
    if finished_at is None:
        return None
    commit = mapping_of(payload.get("commit"))
    environment = text_of(payload.get("environment")) or "unknown"
    hints = [text_of(mapping_of(payload.get("ref")).get("name")), text_of(payload.get("task"))]
    return Delivery(
        number=number,
        payload=payload,
        environment=environment,
        tier=environment_tier(environment, None, environment_tiers or {}),
        status=OUTCOMES[str(ended[-1]["state"])],
        sha=text_of(payload.get("commitOid")),
        finished_at=finished_at,
        changed_at=finished_at,
        commit_at=instant_of(commit.get("committedDate")),
        authored_at=instant_of(commit.get("authoredDate")),
        hotfix=marked_hotfix(*hints),
        marked_rollback=marked_rollback(*hints, text_of(payload.get("description"))),
    )


def was_held(payload: Payload) -> bool:
    """Whether a deployment was held by a rule of its environment."""
    return any(status.get("state") == "WAITING" for status in _statuses(payload))


def run_of(payload: Payload) -> int | None:
    """The number of the workflow run that deployed; None when it was none of GitHub Actions."""
    for status in _statuses(payload):
        found = _RUN.search(text_of(status.get("logUrl")) or "")
        if found:
            return int(found.group(1))
    return None


def gated_environments(environments: Iterable[Payload]) -> frozenset[str]:
    """Names of the environments to which somebody must let a deployment pass."""
    return frozenset(
        str(environment.get("name"))
        for environment in environments
        if any(
            rule.get("type") == "required_reviewers" for rule in rows_of(environment.get("protection_rules"))
        )
    )


def deployment(
    repository: Repository, judged: Judged, delivered: Iterable[str], *, manual_gate: bool
) -> Observation:
    """A finished deployment as a record; ``delivered`` are the tickets of the pull requests it brought."""
    delivery = judged.delivery
    payload = delivery.payload
    statuses = _statuses(payload)
    started = [
        instant_of(status.get("createdAt")) for status in statuses if status.get("state") == "IN_PROGRESS"
    ]
    name = payload.get("databaseId") or payload.get("id")
    return Observation(
        source_ref=f"{repository.path}/deployments/{name}",
        fields={
            "environment": delivery.environment,
            "tier": delivery.tier,
            "sha": delivery.sha,
            "status": delivery.status,
            "started_at": next(iter(started), None) or instant_of(payload.get("createdAt")),
            "finished_at": delivery.finished_at,
            "automated": _is_automated(payload, statuses),
            "manual_gate": manual_gate,
            "actor": login_of(payload.get("creator")),
            "rollback": judged.rollback,
            "hotfix": delivery.hotfix,
            "change_keys": list(dict.fromkeys([*_own_keys(payload), *delivered])),
            "caused_incident_keys": [],
            "repo_id": repository.path,
            "failed_change": judged.failed_change,
            "failed_since": judged.failed_since,
            "commit_at": delivery.authored_at or delivery.commit_at,
        },
        raw=payload,
        url=_page(repository, statuses),
        service_keys=repository.service_keys,
    )


def _statuses(payload: Payload) -> list[Payload]:
    """Oldest first."""
    listed = rows_of(mapping_of(payload.get("statuses")).get("nodes"))
    return sorted(listed, key=lambda status: str(status.get("createdAt")))


def _is_automated(payload: Payload, statuses: Iterable[Payload]) -> bool:
    """Whether a machine did it: one signed in as such, or a job whose log GitHub links."""
    return is_bot(payload.get("creator")) or any(
        text_of(status.get("logUrl")) or is_bot(status.get("creator")) for status in statuses
    )


def _page(repository: Repository, statuses: Iterable[Payload]) -> str:
    """The log of the job that deployed, where it is GitHub's own; else the list of deployments."""
    logs = (text_of(status.get("logUrl")) for status in statuses)
    own = (log for log in logs if log and repository.web_url and log.startswith(f"{repository.web_url}/"))
    return next(own, f"{repository.web_url}/deployments")


def _own_keys(payload: Payload) -> list[str]:
    commit = mapping_of(payload.get("commit"))
    return ticket_keys(
        text_of(mapping_of(payload.get("ref")).get("name")),
        text_of(commit.get("message")),
        text_of(payload.get("description")),
    )
