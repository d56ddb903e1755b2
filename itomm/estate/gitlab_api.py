"""The GitLab REST API v4, as far as a collector reads it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from itomm.estate import gitlab_delivery_payloads as deliver
from itomm.estate import gitlab_payloads as write
from itomm.estate.company import Company
from itomm.estate.gitlab_graphql import graphql
from itomm.estate.gitlab_paging import LazyRows, listing
from itomm.estate.http_exchange import TOKEN, Request, Response, json_response, page
from itomm.estate.people import AUDITOR, MACHINES, Person
from itomm.estate.repositories import Job, MergeRequest, Pipeline, Project

Row = dict[str, object]
_GRAPHQL = "/gitlab/api/graphql"
_VERSION = {"version": "18.5.1-ee", "revision": "0000000000a"}


class GitLabApi:
    """Answers requests under /gitlab/."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._projects = company.projects
        self._pipelines = {
            place.id: {pipeline.id: pipeline for pipeline in place.pipelines} for place in company.projects
        }
        self._jobs_of = {place.id: _jobs_in(place.pipelines) for place in company.projects}
        self._last_activity = {place.id: self._activity(place) for place in company.projects}

    def answer(self, request: Request) -> Response:
        """The response to one request."""
        if not request.path.startswith(("/gitlab/api/v4/", _GRAPHQL)):
            return self._web_page(request)
        if not _authenticated(request):
            return json_response({"message": "401 Unauthorized"}, 401)
        if request.path == _GRAPHQL:
            return graphql(request, self._found_by_name, self._limits())
        # An encoded slash belongs to a project's path or a file's path, so the raw path is split.
        parts = request.raw_path.removeprefix("/gitlab/api/v4/").rstrip("/").split("/")
        if parts[0] == "projects" and len(parts) > 1:
            return self._project(parts[1], parts[2:], request)
        if parts[0] == "groups" and len(parts) > 1:
            return self._group(parts[1], parts[2:], request)
        return self._top(parts, request)

    def _top(self, parts: Sequence[str], request: Request) -> Response:
        """What hangs under no project and no group."""
        things: Mapping[str, Callable[[], Row]] = {
            "version": lambda: dict(_VERSION),
            "metadata": _metadata,
            "user": lambda: write.full_user(AUDITOR, request.base),
        }
        lists: Mapping[str, Callable[[], list[Row]]] = {
            "users": lambda: self._users(request),
            "projects": lambda: self._project_rows(request),
            "topics": self._topics,
        }
        name = "/".join(parts)
        if name in things:
            return self._one(things[name]())
        if name in lists:
            return self._list(lists[name](), request)
        if parts[0] == "users" and len(parts) == 2:
            return self._found(self._users(request), "id", parts[1], "User")
        return _missing("")

    def _users(self, request: Request) -> list[Row]:
        wanted = request.one("username")
        return [
            write.full_user(person, request.base)
            for person in self._everybody()
            if wanted in {"", person.login}
        ]

    def _topics(self) -> list[Row]:
        names = sorted({topic for place in self._projects for topic in place.topics})
        return [
            {"id": number, "name": topic, "title": topic, "description": None, "total_projects_count": 1}
            for number, topic in enumerate(names, start=1)
        ]

    def _one(self, row: Row) -> Response:
        return json_response(row, headers=self._limits())

    def _found(self, rows: Sequence[Row], field: str, value: str, what: str) -> Response:
        """The row whose field has the value."""
        for row in rows:
            if str(row[field]) == value:
                return self._one(row)
        return _missing(what)

    def _everybody(self) -> list[Person]:
        return [*self._company.staff, *MACHINES, AUDITOR]

    def _group(self, path: str, rest: Sequence[str], request: Request) -> Response:
        if path not in {"acme", "7"}:
            return _missing("Group")
        if not rest:
            row = {
                "id": 7,
                "name": "Acme",
                "path": "acme",
                "full_path": "acme",
                "visibility": "private",
                "parent_id": None,
                "web_url": f"{request.base}/gitlab/groups/acme",
            }
            return self._one(row)
        lists: Mapping[str, Callable[[], list[Row]]] = {
            "projects": lambda: self._project_rows(request),
            "merge_requests": lambda: self._merge_requests_of_all(request),
            "subgroups": list,
            "descendant_groups": list,
            "members": lambda: write.members(self._projects[0], request.base),
            "members/all": lambda: write.members(self._projects[0], request.base),
        }
        name = "/".join(rest)
        return self._list(lists[name](), request) if name in lists else _missing("")

    def _merge_requests_of_all(self, request: Request) -> list[Row]:
        rows = [row for place in self._projects for row in self._merge_request_rows(place, request)]
        return _sorted(rows, request, "created_at")

    def _project_rows(self, request: Request) -> list[Row]:
        archived = request.one("archived").lower()
        rows = [
            write.project(place, request.base, self._last_activity[place.id])
            for place in self._projects
            if archived not in {"true", "false"} or place.archived == (archived == "true")
        ]
        search = request.one("search").lower()
        if search:
            rows = [row for row in rows if search in str(row["path_with_namespace"])]
        return _between(rows, request, "last_activity", "last_activity_at")

    def _project(self, name: str, rest: Sequence[str], request: Request) -> Response:
        place = self._found_by_name(name.replace("%2F", "/").replace("%2f", "/"))
        if place is None:
            return _missing("Project")
        if not rest:
            row = write.project(place, request.base, self._last_activity[place.id])
            return self._one(row)
        if rest[0] == "repository":
            return self._repository(place, rest[1:], request)
        if rest[0] == "merge_requests":
            return self._merge_requests(place, rest[1:], request)
        if rest[0] == "pipelines":
            return self._pipeline(place, rest[1:], request)
        return self._listed(place, rest, request)

    def _found_by_name(self, wanted: str) -> Project | None:
        """The project with this id or full path."""
        return next((one for one in self._projects if wanted in {str(one.id), one.full_path}), None)

    def _listed(self, place: Project, rest: Sequence[str], request: Request) -> Response:
        """The lists that hang directly under a project."""
        base = request.base
        lists: Mapping[str, Callable[[], list[Row]]] = {
            "deployments": lambda: self._deployments(place, request),
            "environments": lambda: _environments(place, base),
            "releases": lambda: [deliver.release(one, place, base) for one in reversed(place.releases)],
            "protected_branches": lambda: write.protected_branches(place),
            "approval_rules": lambda: write.approval_rules(place),
            "members/all": lambda: write.members(place, base),
            "members": lambda: write.members(place, base),
            "vulnerabilities": lambda: self._findings(place, request),
            "vulnerability_findings": lambda: self._findings(place, request),
            "issues": list,
            "pipeline_schedules": list,
            "protected_environments": list,
        }
        name = "/".join(rest)
        if name == "jobs":
            return self._jobs(place, None, request)
        if name in lists:
            return self._list(lists[name](), request)
        if name == "approvals":
            row: Row = {
                "approvals_before_merge": place.habits.required_approvals,
                "reset_approvals_on_push": True,
                "merge_requests_author_approval": False,
            }
            return self._one(row)
        if len(rest) == 2 and rest[0] in {"deployments", "vulnerabilities", "protected_branches"}:
            field = "name" if rest[0] == "protected_branches" else "id"
            return self._found(lists[rest[0]](), field, rest[1], "")
        return _missing("")

    def _repository(self, place: Project, rest: Sequence[str], request: Request) -> Response:
        lists: Mapping[str, Callable[[], list[Row]]] = {
            "tree": lambda: self._tree(place, request),
            "commits": lambda: self._commits(place, request),
            "branches": lambda: [self._default_branch(place, request)],
        }
        name = "/".join(rest)
        if name in lists:
            return self._list(lists[name](), request)
        if len(rest) == 2 and rest[0] == "commits":
            rows = [write.commit(one, place, request.base) for one in place.commits]
            return self._found(rows, "id", rest[1], "Commit")
        if len(rest) > 1 and rest[0] == "files":
            return self._file(place, rest[1:], request)
        return _missing("")

    @staticmethod
    def _tree(place: Project, request: Request) -> list[Row]:
        recursive = request.one("recursive").lower() in {"true", "1"}
        return write.tree(place, recursive=recursive, under=request.one("path"))

    @staticmethod
    def _commits(place: Project, request: Request) -> list[Row]:
        since, until = _instant(request.one("since")), _instant(request.one("until"))
        rows = [write.commit(one, place, request.base) for one in reversed(place.commits)]
        return [row for row in rows if _within(row["committed_date"], since, until)]

    @staticmethod
    def _default_branch(place: Project, request: Request) -> Row:
        head = write.commit(place.commits[-1], place, request.base)
        protected = place.habits.protected
        return {"name": "main", "commit": head, "default": True, "protected": protected, "merged": False}

    def _file(self, place: Project, rest: Sequence[str], request: Request) -> Response:
        raw = rest[-1] == "raw"
        path = (
            "/".join(rest[:-1] if raw else rest).replace("%2F", "/").replace("%2f", "/").replace("%2E", ".")
        )
        text = place.files.get(path)
        if text is None:
            return _missing("File")
        if raw:
            return Response(200, text.encode(), "text/plain; charset=utf-8", self._limits())
        row = {
            "file_name": path.rsplit("/", 1)[-1],
            "file_path": path,
            "size": len(text.encode()),
            "encoding": "base64",
            "content": base64.b64encode(text.encode()).decode(),
            "ref": request.one("ref", "main"),
            "commit_id": place.commits[-1].sha,
            "last_commit_id": place.commits[-1].sha,
        }
        return self._one(row)

    def _merge_requests(self, place: Project, rest: Sequence[str], request: Request) -> Response:
        if not rest:
            rows = self._merge_request_rows(place, request)
            return self._list(_sorted(rows, request, "created_at"), request)
        found = [one for one in place.merge_requests if str(one.iid) == rest[0]]
        if not found:
            return _missing("Merge request")
        return self._merge_request(place, found[0], rest[1:], request)

    @staticmethod
    def _merge_request_rows(place: Project, request: Request) -> list[Row]:
        rows = [write.merge_request(one, place, request.base) for one in reversed(place.merge_requests)]
        state = request.one("state", "all")
        rows = [row for row in rows if state in {"all", row["state"]}]
        target = request.one("target_branch", "main")
        rows = [row for row in rows if row["target_branch"] == target]
        for name in ("created", "updated", "merged"):
            rows = _between(rows, request, name, f"{name}_at")
        return rows

    def _merge_request(
        self, place: Project, one: MergeRequest, rest: Sequence[str], request: Request
    ) -> Response:
        base = request.base
        if not rest:
            head = next((run for run in reversed(place.pipelines) if run.sha == one.head_sha), None)
            row = write.merge_request(one, place, base)
            row["head_pipeline"] = deliver.pipeline_detail(head, place, base) if head else None
            row["diff_refs"] = {"base_sha": one.head_sha, "head_sha": one.head_sha, "start_sha": one.head_sha}
            return self._one(row)
        if rest == ["approvals"]:
            return self._one(write.approvals(one, place, base))
        if rest == ["notes"]:
            return self._list(write.notes(one, place, base), request)
        if rest == ["commits"]:
            head_commit = [commit for commit in place.commits if commit.sha == one.head_sha]
            return self._list([write.commit(commit, place, base) for commit in head_commit], request)
        if rest == ["pipelines"]:
            runs = [run for run in place.pipelines if run.sha == one.head_sha]
            return self._list([deliver.pipeline(run, place, base) for run in runs], request)
        return _missing("")

    def _pipeline(self, place: Project, rest: Sequence[str], request: Request) -> Response:
        base = request.base
        if not rest:
            rows = [deliver.pipeline(one, place, base) for one in reversed(place.pipelines)]
            for name in ("ref", "status", "source", "sha"):
                wanted = request.one(name)
                rows = [row for row in rows if not wanted or row[name] == wanted]
            for name in ("created", "updated"):
                rows = _between(rows, request, name, f"{name}_at")
            return self._list(_sorted(rows, request, "id"), request)
        one = self._pipelines[place.id].get(int(rest[0])) if rest[0].isdecimal() else None
        if one is None:
            return _missing("Pipeline")
        if rest[1:] == ["jobs"]:
            return self._jobs(place, (one,), request)
        if rest[1:]:
            return _missing("")
        return self._one(deliver.pipeline_detail(one, place, base))

    def _jobs(self, place: Project, pipelines: Sequence[Pipeline] | None, request: Request) -> Response:
        """Jobs are many: only those on the page are written."""
        scope = set(request.query.get("scope[]", ()) or request.query.get("scope", ()))
        known = self._jobs_of[place.id] if pipelines is None else _jobs_in(pipelines)
        wanted = [(job, run) for job, run in known if not scope or job.status in scope]
        rows = LazyRows(
            [job.id for job, _ in wanted],
            lambda index: deliver.job(*wanted[index], place, request.base),
        )
        return self._list(rows, request)

    def _deployments(self, place: Project, request: Request) -> list[Row]:
        pipelines = self._pipelines[place.id]
        wanted, status = request.one("environment"), request.one("status")
        rows = [
            deliver.deployment(one, place, pipelines, request.base)
            for one in place.deployments
            if wanted in {"", one.environment} and status in {"", one.status}
        ]
        for name in ("updated", "finished"):
            rows = _between(rows, request, name, "updated_at")
        return _sorted(rows, request, "id", descending=False)

    def _findings(self, place: Project, request: Request) -> list[Row]:
        wanted = {
            name: set(request.query.get(f"{name}[]", ()) or request.query.get(name, ()))
            for name in ("state", "severity", "report_type")
        }
        rows = [deliver.vulnerability(one, place, request.base) for one in place.findings]
        return [
            row for row in rows if all(not values or row[name] in values for name, values in wanted.items())
        ]

    def _list(self, rows: Sequence[Row] | LazyRows, request: Request) -> Response:
        return listing(rows, request, self._limits())

    def _limits(self) -> Mapping[str, str]:
        reset = int(self._company.as_of.timestamp()) + 60
        return {
            "RateLimit-Limit": "2000",
            "RateLimit-Observed": "1",
            "RateLimit-Remaining": "1999",
            "RateLimit-Reset": str(reset),
            "RateLimit-Name": "throttle_authenticated_api",
        }

    def _activity(self, place: Project) -> datetime:
        moments = [one.updated_at for one in place.merge_requests]
        return max(moments, default=place.created_at)

    def _web_page(self, request: Request) -> Response:
        path = request.path.removeprefix("/gitlab/")
        known = any(path.startswith(place.full_path) for place in self._projects)
        return page("GitLab (stand-in)", path, 200 if known or not path else 404)


def _jobs_in(pipelines: Sequence[Pipeline]) -> list[tuple[Job, Pipeline]]:
    """Jobs with their pipelines, newest first."""
    pairs = [(job, run) for run in pipelines for job in run.jobs]
    return sorted(pairs, key=lambda pair: pair[0].id, reverse=True)


def _authenticated(request: Request) -> bool:
    return TOKEN in {
        request.headers.get("private-token"),
        request.headers.get("authorization", "").removeprefix("Bearer "),
        request.one("private_token"),
    }


def _metadata() -> Row:
    kas = {"enabled": False, "externalUrl": None, "version": None}
    return {**_VERSION, "kas": kas, "enterprise": True}


def _environments(place: Project, base: str) -> list[Row]:
    seen = {(one.environment, one.tier): None for one in place.deployments}
    return [deliver.environment(name, tier, place, base) for name, tier in sorted(seen)]


def _missing(what: str) -> Response:
    return json_response({"message": f"404 {what} Not Found" if what else "404 Not Found"}, 404)


def _between(rows: list[Row], request: Request, name: str, field: str) -> list[Row]:
    after, before = _instant(request.one(f"{name}_after")), _instant(request.one(f"{name}_before"))
    if after is None and before is None:
        return rows
    return [row for row in rows if _within(row[field], after, before)]


def _within(value: object, after: datetime | None, before: datetime | None) -> bool:
    moment = _instant(str(value)) if value else None
    if moment is None:
        return False
    return (after is None or moment >= after) and (before is None or moment <= before)


def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _sorted(rows: list[Row], request: Request, default: str, *, descending: bool = True) -> list[Row]:
    field = request.one("order_by", default)
    down = request.one("sort", "desc" if descending else "asc") == "desc"
    return sorted(rows, key=lambda row: (_sortable(row.get(field)), _sortable(row.get("id"))), reverse=down)


def _sortable(value: object) -> str:
    return str(value).zfill(20) if isinstance(value, int) else str(value or "")
