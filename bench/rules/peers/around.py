"""The loop around peers that judge one record at a time: it counts and gathers, service by service.

It is the same for all of them, and quick: a peer is called for the two conditions of a rule and for nothing
else; the second only for records that counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.rules.peers.timing import nearest_rank


@dataclass(frozen=True)
class Asked:
    """What a rule measures of those that count; ``percent`` is a percentile's, None takes the newest."""

    name: str
    record_type: str
    value: Callable[[dict[str, Any]], int] | None = None
    percent: int | None = None


def asked() -> list[Asked]:
    """The ten rules without their conditions."""
    return [
        Asked("incident-restore-time", "incident", lambda r: r["restored_at"] - r["created_at"], 50),
        Asked("incidents-picked-up", "incident"),
        Asked("deployments-automated", "deployment"),
        Asked("deployment-frequency", "deployment"),
        Asked("newest-deployment", "deployment", lambda r: r["finished_at"]),
        Asked("pipelines-green", "pipeline"),
        Asked("pipeline-duration", "pipeline", lambda r: r["duration_s"], 90),
        Asked("old-findings-open", "vulnerability"),
        Asked("known-exploited-open", "vulnerability"),
        Asked("merge-requests-reviewed", "merge_request"),
    ]


def summary(values: list[int], percent: int | None) -> int | None:
    """A rule's value from those of the records that counted."""
    return nearest_rank(values, percent) if percent is not None else max(values, default=None)


@dataclass(frozen=True)
class PerRecord:
    """One rule over records; ``given`` are the same records in the form that the peer takes."""

    rule: Asked
    rows: Sequence[dict[str, Any]]
    given: Sequence[Any]
    counts: Callable[[Any], Any]
    matches: Callable[[Any], Any] | None

    def over(self, services: int) -> list[tuple[int, int | None, int | None]]:
        """Partial results for each service."""
        if self.rule.value is not None:
            return self._values(services, self.rule.value)
        counts, matches = self.counts, self.matches
        counted, matched = [0] * services, [0] * services
        if matches is None:
            for row, record in zip(self.rows, self.given, strict=True):
                if counts(record):
                    counted[row["service"]] += 1
            return [(n, None, None) for n in counted]
        for row, record in zip(self.rows, self.given, strict=True):
            if counts(record):
                service = row["service"]
                counted[service] += 1
                if matches(record):
                    matched[service] += 1
        return [(n, k, None) for n, k in zip(counted, matched, strict=True)]

    def _values(
        self, services: int, value: Callable[[dict[str, Any]], int]
    ) -> list[tuple[int, int | None, int | None]]:
        counts = self.counts
        found: list[list[int]] = [[] for _ in range(services)]
        for row, record in zip(self.rows, self.given, strict=True):
            if counts(record):
                found[row["service"]].append(value(row))
        return [(len(values), None, summary(values, self.rule.percent)) for values in found]
