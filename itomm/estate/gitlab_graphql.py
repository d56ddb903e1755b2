"""GitLab's GraphQL API, as far as a collector asks it: reviews of merge requests, jobs of pipelines."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from itomm.estate.gitlab_payloads import Row, notes
from itomm.estate.http_exchange import Request, Response, iso_milliseconds, json_response
from itomm.estate.people import Person
from itomm.estate.repositories import MergeRequest, Pipeline, Project

_PAGE = 100


def graphql(request: Request, find: Callable[[str], Project | None], headers: Mapping[str, str]) -> Response:
    """The answer to a query about one project; ``find`` knows projects by path."""
    posted = request.json()
    query, variables = str(posted.get("query", "")), posted.get("variables")
    asked: Mapping[str, object] = variables if isinstance(variables, Mapping) else {}
    place = find(str(asked.get("path", "")))
    if place is None:
        return json_response({"data": {"project": None}}, headers=headers)
    if "mergeRequests(" in query:
        found: Row = {"mergeRequests": _reviews(place, asked, request.base)}
    elif "pipelines(" in query:
        found = {"pipelines": _pipelines(place, asked)}
    else:
        return json_response(
            {"errors": [{"message": "Field doesn't exist on type 'Project'"}]}, headers=headers
        )
    return json_response({"data": {"project": found}}, headers=headers)


def _reviews(place: Project, asked: Mapping[str, object], base: str) -> Row:
    numbers = asked.get("iids")
    wanted = set(numbers) if isinstance(numbers, list) else set()
    found = [one for one in place.merge_requests if str(one.iid) in wanted]
    return {"nodes": [_review(one, place, base) for one in found[:_PAGE]]}


def _review(one: MergeRequest, place: Project, base: str) -> Row:
    return {
        "iid": str(one.iid),
        "approvedBy": {"nodes": [_user(person) for person in one.approvers]},
        "notes": {
            "pageInfo": {"hasNextPage": False},
            "nodes": [_note(row) for row in notes(one, place, base)],
        },
        "commits": {"nodes": [{"authoredDate": iso_milliseconds(one.first_commit_at)}]},
    }


def _note(row: Row) -> Row:
    author = row["author"]
    assert isinstance(author, Mapping)  # noqa: S101  the stand-in writes it itself
    return {
        "id": f"gid://gitlab/Note/{row['id']}",
        "system": row["system"],
        "body": row["body"],
        "createdAt": row["created_at"],
        "author": {name: author.get(name) for name in ("username", "name", "bot")},
    }


def _user(person: Person) -> Row:
    return {"username": person.login, "name": person.name, "bot": person.bot}


def _pipelines(place: Project, asked: Mapping[str, object]) -> Row:
    since = _instant(asked.get("since"))
    runs = [run for run in reversed(place.pipelines) if since is None or _updated_at(run) >= since]
    begin = _position(asked.get("after"))
    page = runs[begin : begin + _PAGE]
    more = begin + _PAGE < len(runs)
    end = base64.b64encode(str(begin + len(page)).encode()).decode()
    return {"pageInfo": {"hasNextPage": more, "endCursor": end}, "nodes": [_pipeline(run) for run in page]}


def _pipeline(run: Pipeline) -> Row:
    return {
        "id": f"gid://gitlab/Ci::Pipeline/{run.id}",
        "ref": run.ref,
        "source": run.source,
        "jobs": {
            "pageInfo": {"hasNextPage": False},
            "nodes": [
                {
                    "id": f"gid://gitlab/Ci::Build/{job.id}",
                    "name": job.name,
                    "kind": "BUILD",
                    "status": job.status.upper(),
                    "allowFailure": job.allow_failure,
                    "coverage": None,
                    "createdAt": iso_milliseconds(job.created_at),
                    "startedAt": iso_milliseconds(job.started_at),
                    "finishedAt": iso_milliseconds(job.finished_at),
                    "stage": {"name": job.stage},
                }
                for job in run.jobs
            ],
        },
    }


def _updated_at(run: Pipeline) -> datetime:
    return run.finished_at or run.created_at


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _position(cursor: object) -> int:
    return int(base64.b64decode(cursor)) if isinstance(cursor, str) else 0
