"""150 rules over made-up records, each with what a person would write in SQL for the same answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count, product
from typing import Any

MINUTE = 60_000_000
DAY = 86_400_000_000
FIELDS: Mapping[str, str] = {
    "alert_event": "started_at",
    "pipeline": "created_at",
    "deployment": "finished_at",
    "merge_request": "created_at",
    "incident": "created_at",
    "vulnerability": "detected_at",
}
"""The field of each type's windows."""


@dataclass(frozen=True)
class Twin:
    """A rule, and the same by hand.

    By hand: ``scan`` is the filter of the statement that the term belongs to, ``term`` what else must hold
    for a record to count, ``matching`` what must hold for it to match, ``aggregate`` is over values.
    ``where``, ``measure``, ``yes`` and ``partial`` are the rule's text; the bounds by hand are whole numbers:
    per cent, records, records a week, microseconds.
    """

    table: str
    scan: str
    days: int
    where: str
    measure: Mapping[str, object]
    yes: str
    partial: str
    by_hand: tuple[str, int, int]  # how it is compared, the bound of yes, the bound of partial
    term: str = "true"
    matching: str = ""
    aggregate: str = ""
    sample: int = 1
    linked: Mapping[str, object] | None = None
    name: str = ""
    pooled: bool = False

    @property
    def rule(self) -> dict[str, object]:
        """The rule as its YAML document holds it."""
        written: dict[str, object] = {
            "rule": self.name,
            "answers": f"A-P-{self.name.rsplit('-', 1)[1]}",
            "per": ["service", "organisation"] if self.pooled else "service",
            "from": self.table,
            "where": self.where,
            "window": {"field": FIELDS[self.table], "days": self.days},
            "measure": self.measure,
            "minimum_sample": self.sample,
            "grade": {"yes": self.yes, "partial": self.partial},
            "missing": "unknown",
            "confidence": "direct",
        }
        return written | ({"linked": self.linked} if self.linked else {})


def twins() -> list[Twin]:
    """All 150, named; every third answers for the organisation, too."""
    number = count(1)
    return [
        replace(
            each, name=f"{each.table.replace('_', '-')}-{(place := next(number)):03d}", pooled=place % 3 == 0
        )
        for family in (_alerts, _pipelines, _deployments, _merge_requests, _incidents, _vulnerabilities)
        for each in family()
    ]


def _share(table: str, scan: str, days: int, condition: str, matching: str = "", **parts: object) -> Twin:
    return Twin(
        table,
        scan,
        days,
        where=str(parts.pop("where", scan)),
        measure={"ratio": {"where": condition}},
        yes=">= 80 %",
        partial=">= 50 %",
        by_hand=("share", 80, 50),
        matching=matching or condition,
        **parts,  # type: ignore[arg-type]  # keys of the class, spelled out by the callers below
    )


def _lasting(
    table: str, scan: str, days: int, text: str, by_hand: str, *, at: int = 50, **parts: object
) -> Twin:
    return Twin(
        table,
        scan,
        days,
        where=str(parts.pop("where", scan)),
        measure={"median": text} if at == 50 else {"percentile": {"of": text, "at": at}},
        yes="<= 30 min",
        partial="<= 4 h",
        by_hand=("at most", 30 * MINUTE, 240 * MINUTE),
        aggregate=f"quantile_disc({by_hand}, {at / 100})",
        sample=3,
        **parts,  # type: ignore[arg-type]  # as above
    )


def _rate(table: str, scan: str, days: int, **parts: object) -> Twin:
    return Twin(
        table,
        scan,
        days,
        where=str(parts.pop("where", scan)),
        measure={"rate": {"per": "week"}},
        yes=">= 3 /week",
        partial=">= 1 /week",
        by_hand=("a week", 3, 1),
        **parts,  # type: ignore[arg-type]  # as above
    )


def _number(table: str, scan: str, days: int, **parts: object) -> Twin:
    return Twin(
        table,
        scan,
        days,
        where=str(parts.pop("where", scan)),
        measure={"count": True},
        yes="<= 5",
        partial="<= 20",
        by_hand=("at most", 5, 20),
        **parts,  # type: ignore[arg-type]  # as above
    )


def _between(later: str, earlier: str) -> str:
    return f"epoch_us({later}) - epoch_us({earlier})"


def _alerts() -> Iterator[Twin]:
    for severity in ("critical", "warning", "info"):
        scan = f"severity = '{severity}'"
        paging: dict[str, Any] = {"where": f"{scan} and paging", "term": "paging"}
        loud = "receiver = 'pager' and not coalesce(silenced, false)"
        for days in (30, 90, 365):
            short = "duration_s < 600"
            yield _share("alert_event", scan, days, "duration_s < interval '10 minutes'", short)
            yield _number("alert_event", scan, days, where=f"{scan} and {loud}", term=loud)
        for days in (30, 90):
            took = _between("acked_at", "started_at")
            yield _lasting("alert_event", scan, days, "acked_at - started_at", took, **paging)
            yield _rate("alert_event", scan, days, **paging)
        duration = "CAST(duration_s * 1000000 AS BIGINT)"
        yield _lasting("alert_event", scan, 90, "duration_s", duration, at=90)
        yield _share(
            "alert_event",
            scan,
            180,
            "acked_at - started_at <= interval '15 minutes'",
            f"{_between('acked_at', 'started_at')} <= {15 * MINUTE}",
        )


def _pipelines() -> Iterator[Twin]:
    finished = "status in ('success', 'failed')"
    for days in (14, 30, 90, 180):
        scan = "on_default_branch"
        yield _share(
            "pipeline", scan, days, "status = 'success'", where=f"{scan} and {finished}", term=finished
        )
    for trigger in ("push", "merge_request", "schedule", "manual"):
        scan = f"trigger = '{trigger}'"
        duration = "CAST(duration_s * 1000000 AS BIGINT)"
        for days in (30, 90):
            yield _share(
                "pipeline", scan, days, "status = 'success'", where=f"{scan} and {finished}", term=finished
            )
            yield _lasting("pipeline", scan, days, "duration_s", duration)
        yield Twin(
            "pipeline", scan, 90, scan, {"avg": "coverage"}, ">= 0.8", ">= 0.5",
            by_hand=("average", 80, 50), aggregate="sum(coverage)",
        )  # fmt: skip
        yield Twin(
            "pipeline", scan, 90, scan, {"max": "queued_s"}, "<= 30 min", "<= 4 h",
            by_hand=("at most", 30 * MINUTE, 240 * MINUTE),
            aggregate="max(CAST(queued_s * 1000000 AS BIGINT))",
        )  # fmt: skip


def _deployments() -> Iterator[Twin]:
    for tier in ("production", "staging", "testing"):
        scan = f"tier = '{tier}'"
        for days in (30, 90, 180):
            yield _share("deployment", scan, days, "status = 'success'")
            yield _share("deployment", scan, days, "automated")
        for days in (30, 90):
            yield _rate("deployment", scan, days)
            waited = _between("finished_at", "commit_at")
            yield _lasting("deployment", scan, days, "finished_at - commit_at", waited)
        judged = "failed_change is not null"
        yield _share("deployment", scan, 90, "not failed_change", where=f"{scan} and {judged}", term=judged)
        yield Twin(
            "deployment", scan, 90, scan, {"distinct": "repo_id"}, ">= 3", ">= 1",
            by_hand=("at least", 3, 1), aggregate="count(DISTINCT repo_id)",
        )  # fmt: skip


def _merge_requests() -> Iterator[Twin]:
    scan = "target_is_default and not author_is_bot"
    for days in (30, 60, 90, 180):
        yield _share("merge_request", scan, days, "len(approvers) > 0")
        yield _share("merge_request", scan, days, "len(ticket_keys) > 0")
    for days in (30, 90, 180):
        for moment in ("first_review_at", "merged_at"):
            waited = _between(moment, "created_at")
            yield _lasting("merge_request", scan, days, f"{moment} - created_at", waited)
    for days in (90, 180):
        size = {"percentile": {"of": "size_lines", "at": 75}}
        yield Twin(
            "merge_request", scan, days, scan, size, "<= 200", "<= 400",
            by_hand=("at most", 200, 400), aggregate="quantile_disc(size_lines, 0.75)",
        )  # fmt: skip


def _incidents() -> Iterator[Twin]:
    for severity, days in product((1, 2, 3), (90, 180)):
        scan = f"severity = {severity}"
        restored = _between("restored_at", "created_at")
        yield _lasting("incident", scan, days, "restored_at - created_at", restored)
        yield _share("incident", scan, days, "detected_by = 'monitoring'")
    for severity in (1, 2, 3):
        yield _share(
            "incident",
            f"severity = {severity}",
            90,
            "acknowledged_at - created_at <= interval '15 minutes'",
            f"{_between('acknowledged_at', 'created_at')} <= {15 * MINUTE}",
        )
    for severity, days in product((1, 2), (90, 180)):
        yield _share(
            "incident",
            f"severity = {severity}",
            days,
            "has_postmortem",
            "key in (SELECT incident_key FROM postmortem)",
            linked={"has_postmortem": {"from": "postmortem", "on": {"incident_key": "key"}}},
        )


def _vulnerabilities() -> Iterator[Twin]:
    for severity in ("critical", "high", "medium"):
        scan = f"severity = '{severity}'"
        for days in (90, 365):
            yield _share(
                "vulnerability",
                scan,
                days,
                "fixed_at - detected_at <= interval '30 days'",
                f"{_between('fixed_at', 'detected_at')} <= {30 * DAY}",
            )
        still_open = "state = 'open'"
        yield _number("vulnerability", scan, 365, where=f"{scan} and {still_open}", term=still_open)
        triaged = _between("triaged_at", "detected_at")
        yield _lasting("vulnerability", scan, 365, "triaged_at - detected_at", triaged)
    for category in ("dependency", "container", "code"):
        yield _share("vulnerability", f"category = '{category}'", 365, "fix_available")
