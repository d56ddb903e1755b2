"""One measured run against the made-up tools: by itomm into a store, or by plain loops; prints JSON."""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import gitlab
import jira
import requests

from bench.collect.rows import AS_OF, BEGIN
from itomm.collectors.framework.continuing import continuations, standing
from itomm.collectors.framework.kept_answers import AnswersFolder
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import collect
from itomm.collectors.framework.sharing import sources_apart
from itomm.collectors.source import Source, build_source
from itomm.estate.http_exchange import TOKEN
from itomm.evidence.store import Store

HISTORY = timedelta(days=400)


def main() -> None:
    """Run once and tell the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("what", choices=["gitlab", "jira", "both", "plain-gitlab", "plain-jira"])
    options.add_argument("url")
    options.add_argument("--store", type=Path)
    options.add_argument("--later", type=float, default=0.0, help="hours after the first run")
    options.add_argument("--sample", type=int, default=5, help="projects that plain loops read")
    options.add_argument("--concurrency", type=int, default=8)
    options.add_argument("--processes", type=int, default=1)
    chosen = options.parse_args()
    os.environ["BENCH_TOKEN"] = TOKEN
    requests.get(f"{chosen.url}/requests", timeout=30)
    of_tool = requests.get(f"{chosen.url}/processor", timeout=30).json()
    wall, processor = time.monotonic(), _processor_seconds()
    if chosen.what.startswith("plain"):
        plain = _plain_gitlab if chosen.what == "plain-gitlab" else _plain_jira
        told: dict[str, object] = {"records": plain(chosen.url, chosen.sample)}
    else:
        told = _collected(chosen)
    told |= {
        "seconds": round(time.monotonic() - wall, 2),
        "processor": round(_processor_seconds() - processor, 2),
        "processor_of_tool": round(requests.get(f"{chosen.url}/processor", timeout=30).json() - of_tool, 2),
        "peak_mb": _peak_mb(resource.RUSAGE_SELF) + _peak_mb(resource.RUSAGE_CHILDREN),
        "asked": requests.get(f"{chosen.url}/requests", timeout=30).json(),
    }
    print(json.dumps(told))


def _processor_seconds() -> float:
    """Of this process and those it began that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _peak_mb(who: int) -> int:
    """Of this process, or of the largest that it began."""
    return round(resource.getrusage(who).ru_maxrss / 1024)


def _source(what: str, url: str, concurrency: int) -> Source:
    settings: dict[str, object] = {
        "collector": what,
        "url": f"{url}/{'gitlab' if what == 'gitlab' else 'jira-dc'}",
        "token": "env:BENCH_TOKEN",
        "deadline_minutes": 240,
        "max_concurrency": concurrency,
    }
    if what == "gitlab":
        settings["groups"] = ["acme"]
    return build_source(what, settings)


def _collected(chosen: argparse.Namespace) -> dict[str, object]:
    names = ["gitlab", "jira"] if chosen.what == "both" else [chosen.what]
    sources = [_source(name, chosen.url, chosen.concurrency) for name in names]
    until = AS_OF + timedelta(hours=chosen.later)
    folder: Path = chosen.store
    store = Store.open(folder, create=not folder.joinpath("catalogue.sqlite").exists())
    with store.writing("a benchmark"):
        known = store.collections()
        run = store.begin_run(until, "bench")
        assignment = Assignment(
            run=run,
            until=until,
            history=HISTORY,
            services=(),
            pseudonym_key=store.pseudonym_key(),
            answers=AnswersFolder(store.answers_folder(run), "bench"),
            continue_from=continuations(
                sources,
                known,
                services=(),
                history=HISTORY,
                until=until,
                full_reading_every=timedelta(days=7),
            ),
            standing=standing(sources, known, services=(), history=HISTORY),
        )
        apart = sources_apart(sources, known, processes=chosen.processes)
        results = collect(sources, store, assignment, lambda: until, apart=apart)
        store.end_run()
    store.engine.dispose()
    return {
        "records": {
            source.name: sum(one.records for one in results if one.source == source.name and not one.kept)
            for source in sources
        },
        "requests": {f"{result.source} {result.record_type}": result.requests for result in results},
        "faults": [result.outcome.error for result in results if not result.outcome.complete],
    }


def _plain_gitlab(url: str, sample: int) -> int:
    """What a script does with python-gitlab: the same lists, a page of 100 at a time, one after the other."""
    client = gitlab.Gitlab(f"{url}/gitlab", private_token=TOKEN, per_page=100, retry_transient_errors=True)
    projects = client.http_list("/groups/acme/projects", iterator=True, per_page=100)
    count, since = 0, BEGIN.isoformat()
    for _, project in zip(range(sample), projects, strict=False):
        base = f"/projects/{project['id']}"
        for name in ("protected_branches", "approval_rules", "releases", "vulnerabilities", "members/all"):
            count += _all(client, f"{base}/{name}")
        for name in ("repository/commits", "repository/tree"):
            count += _all(client, f"{base}/{name}")
        for merged in client.http_list(
            f"{base}/merge_requests", iterator=True, per_page=100, updated_after=since
        ):
            client.http_get(f"{base}/merge_requests/{merged['iid']}/approvals")
            count += 1
        count += _all(client, f"{base}/pipelines", updated_after=since)
        count += _all(client, f"{base}/jobs")
        count += _all(client, f"{base}/deployments", updated_after=since)
    return count


def _all(client: gitlab.Gitlab, path: str, **query: Any) -> int:
    return sum(1 for _ in client.http_list(path, iterator=True, per_page=100, **query))


def _plain_jira(url: str, sample: int) -> int:
    """What a script does with the jira client: search by type with changelogs, a page of 100 at a time."""
    client = jira.JIRA(f"{url}/jira-dc", token_auth=TOKEN)
    since = f"{BEGIN:%Y-%m-%d %H:%M}"
    return sum(
        _issues(client, f'project = "P{number:03d}" AND issuetype in ({kinds}) AND created >= "{since}"')
        for number in range(sample)
        for kinds in (
            *('"Incident"', '"Change"', '"Service Request"', '"Improvement"', '"Problem"'),
            '"Incident", "Service Request"',  # once more for its service levels
        )
    )


def _issues(client: jira.JIRA, query: str) -> int:
    found = 0
    while True:
        page = client.search_issues(query, startAt=found, maxResults=100, expand="changelog")
        found += len(page)
        if len(page) < 100:
            return found


if __name__ == "__main__":
    main()
