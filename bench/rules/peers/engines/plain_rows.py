"""The ten rules as Python functions over records: one pass a rule, each record a mapping."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.rules.peers.around import PerRecord, asked
from bench.rules.peers.timing import Data, Partials, tell

DAY = 86_400_000_000
QUARTER_HOUR = 900_000_000

Condition = Callable[[dict[str, Any]], Any]


def conditions(as_of: int) -> dict[str, tuple[Condition, Condition | None]]:
    """By rule: whether a record counts, and whether one that counts matches."""
    quarter_ago, month_ago = as_of - 90 * DAY, as_of - 30 * DAY

    def urgent_and_restored(r: dict[str, Any]) -> Any:
        return (
            r["priority"] is not None
            and r["priority"] <= 2
            and quarter_ago < r["created_at"] <= as_of
            and r["restored_at"] is not None
        )

    def quite_urgent(r: dict[str, Any]) -> Any:
        return r["priority"] is not None and r["priority"] <= 3 and quarter_ago < r["created_at"] <= as_of

    def picked_up(r: dict[str, Any]) -> Any:
        return r["acknowledged_at"] is not None and r["acknowledged_at"] <= r["created_at"] + QUARTER_HOUR

    def delivered(r: dict[str, Any]) -> Any:
        return r["tier"] == "production" and r["status"] == "success"

    def delivered_lately(r: dict[str, Any]) -> Any:
        return (
            r["tier"] == "production" and r["status"] == "success" and quarter_ago < r["finished_at"] <= as_of
        )

    def gating(r: dict[str, Any]) -> Any:
        return (
            r["on_default_branch"]
            and month_ago < r["created_at"] <= as_of
            and r["trigger"] in {"push", "merge_request"}
            and r["status"] in {"success", "failed"}
        )

    def green_and_timed(r: dict[str, Any]) -> Any:
        return (
            r["on_default_branch"]
            and month_ago < r["created_at"] <= as_of
            and r["status"] == "success"
            and r["duration_s"] is not None
        )

    def grave_and_open(r: dict[str, Any]) -> Any:
        return r["state"] == "open" and r["severity"] in {"critical", "high"}

    def exploited(r: dict[str, Any]) -> Any:
        return r["state"] == "open" and r["kev"] and r["kev_due_at"] is not None and r["kev_due_at"] < as_of

    def merged(r: dict[str, Any]) -> Any:
        return (
            r["merged_at"] is not None
            and r["target_is_default"]
            and not r["author_is_bot"]
            and quarter_ago < r["merged_at"] <= as_of
        )

    return {
        "incident-restore-time": (urgent_and_restored, None),
        "incidents-picked-up": (quite_urgent, picked_up),
        "deployments-automated": (delivered_lately, lambda r: r["automated"]),
        "deployment-frequency": (delivered_lately, None),
        "newest-deployment": (delivered, None),
        "pipelines-green": (gating, lambda r: r["status"] == "success"),
        "pipeline-duration": (green_and_timed, None),
        "old-findings-open": (grave_and_open, lambda r: r["detected_at"] < month_ago),
        "known-exploited-open": (lambda _: True, exploited),
        "merge-requests-reviewed": (merged, lambda r: len(r["approvers"]) >= 1),
    }


def prepare(data: Data) -> Callable[[], Partials]:
    rows = {name: data.rows(name) for name in data.columns}
    rules = [
        PerRecord(rule, rows[rule.record_type], rows[rule.record_type], *conditions(data.as_of)[rule.name])
        for rule in asked()
    ]
    return lambda: {each.rule.name: each.over(data.services) for each in rules}


if __name__ == "__main__":
    tell(prepare)
