"""A large made-up GitLab and Jira in a process of its own, with latency and declared rate limits.

Rows are written from templates, so that the server takes little of the processor that the client needs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from bench.collect.rows import AS_OF, BEGIN, Samples, Template, listed, spread

Query = Mapping[str, Sequence[str]]
PAGE = 100
BASE = "http://127.0.0.1:{port}/gitlab/api/v4"
HEAD = "HTTP/1.1 {} \r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n"


@dataclass(frozen=True)
class Size:
    """How much there is, in all."""

    projects: int = 500
    pipelines: int = 300_000
    merge_requests: int = 50_000
    deployments: int = 25_000
    issues: int = 200_000
    jira_projects: int = 25


@dataclass
class Limit:
    """A rate limit in windows of a minute, told by headers as GitLab does; 0 is none."""

    per_minute: int
    _window: int = -1
    _used: int = 0

    def take(self) -> tuple[bool, str]:
        """Whether a request may be answered, and the headers that tell what is left."""
        if not self.per_minute:
            return True, ""
        now = time.time()
        window = int(now // 60)
        if window != self._window:
            self._window, self._used = window, 0
        self._used += 1
        left, reset = max(self.per_minute - self._used, 0), (window + 1) * 60
        told = f"RateLimit-Limit: {self.per_minute}\r\nRateLimit-Remaining: {left}\r\n"
        told += f"RateLimit-Reset: {reset}\r\n"
        if self._used <= self.per_minute:
            return True, told
        return False, f"{told}Retry-After: {math.ceil(reset - now)}\r\n"


def page_of(total: int, path: str, query: Query) -> tuple[range, str]:
    """The rows of the page that is asked for, counted from 0, and the headers that lead on."""
    size = int(query.get("per_page", ["20"])[0])
    number = int(query.get("page", ["1"])[0])
    rows = range((number - 1) * size, min(number * size, total))
    if number * size >= total:
        return rows, "X-Next-Page: \r\n"
    onward = urlencode({**query, "page": [str(number + 1)]}, doseq=True)
    return rows, f'X-Next-Page: {number + 1}\r\nLink: <{BASE}{path}?{onward}>; rel="next"\r\n'


def after(query: Query, name: str, total: int) -> int:
    """How many of so many evenly spread events lie before the instant that a parameter tells."""
    given = query.get(name)
    if not given:
        return 0
    share = (datetime.fromisoformat(given[0].replace(" ", "+")) - BEGIN) / (AS_OF - BEGIN)
    return min(total, max(0, math.ceil(share * total - 0.5)))


class GitLab:
    """The lists of many equal projects."""

    def __init__(self, size: Size, samples: Samples) -> None:
        self._size = size
        here = samples.project
        base = f"/projects/{here.id}"
        row = {name: _rows(samples.gitlab(f"{base}/{name}?per_page=100")) for name in _LISTS}
        merged = next(one for one in row["merge_requests"] if one["state"] == "merged")
        ran = row["pipelines"][0]
        self._project = Template.of(_project(samples, here.full_path), str(here.id), here.path)
        self._merge_request = _numbered(merged, "iid")
        self._pipeline = _numbered(ran, "id")
        self._job = _numbered(row["jobs"][0], "id")
        self._deployment = _numbered(next(one for one in row["deployments"] if one["deployable"]), "id")
        self._small = {name: _text(row[name][:5]) for name in _LISTS if name not in _LARGE}
        self._approvals = _text(samples.gitlab(f"{base}/merge_requests/{merged['iid']}/approvals"))
        self._review, self._jobs = _graphql_nodes(samples, here.full_path, merged["iid"])

    def answer(self, path: str, query: Query, body: bytes) -> tuple[bytes, str]:
        """The answer to a path below /gitlab, and further headers."""
        path = path.removeprefix("/api/v4")
        if path == "/api/graphql":
            return self._graphql(json.loads(body)), ""
        if path == "/groups/acme/projects":
            total = self._size.projects
            rows, onward = page_of(total, path, query)
            return listed(self._project.write(1000 + row, spread(row, total)) for row in rows), onward
        name = path.split("/", 3)[3]
        if path == "/groups/acme/merge_requests" or name in self._small:
            return self._small.get(name, b"[]"), ""
        if name.endswith("/approvals"):
            return self._approvals, ""
        return self._list(name, path, query)

    def _list(self, name: str, path: str, query: Query) -> tuple[bytes, str]:
        template, total, changed = self._large(name)
        first = after(query, changed, total)
        rows, onward = page_of(total - first, path, query)
        newest = total - 1
        return listed(template.write(newest - row, spread(newest - row, total)) for row in rows), onward

    def _large(self, name: str) -> tuple[Template, int, str]:
        each, size = self._size.projects, self._size
        return {
            "merge_requests": (self._merge_request, size.merge_requests // each, "updated_after"),
            "pipelines": (self._pipeline, size.pipelines // each, "updated_after"),
            "jobs": (self._job, size.pipelines // each * JOBS, "none"),
            "deployments": (self._deployment, size.deployments // each, "updated_after"),
        }[name]

    def _graphql(self, posted: Mapping[str, Mapping[str, object]]) -> bytes:
        asked = posted["variables"]
        if "mergeRequests(" in str(posted["query"]):
            iids = asked["iids"]
            assert isinstance(iids, list)
            nodes = ",".join(self._review.write(iid, spread(0, 1)) for iid in iids)
            return f'{{"data":{{"project":{{"mergeRequests":{{"nodes":[{nodes}]}}}}}}}}'.encode()
        total = self._size.pipelines // self._size.projects
        oldest = after({"since": [str(asked["since"])]}, "since", total)
        begin = int(str(asked.get("after") or 0))
        end = min(begin + PAGE, total - oldest)
        nodes = ",".join(
            self._jobs.write(number, spread(number, total))
            for number in range(total - 1 - begin, total - 1 - end, -1)
        )
        more = json.dumps({"hasNextPage": end < total - oldest, "endCursor": str(end)})
        return f'{{"data":{{"project":{{"pipelines":{{"pageInfo":{more},"nodes":[{nodes}]}}}}}}}}'.encode()


JOBS = 3
"""Jobs of each pipeline."""

_LISTS = (
    *("merge_requests", "pipelines", "jobs", "deployments"),
    *("repository/commits", "repository/tree", "protected_branches", "approval_rules", "releases"),
    *("vulnerabilities", "members/all"),
)
_LARGE = frozenset(_LISTS[:4])


def _rows(answer: object) -> list[dict[str, object]]:
    assert isinstance(answer, list)
    return answer


def _text(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _project(samples: Samples, path: str) -> object:
    found = [one for one in _rows(samples.gitlab("/projects")) if one["path_with_namespace"] == path]
    return {**found[0], "archived": False}


def _numbered(row: Mapping[str, object], *names: str) -> Template:
    """A template in which the row's own numbers are replaced, and no other digits."""
    return Template.of({**row, **dict.fromkeys(names, 777000777)}, "777000777")


def _graphql_nodes(samples: Samples, path: str, iid: object) -> tuple[Template, Template]:
    def ask(query: str, **variables: object) -> Mapping[str, object]:
        body = _text({"query": query, "variables": {"path": path, **variables}})
        answer = samples.gitlab("/gitlab/api/graphql", body)
        assert isinstance(answer, dict)
        return answer["data"]["project"]  # type: ignore[no-any-return]  # JSON

    reviewed = ask("mergeRequests(", iids=[str(iid)])["mergeRequests"]["nodes"][0]  # type: ignore[index]  # JSON
    run = ask("pipelines(")["pipelines"]["nodes"][0]  # type: ignore[index]  # JSON
    job = {**run["jobs"]["nodes"][0], "id": "gid://gitlab/Ci::Build/777000777"}
    jobs = [
        {**job, "id": f"gid://gitlab/Ci::Build/777000777{n}", "name": f"{job['name']}-{n}"}
        for n in range(JOBS)
    ]
    pipeline = {**run, "id": "gid://gitlab/Ci::Pipeline/777000777", "jobs": {**run["jobs"], "nodes": jobs}}
    return _numbered(reviewed, "iid"), Template.of(pipeline, "777000777")


class Jira:
    """A Data Center site whose issues are spread evenly over projects, types and time."""

    PATTERN: ClassVar[tuple[str, ...]] = (
        *("Service Request", "Incident", "Service Request", "Change", "Service Request"),
        *("Service Request", "Service Request", "Improvement", "Service Request", "Service Request"),
    )

    def __init__(self, size: Size, samples: Samples) -> None:
        self._each = size.issues // size.jira_projects
        self._projects = [f"P{number:03d}" for number in range(size.jira_projects)]
        self._vocabulary = {
            name: _text(samples.jira(f"/rest/api/2/{name}"))
            for name in ("serverInfo", "field", "status", "priority", "issuetype", "myself")
        }
        self._samples: dict[str, dict[str, Any]] = {}
        self._templates: dict[tuple[str, str, str], Template] = {}
        for kind in sorted(set(self.PATTERN)):
            found = samples.jira(
                f'/rest/api/2/search?jql=issuetype+in+("{kind}")&maxResults=1&expand=changelog'
            )
            assert isinstance(found, dict)
            self._samples[kind] = found["issues"][0]

    def answer(self, path: str, query: Query) -> tuple[bytes, str]:
        """The answer to a path below /jira-dc."""
        name = path.rpartition("/")[2]
        if name in self._vocabulary:
            return self._vocabulary[name], ""
        if name == "project":
            return _text([{"key": key, "id": key, "name": key} for key in self._projects]), ""
        return self._search(query), ""

    def _search(self, query: Query) -> bytes:
        text = query["jql"][0]
        projects = re.findall(r"P\d{3}", text.partition("issuetype")[0]) or self._projects
        kinds = re.search(r"issuetype (?:in \(|= )([^)]*?)(?:\)| AND)", text)
        wanted = set(re.findall(r'"([^"]+)"', kinds.group(1))) if kinds else set()
        places = [place for place, kind in enumerate(self.PATTERN) if kind in wanted and "labels" not in text]
        first, last = self._window(text)
        rows = range(self._count(places, first), self._count(places, last))
        total = len(rows) * len(projects)  # of all projects the oldest first, then the next of all, and so on
        sent = ",".join(query.get("fields", ["*all"])), query.get("expand", [""])[0]
        begin, size = int(query.get("startAt", ["0"])[0]), int(query.get("maxResults", ["50"])[0])
        issues = ",".join(
            self._issue(projects[number % len(projects)], rows[number // len(projects)], places, sent)
            for number in range(begin, min(begin + size, total))
        )
        head = f'"startAt":{begin},"maxResults":{size},"total":{total}'
        return f'{{"expand":"schema,names",{head},"issues":[{issues}]}}'.encode()

    def _window(self, text: str) -> tuple[int, int]:
        """The numbers of the issues that conditions on times leave."""
        first, last = 0, self._each
        for sign, told in re.findall(r'(?:created|updated) (>=|<=|<|>) "([^"]+)"', text):
            at = datetime.fromisoformat(told).replace(tzinfo=AS_OF.tzinfo)
            place = math.ceil((at - BEGIN) / (AS_OF - BEGIN) * self._each - 0.5)
            first, last = (max(first, place), last) if sign.startswith(">") else (first, min(last, place))
        return first, max(first, last)

    def _count(self, places: Sequence[int], below: int) -> int:
        """How many issues of the wanted types have a number below."""
        blocks, rest = divmod(below, len(self.PATTERN))
        return blocks * len(places) + sum(place < rest for place in places)

    def _issue(self, project: str, row: int, places: Sequence[int], sent: tuple[str, str]) -> str:
        block, place = divmod(row, len(places))
        number = block * len(self.PATTERN) + places[place]
        at = spread(number, self._each).replace("Z", "+0000")
        return self._template(self.PATTERN[places[place]], *sent).write(f"{project}-{number}", at)

    def _template(self, kind: str, fields: str, expand: str) -> Template:
        """An issue with the fields that are asked for, as Jira sends them, and with its history if asked."""
        found = self._templates.get((kind, fields, expand))
        if found is None:
            row, wanted = self._samples[kind], fields.split(",")
            kept = {name: value for name, value in row["fields"].items() if name in wanted}
            issue = {**row, "id": "777000777", "fields": row["fields"] if "*all" in wanted else kept}
            if "changelog" not in expand:
                del issue["changelog"]
            found = Template.of(issue, "777000777", row["key"])
            self._templates[kind, fields, expand] = found
        return found


@dataclass
class Tool:
    """Answers over HTTP/1.1 with keep-alive, each answer after the latency."""

    size: Size
    latency: float
    limits: Mapping[str, Limit]
    requests: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        samples = Samples()
        self._gitlab, self._jira = GitLab(self.size, samples), Jira(self.size, samples)

    def answer(self, target: str, body: bytes) -> tuple[int, bytes, str]:
        """Status, body and further headers."""
        parts = urlsplit(target)
        if parts.path == "/requests":
            counted, self.requests = self.requests, Counter()
            return 200, _text(counted), ""
        if parts.path == "/processor":
            return 200, _text(time.process_time()), ""
        query = parse_qs(parts.query)
        tool, path = (
            ("gitlab", parts.path[7:]) if parts.path.startswith("/gitlab") else ("jira", parts.path[8:])
        )
        allowed, told = self.limits[tool].take()
        self.requests[tool if allowed else f"{tool} 429"] += 1
        if not allowed:
            return 429, b'{"message":"429 Too Many Requests"}', told
        give: Callable[[], tuple[bytes, str]] = partial(self._jira.answer, path, query)
        if tool == "gitlab":
            give = partial(self._gitlab.answer, unquote(path), query, body)
        written, onward = give()
        return 200, written, told + onward

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").split("\r\n")
                sizes = [line.split(":")[1] for line in lines if line.lower().startswith("content-length:")]
                body = await reader.readexactly(int(sizes[0])) if sizes else b""
                arrived = time.monotonic()
                status, written, headers = self.answer(lines[0].split(" ")[1], body)
                await asyncio.sleep(max(0.0, self.latency - (time.monotonic() - arrived)))
                onward = headers.replace("{port}", str(writer.get_extra_info("sockname")[1]))
                writer.write(HEAD.format(status, len(written), onward).encode() + written)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


async def _main(options: argparse.Namespace) -> None:
    size = Size(**{name: max(1, int(each * options.scale)) for name, each in vars(Size()).items()})
    limits = {"gitlab": Limit(options.gitlab_per_minute), "jira": Limit(options.jira_per_minute)}
    tool = Tool(size, options.latency, limits)
    server = await asyncio.start_server(tool.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until whoever began us ends
    server.close()


def main() -> None:
    """Serve until standard input ends; the port is told on standard output."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--scale", type=float, default=1.0)
    options.add_argument("--latency", type=float, default=0.05)
    options.add_argument("--gitlab-per-minute", type=int, default=2000)
    options.add_argument("--jira-per-minute", type=int, default=3000)
    asyncio.run(_main(options.parse_args()))


if __name__ == "__main__":
    main()
