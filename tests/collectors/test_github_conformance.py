"""The suite that plug-in authors run, against a small GitHub with something of everything in it."""

from __future__ import annotations

from itomm.collectors.conformance import HealthyTool, Paging, conformance_suite
from itomm.collectors.github import GitHubCollector
from tests.collectors.github_stand_in import (
    WEB,
    GitHubStandIn,
    StandInRepository,
    deployed,
    job,
    pull,
    reviews,
    run,
)


def _repository(name: str) -> StandInRepository:
    alerts = {
        kind: [
            {
                "number": number,
                "created_at": "2026-10-01T00:00:00Z",
                "updated_at": f"2026-10-0{number}T00:00:00Z",
            }
            for number in (1, 2)
        ]
        for kind in ("dependabot", "code-scanning", "secret-scanning")
    }
    return StandInRepository(
        name,
        files=["README.md", "infra/main.tf"],
        pulls=[
            pull(number, reviews=reviews(("bob", "APPROVED", "2026-10-01T09:00:00Z"))) for number in (1, 2)
        ],
        runs=[run(number) for number in (1, 2)],
        jobs={number: [job("unit tests"), job("semgrep")] for number in (1, 2)},
        deployments=[deployed(number, f"2026-10-2{number}T10:00:00Z", f"merge{number}") for number in (1, 2)],
        releases=[{"tag_name": f"v{number}", "published_at": "2026-10-01T00:00:00Z"} for number in (1, 2, 3)],
        alerts=alerts,
        collaborators=[{"id": 1, "login": "annika", "permissions": {"admin": True}}],
    )


_NAMES = ("acme/one", "acme/two")

TestGitHubConformance = conformance_suite(
    GitHubCollector,
    lambda url: {"url": url, "token": "env:ITOMM_CONTRACT_TOKEN", "organisations": ["acme"]},
    HealthyTool(
        GitHubStandIn([_repository(name) for name in _NAMES]).answer,
        empty=GitHubStandIn([]).answer,
        scopes={name: f"/repos/{name}/" for name in _NAMES},
        people=("bob", "annika"),
        paging=Paging(("page",), "per_page"),
        links=(WEB,),
    ),
)
