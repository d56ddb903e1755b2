"""Reads workflow runs and their jobs, in as few requests as the token allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from itomm.collectors.github.asked import Asked, entered_at_its_end, page
from itomm.collectors.github.client import SMALLEST_PAGE, Rows
from itomm.collectors.github.refusals import GitHubError
from itomm.collectors.github.workflow_job import Job, conclusion_of, read_job
from itomm.collectors.github.workflow_run import (
    CHANGES_FOR,
    RECENT,
    newest_of_each,
    pipeline,
    telling_first,
)
from itomm.collectors.payload import Payload, instant_of, mapping_of, rows_of, text_of
from itomm.config.clock import format_instant, parse_instant
from itomm.evidence.observation import Page, RequestMade, UnknownReason

CHECK_SUITES = """
query($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on CheckSuite {
      id
      checkRuns(first: 50, filterBy: {checkType: LATEST}) {
        pageInfo { hasNextPage }
        nodes { name status conclusion startedAt completedAt detailsUrl }
      }
    }
  }
}
"""

SUITES_AT_ONCE = 50

REMEDY = "Use a classic token with the scope repo or an app with Checks: read, or raise runs_with_jobs."

_GIVEN_UP = frozenset({502, 504})
_NOT_TOLD = frozenset({403, 404, 422})


@dataclass(frozen=True)
class _Known:
    """What later streams need of a repository's runs, so that the runs themselves need not be kept."""

    oldest: datetime
    started_by_hand: frozenset[int]
    newest_jobs: tuple[Job, ...]
    request: RequestMade


class RunReader:
    """Runs and jobs of one source during one run of itomm.

    Args:
        runs_with_jobs: most requests for single runs' jobs in one repository, where check runs are not told.
    """

    def __init__(self, runs_with_jobs: int) -> None:
        self._runs_with_jobs = runs_with_jobs
        self._tells_check_runs = True
        self._known: dict[str, _Known] = {}

    def pages(self, asked: Asked) -> Iterator[Page]:
        """The pipeline stream of one repository."""
        since, changed_since = asked.context.since, asked.changed_since
        changed = format_instant(changed_since) if changed_since else ""
        asked.context.remember(_note_name(asked), f"{format_instant(since)} {changed}")
        pages, wanted, jobs = self._read(asked, since, changed_since)
        self._tell_of_missing(asked, [run for run in wanted if not _is_running(run)], jobs)
        chosen = {run.get("id") for run in wanted}
        for one in pages:
            found = [
                pipeline(asked.repository, run, jobs.get(int(run["id"])))
                for run in one.rows
                if run.get("id") in chosen
            ]
            yield entered_at_its_end(page(found, one.request), last=one is pages[-1])

    def _read(
        self, asked: Asked, since: datetime, changed_since: datetime | None
    ) -> tuple[list[Rows], list[Payload], dict[int, list[Job]]]:
        """Runs listed, those of them that are wanted, and jobs by run; what later streams need is kept."""
        until = asked.context.until
        oldest = changed_since - CHANGES_FOR if changed_since else since
        pages = list(_listed(asked, min(oldest, until - RECENT)))
        runs = [run for one in pages for run in one.rows]
        wanted = [
            run
            for run in runs
            if (at := instant_of(run.get("created_at"))) is not None
            and since <= at <= until
            and (changed_since is None or _changed(run, changed_since))
        ]
        jobs = self._jobs(asked, [*newest_of_each(runs, until), *telling_first(wanted)])
        self._keep(asked, oldest, pages, jobs)
        return pages, wanted, jobs

    def _known_of(self, asked: Asked) -> _Known | None:
        """What is known of a repository, also from before a kill: asked the same way, it needs no request."""
        path = asked.repository.path
        if path not in self._known and (said := asked.context.recall(_note_name(asked))):
            since, _, changed = said.partition(" ")
            self._read(asked, parse_instant(since), parse_instant(changed) if changed else None)
        return self._known.get(path)

    def newest_jobs(self, asked: Asked) -> tuple[Sequence[Job], RequestMade]:
        """Jobs of the newest recent run of each workflow and occasion, and the request that listed them."""
        known = self._known_of(asked)
        if known is None:
            oldest = asked.context.until - RECENT
            pages = list(_listed(asked, oldest))
            newest = newest_of_each((run for one in pages for run in one.rows), asked.context.until)
            jobs = self._jobs(asked, newest)
            known = self._keep(asked, oldest, pages, jobs)
            self._tell_of_missing(asked, newest, jobs)
        return known.newest_jobs, known.request

    def started_by_hand(self, asked: Asked, oldest: datetime) -> frozenset[int]:
        """Numbers of the runs since an instant that a person started."""
        known = self._known_of(asked)
        if known is not None and known.oldest <= oldest:
            return known.started_by_hand
        return _by_hand(run for one in _listed(asked, oldest) for run in one.rows)

    def _keep(
        self, asked: Asked, oldest: datetime, pages: Sequence[Rows], jobs: dict[int, list[Job]]
    ) -> _Known:
        runs = [run for one in pages for run in one.rows]
        newest = newest_of_each(runs, asked.context.until)
        known = _Known(
            oldest=oldest,
            started_by_hand=_by_hand(runs),
            newest_jobs=tuple(job for run in newest for job in jobs.get(int(run["id"]), ())),
            request=pages[0].request,
        )
        self._known[asked.repository.path] = known
        return known

    def _jobs(self, asked: Asked, runs: Iterable[Payload]) -> dict[int, list[Job]]:
        """Jobs by run, of finished runs, as far as the token and the settings let them be read."""
        left = {int(run["id"]): run for run in runs if not _is_running(run)}
        found = self._from_check_suites(asked, left) if self._tells_check_runs else {}
        missing = [run for number, run in left.items() if number not in found]
        for run in missing[: self._runs_with_jobs]:
            rows = _jobs_of_one(asked, run)
            if rows is not None:
                found[int(run["id"])] = [read_job(row, run) for row in rows]
        return found

    def _from_check_suites(self, asked: Asked, runs: dict[int, Payload]) -> dict[int, list[Job]]:
        """Jobs of many runs with one question; none where the token may not read check runs."""
        by_suite = {suite: run for run in runs.values() if (suite := text_of(run.get("check_suite_node_id")))}
        suites, at_once = list(by_suite), SUITES_AT_ONCE
        found: dict[int, list[Job]] = {}
        while suites:
            try:
                data, _ = asked.client.ask(CHECK_SUITES, {"ids": suites[:at_once]})
            except GitHubError as error:
                if error.status_code in _GIVEN_UP and at_once > SMALLEST_PAGE:
                    at_once //= 2
                    continue
                if error.status_code not in _NOT_TOLD:
                    raise
                self._tells_check_runs = False
                return found
            suites = suites[at_once:]
            for node in rows_of(data.get("nodes")):
                run = by_suite.get(str(node.get("id")))
                checks = mapping_of(node.get("checkRuns"))
                whole = mapping_of(checks.get("pageInfo")).get("hasNextPage") is False
                if run is not None and whole:
                    found[int(run["id"])] = [read_job(row, run) for row in rows_of(checks.get("nodes"))]
        return found

    def _tell_of_missing(self, asked: Asked, finished: Sequence[Payload], jobs: dict[int, list[Job]]) -> None:
        missing = sum(int(run["id"]) not in jobs for run in finished)
        if missing:
            asked.context.refused(
                asked.repository.path,
                UnknownReason.INSUFFICIENT_COVERAGE,
                f"the jobs of {missing:,} of {len(finished):,} workflow runs were not read: this token may "
                f"not read check runs, so each takes a request. {REMEDY}",
            )


def _note_name(asked: Asked) -> str:
    return f"runs of {asked.repository.path}"


def _listed(asked: Asked, oldest: datetime) -> Iterator[Rows]:
    """Runs from the newest on until one was begun before ``oldest``; without a filter there is no limit."""
    query = {"exclude_pull_requests": "true"}
    for one in asked.client.pages(f"{asked.path}/actions/runs", query, rows="workflow_runs"):
        yield one
        begun = [at for run in one.rows if (at := instant_of(run.get("created_at")))]
        if begun and min(begun) < oldest:
            return


def _jobs_of_one(asked: Asked, run: Payload) -> list[Payload] | None:
    path = f"{asked.path}/actions/runs/{int(run['id'])}/jobs"
    try:
        return asked.client.all_rows(path, {"filter": "latest"}, rows="jobs")
    except GitHubError as error:
        if error.status_code in {404, 410}:  # deleted since it was listed
            return None
        raise


def _by_hand(runs: Iterable[Payload]) -> frozenset[int]:
    return frozenset(int(run["id"]) for run in runs if run.get("event") == "workflow_dispatch")


def _is_running(run: Payload) -> bool:
    return conclusion_of(run) == "running"


def _changed(run: Payload, since: datetime) -> bool:
    at = instant_of(run.get("updated_at"))
    return at is None or at >= since
