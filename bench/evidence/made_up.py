"""Pipelines that a made-up GitLab could tell of: the same ones every time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from itomm.evidence.observation import Observation, Page, RequestMade

BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
RECORD_TYPE = "pipeline"


def pipeline(number: int, *, version: int = 0) -> Observation:
    """One pipeline; another ``version`` is the same one seen later, with another end."""
    project = number % 500
    created_at = BEGINNING + timedelta(seconds=number)
    duration = timedelta(seconds=60 + (number * 7919 + version) % 1800)
    sha = hashlib.sha256(number.to_bytes(8, "big")).hexdigest()[:40]
    status = ("success", "success", "success", "failed")[(number + version) % 4]
    url = f"https://gitlab.example/group/project-{project}/-/pipelines/{number}"
    fields: dict[str, object] = {
        "repo_id": f"group/project-{project}",
        "sha": sha,
        "ref": "main",
        "trigger": "push",
        "status": status,
        "on_default_branch": True,
        "created_at": created_at,
        "finished_at": created_at + duration,
        "duration_s": duration,
        "queued_s": timedelta(seconds=number % 30),
        "jobs": [
            {"name": "unit", "kind": "test", "status": status},
            {"name": "scan", "kind": "sast", "status": "success"},
        ],
        "gating_job_kinds": ["test", "sast"],
    }
    raw = {
        "id": number,
        "iid": number // 500,
        "project_id": project,
        "sha": sha,
        "ref": "main",
        "status": status,
        "source": "push",
        "created_at": created_at.isoformat(),
        "updated_at": (created_at + duration).isoformat(),
        "web_url": url,
        "duration": duration.seconds,
        "queued_duration": number % 30,
        "user": {"username": "person-0a1b2c3d4e5f", "state": "active"},
        "detailed_status": {"icon": f"status_{status}", "text": status, "details_path": url},
    }
    return Observation(f"{project}/{number}", fields, raw, url)


def pages(numbers: range, *, size: int = 100, version: int = 0) -> Iterator[tuple[Page, list[str | None]]]:
    """Pages of pipelines, each with the services that they belong to."""
    for start in range(numbers.start, numbers.stop, size):
        found = range(start, min(start + size, numbers.stop))
        request = RequestMade(
            "GET", "https://gitlab.example/api/v4/pipelines", {"page": str(start // size + 1)}, 200
        )
        observations = tuple(pipeline(number, version=version) for number in found)
        yield Page(observations, request), [f"service-{number % 500}" for number in found]
