"""A small GitHub: the REST lists and the GraphQL questions that the collector asks, over payloads in memory.

The shapes follow GitHub's own description, version 23.0.2 of ``@octokit/openapi`` and 15.26.1 of
``@octokit/graphql-schema``. It answers as Enterprise Server does, under ``/api/v3`` and ``/api/graphql``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from itomm.collectors.conformance import Answer, Asked

REST = "/api/v3"
GRAPHQL = "/api/graphql"
WEB = "https://github.example"

Payload = dict[str, Any]

NOT_FOUND = Answer(404, b'{"message": "Not Found"}')
NO_RIGHT = Answer(
    403,
    b'{"message": "Resource not accessible by personal access token"}',
    {"X-Accepted-GitHub-Permissions": "administration=read"},
)


def refusing(status: int, message: str) -> Answer:
    return Answer(status, json.dumps({"message": message}).encode())


def answering(payload: object, **headers: str) -> Answer:
    return Answer(200, json.dumps(payload).encode(), headers)


@dataclass
class StandInRepository:
    """One repository and all that is in it, as payloads; ``answers`` replace single addresses of it."""

    name: str
    more: Payload = field(default_factory=dict)
    files: list[str] = field(default_factory=lambda: ["README.md"])
    committed_at: str = "2026-10-30T00:00:00Z"
    protection: Payload | None = None
    rules: list[Payload] = field(default_factory=list)
    pulls: list[Payload] = field(default_factory=list)
    runs: list[Payload] = field(default_factory=list)
    jobs: dict[int, list[Payload]] = field(default_factory=dict)
    deployments: list[Payload] = field(default_factory=list)
    environments: list[Payload] = field(default_factory=list)
    releases: list[Payload] = field(default_factory=list)
    alerts: dict[str, list[Payload]] = field(default_factory=dict)
    analyses: list[Payload] = field(default_factory=list)
    collaborators: list[Payload] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)

    def payload(self) -> Payload:
        return {
            "id": 1,
            "name": self.name.partition("/")[2],
            "full_name": self.name,
            "private": True,
            "visibility": "private",
            "default_branch": "main",
            "archived": False,
            "topics": [],
            "html_url": f"{WEB}/{self.name}",
            **self.more,
        }

    def lists(self) -> Mapping[str, tuple[str, list[Payload]]]:
        """By path within the repository: the key of a list in its answer ("" for none), and its rows."""
        alerts = {
            f"/{kind}/alerts": ("", self.alerts.get(kind, []))
            for kind in ("dependabot", "code-scanning", "secret-scanning")
        }
        return {
            "/commits": ("", [_commit(self.committed_at)] if self.files else []),
            "/rules/branches/main": ("", self.rules),
            "/pulls": ("", [_as_rest(pull) for pull in self.pulls]),
            "/actions/runs": ("workflow_runs", self.runs),
            **{f"/actions/runs/{run}/jobs": ("jobs", jobs) for run, jobs in self.jobs.items()},
            "/environments": ("environments", self.environments),
            "/releases": ("", self.releases),
            **alerts,
            "/code-scanning/analyses": ("", self.analyses),
            "/collaborators": ("", self.collaborators),
        }


@dataclass
class GitHubStandIn:
    """Answers requests; a pure function of its repositories."""

    repositories: list[StandInRepository] = field(default_factory=list)
    organisation: str = "acme"
    check_runs: bool = True

    def answer(self, asked: Asked) -> Answer:
        if asked.path == GRAPHQL:
            return self._graphql(json.loads(asked.body))
        path = asked.path.removeprefix(REST)
        if path == "/user":
            return answering({"login": "auditor"})
        if path in {f"/orgs/{self.organisation}/repos", "/user/repos"}:
            return _page(asked, "", [one.payload() for one in self.repositories])
        for repository in self.repositories:
            root = f"/repos/{repository.name}"
            if path == root or path.startswith(f"{root}/"):
                return _of(repository, path.removeprefix(root), asked)
        return NOT_FOUND

    def _graphql(self, body: Payload) -> Answer:
        question, variables = body["query"], body["variables"]
        if "CheckSuite" in question:
            return self._check_suites(variables["ids"])
        name = f"{variables['owner']}/{variables['name']}"
        found = [one for one in self.repositories if one.name == name]
        if not found:
            return _error("NOT_FOUND", f"Could not resolve to a Repository with the name '{name}'.")
        kind = "pullRequests" if "pullRequests" in question else "deployments"
        replaced = found[0].answers.get(kind)
        if replaced is not None:
            return replaced
        rows = found[0].pulls if kind == "pullRequests" else found[0].deployments
        by = "updatedAt" if variables.get("by") == "UPDATED_AT" else "createdAt"
        rows = sorted(rows, key=lambda row: str(row[by]), reverse=True)
        begin = int(variables["after"] or 0)
        end = begin + variables["size"]
        page = {"hasNextPage": end < len(rows), "endCursor": str(end)}
        return answering({"data": {"repository": {kind: {"pageInfo": page, "nodes": rows[begin:end]}}}})

    def _check_suites(self, ids: list[str]) -> Answer:
        if not self.check_runs:
            return _error("FORBIDDEN", "Resource not accessible by personal access token")
        jobs = {f"suite-{run}": rows for one in self.repositories for run, rows in one.jobs.items()}
        nodes = [
            {
                "id": suite,
                "checkRuns": {
                    "pageInfo": {"hasNextPage": False},
                    "nodes": [_as_check_run(job) for job in jobs.get(suite, [])],
                },
            }
            for suite in ids
        ]
        return answering({"data": {"nodes": nodes}})


def _of(repository: StandInRepository, path: str, asked: Asked) -> Answer:
    if path in repository.answers:
        return repository.answers[path]
    single: Mapping[str, Callable[[], Answer]] = {
        "": lambda: answering(repository.payload()),
        "/git/trees/main": lambda: _tree(repository),
        "/branches/main/protection": lambda: (
            answering(repository.protection)
            if repository.protection
            else refusing(404, "Branch not protected")
        ),
    }
    if path in single:
        return single[path]()
    if path == "/commits" and not repository.files:
        return refusing(409, "Git Repository is empty.")
    lists = repository.lists()
    return _page(asked, *lists[path]) if path in lists else NOT_FOUND


def _tree(repository: StandInRepository) -> Answer:
    if not repository.files:
        return refusing(409, "Git Repository is empty.")
    rows = [{"path": path, "type": "blob"} for path in repository.files]
    return answering({"sha": "t", "tree": rows, "truncated": False})


def _page(asked: Asked, key: str, rows: list[Payload]) -> Answer:
    if asked.query.get("sort") == "updated":
        rows = sorted(rows, key=lambda row: str(row.get("updated_at")), reverse=True)
    size, number = int(asked.query.get("per_page", 30)), int(asked.query.get("page", 1))
    shown = rows[(number - 1) * size : number * size]
    headers = {}
    if number * size < len(rows):
        query = urlencode({**asked.query, "page": number + 1})
        headers["Link"] = f'<{asked.base}{asked.path}?{query}>; rel="next"'
    return answering({"total_count": len(rows), key: shown} if key else shown, **headers)


def _error(kind: str, message: str) -> Answer:
    return answering({"data": {"repository": None}, "errors": [{"type": kind, "message": message}]})


def _commit(at: str) -> Payload:
    return {"sha": "c0ffee", "commit": {"message": "fix", "committer": {"date": at, "name": "Ann Author"}}}


def _as_rest(pull: Payload) -> Payload:
    return {
        "number": pull["number"],
        "title": pull["title"],
        "body": pull.get("body"),
        "updated_at": pull["updatedAt"],
        "merged_at": pull.get("mergedAt"),
        "merge_commit_sha": (pull.get("mergeCommit") or {}).get("oid"),
        "head": {"ref": pull["headRefName"], "sha": pull["headRefOid"]},
    }


def _as_check_run(job: Payload) -> Payload:
    return {
        "name": job["name"],
        "status": str(job["status"]).upper(),
        "conclusion": str(job["conclusion"]).upper(),
        "startedAt": job["started_at"],
        "completedAt": job["completed_at"],
        "detailsUrl": job.get("html_url"),
    }


def account(login: str) -> Payload:
    return {"__typename": "Bot" if login.endswith("[bot]") else "User", "login": login}


def pull(number: int, created_at: str = "2026-10-01T08:00:00Z", **more: Any) -> Payload:
    """A pull request as GraphQL gives it: opened by ann, merged a day later, reviewed by nobody."""
    return {
        "number": number,
        "url": f"{WEB}/acme/one/pull/{number}",
        "title": "Change something",
        "body": "",
        "state": "MERGED",
        "createdAt": created_at,
        "updatedAt": "2026-10-02T08:00:00Z",
        "mergedAt": "2026-10-02T08:00:00Z",
        "baseRefName": "main",
        "headRefName": "fix",
        "headRefOid": f"head{number}",
        "author": account("ann"),
        "mergeCommit": {"oid": f"merge{number}"},
        "labels": {"nodes": []},
        "commits": {"nodes": [{"commit": {"authoredDate": "2026-09-30T08:00:00Z"}}]},
        "reviews": {"pageInfo": {"hasNextPage": False}, "nodes": []},
        "comments": {"nodes": []},
        **more,
    }


def reviews(*given: tuple[str, str, str]) -> Payload:
    """Reviews as (login, state, when)."""
    nodes = [{"author": account(who), "state": state, "submittedAt": at} for who, state, at in given]
    return {"pageInfo": {"hasNextPage": False}, "nodes": nodes}


def run(number: int, created_at: str = "2026-10-30T10:00:00Z", **more: Any) -> Payload:
    """A finished workflow run as REST gives it."""
    return {
        "id": number,
        "name": "CI",
        "workflow_id": 5,
        "event": "push",
        "head_branch": "main",
        "head_sha": f"sha{number}",
        "status": "completed",
        "conclusion": "success",
        "created_at": created_at,
        "run_started_at": created_at,
        "updated_at": created_at,
        "check_suite_node_id": f"suite-{number}",
        "html_url": f"{WEB}/acme/one/actions/runs/{number}",
        **more,
    }


def job(name: str, conclusion: str = "success", **more: Any) -> Payload:
    """A finished job as REST gives it."""
    return {
        "name": name,
        "status": "completed",
        "conclusion": conclusion,
        "started_at": "2026-10-30T10:01:00Z",
        "completed_at": "2026-10-30T10:03:00Z",
        "html_url": f"{WEB}/acme/one/actions/runs/1/job/1",
        **more,
    }


def deployed(number: int, at: str, sha: str, *states: str, **more: Any) -> Payload:
    """A deployment as GraphQL gives it; ``states`` are its statuses, all at the same time."""
    statuses = [{"state": state, "createdAt": at, "logUrl": None} for state in states or ("SUCCESS",)]
    return {
        "id": f"DE_{number}",
        "databaseId": number,
        "environment": "production",
        "createdAt": at,
        "commitOid": sha,
        "creator": account("ann"),
        "commit": {"committedDate": at, "authoredDate": at, "message": ""},
        "statuses": {"pageInfo": {"hasNextPage": False}, "nodes": statuses},
        **more,
    }
