"""Reads deployments with all that judging them needs: their neighbours, merges, runs and environments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from itomm.collectors.deliveries import Delivery, Merge, delivered_keys, is_unsettled, judge, unsettled_since
from itomm.collectors.github.asked import Asked, entered_at_its_end, older_than, page
from itomm.collectors.github.deployment import (
    MOST_STATUSES,
    PAGE_SIZE,
    QUESTION,
    WAITS_FOR,
    deployment,
    gated_environments,
    has_more_statuses,
    read_delivery,
    run_of,
    was_held,
)
from itomm.collectors.github.pull_request import merge_of
from itomm.collectors.github.run_reading import RunReader
from itomm.collectors.github.settings import GitHubSettings
from itomm.collectors.payload import instant_of
from itomm.evidence.observation import Observation, Page, UnknownReason

NEIGHBOURS = timedelta(days=14)
"""Deployments this much older are read along: whether one is a rollback depends on those before it."""


class DeploymentReader:
    """Deployments of one source during one run of itomm."""

    def __init__(self, settings: GitHubSettings, runs: RunReader) -> None:
        self._settings = settings
        self._runs = runs

    def pages(self, asked: Asked) -> Iterator[Page]:
        """The deployment stream of one repository."""
        # All are read to judge a few: whether one failed or brought a ticket depends on others.
        since, until = asked.context.since, asked.context.until
        after = since - NEIGHBOURS - WAITS_FOR
        pages = []
        for rows in asked.client.connection(QUESTION, asked.names, "deployments", size=PAGE_SIZE):
            pages.append(rows)
            if any(older_than(row, "createdAt", after) for row in rows.rows):
                break
        payloads = [row for rows in pages for row in rows.rows]
        if any(map(has_more_statuses, payloads)):
            asked.context.refused(
                asked.repository.path,
                UnknownReason.INSUFFICIENT_COVERAGE,
                f"a deployment has more than {MOST_STATUSES} statuses",
            )
        numbers = {id(row): number for number, row in enumerate(reversed(payloads))}
        read = [
            [read_delivery(row, numbers[id(row)], self._settings.environment_tiers) for row in rows.rows]
            for rows in pages
        ]
        finished = [one for row in read for one in row if one is not None and one.finished_at <= until]
        unsettled = unsettled_since(finished, asked.changed_since) if asked.changed_since else None
        handed_over = {
            one.number
            for one in finished
            if since <= one.finished_at and (unsettled is None or is_unsettled(one, unsettled))
        }
        found = self._judged(asked, finished, handed_over, after)
        for rows, deliveries in zip(pages, read, strict=True):
            own = [found[one.number] for one in deliveries if one is not None and one.number in found]
            yield entered_at_its_end(page(own, rows.request), last=rows is pages[-1])

    def _judged(
        self, asked: Asked, finished: list[Delivery], handed_over: set[int], after: datetime
    ) -> dict[int, Observation]:
        """Records of the deployments that are handed over, by their numbers."""
        chosen = [one for one in judge(finished) if one.delivery.number in handed_over]
        if not chosen:
            return {}
        delivered = delivered_keys(finished, self._merges(asked, after))
        by_hand = self._deployed_by_hand(asked, [one.delivery for one in chosen])
        return {
            one.delivery.number: deployment(
                asked.repository,
                one,
                delivered[one.delivery.number],
                manual_gate=one.delivery.number in by_hand,
            )
            for one in chosen
        }

    def _deployed_by_hand(self, asked: Asked, deliveries: list[Delivery]) -> set[int]:
        """Deployments that somebody started or let pass."""
        waited = [one for one in deliveries if was_held(one.payload)]
        gated: frozenset[str] = frozenset()
        if waited:
            environments = asked.client.all_rows(f"{asked.path}/environments", rows="environments")
            gated = gated_environments(environments)
        runs = {one.number: run for one in deliveries if (run := run_of(one.payload)) is not None}
        begun = [
            at
            for one in deliveries
            if one.number in runs and (at := instant_of(one.payload.get("createdAt")))
        ]
        started = self._runs.started_by_hand(asked, min(begun) - WAITS_FOR) if begun else frozenset()
        return {one.number for one in waited if one.environment in gated} | {
            number for number, run in runs.items() if run in started
        }

    def _merges(self, asked: Asked, after: datetime) -> list[Merge]:
        """What was merged since an instant."""
        query = {"state": "closed", "sort": "updated", "direction": "desc"}
        merges: list[Merge] = []
        for rows in asked.client.pages(f"{asked.path}/pulls", query):
            merges += [merge for row in rows.rows if (merge := merge_of(row))]
            if any(older_than(row, "updated_at", after) for row in rows.rows):
                break
        return merges
