"""The ten rules as loops over columns: one pass a record type, written for these rules and no others."""

from __future__ import annotations

from collections.abc import Callable

from bench.rules.peers.timing import Columns, Data, Partials, nearest_rank, tell

DAY = 86_400_000_000
QUARTER_HOUR = 900_000_000


def prepare(data: Data) -> Callable[[], Partials]:
    columns, as_of, services = data.columns, data.as_of, data.services
    return lambda: {
        **incidents(columns, as_of, services),
        **deployments(columns, as_of, services),
        **pipelines(columns, as_of, services),
        **vulnerabilities(columns, as_of, services),
        **merge_requests(columns, as_of, services),
    }


def incidents(columns: Columns, as_of: int, services: int) -> Partials:
    these = columns["incident"]
    start = as_of - 90 * DAY
    times: list[list[int]] = [[] for _ in range(services)]
    counted, quick = [0] * services, [0] * services
    for service, priority, created, acknowledged, restored in zip(
        these["service"],
        these["priority"],
        these["created_at"],
        these["acknowledged_at"],
        these["restored_at"],
        strict=True,
    ):
        if priority is None or priority > 3 or not start < created <= as_of:
            continue
        counted[service] += 1
        if acknowledged is not None and acknowledged <= created + QUARTER_HOUR:
            quick[service] += 1
        if priority <= 2 and restored is not None:
            times[service].append(restored - created)
    return {
        "incident-restore-time": [(len(found), None, nearest_rank(found, 50)) for found in times],
        "incidents-picked-up": [(n, k, None) for n, k in zip(counted, quick, strict=True)],
    }


def deployments(columns: Columns, as_of: int, services: int) -> Partials:
    these = columns["deployment"]
    start = as_of - 90 * DAY
    counted, automatic = [0] * services, [0] * services
    ever: list[int] = [0] * services
    newest: list[int | None] = [None] * services
    for service, tier, status, finished, automated in zip(
        these["service"],
        these["tier"],
        these["status"],
        these["finished_at"],
        these["automated"],
        strict=True,
    ):
        if tier != "production" or status != "success":
            continue
        ever[service] += 1
        last = newest[service]
        if last is None or finished > last:
            newest[service] = finished
        if start < finished <= as_of:
            counted[service] += 1
            if automated:
                automatic[service] += 1
    return {
        "deployments-automated": [(n, k, None) for n, k in zip(counted, automatic, strict=True)],
        "deployment-frequency": [(n, None, None) for n in counted],
        "newest-deployment": [(n, None, last) for n, last in zip(ever, newest, strict=True)],
    }


def pipelines(columns: Columns, as_of: int, services: int) -> Partials:
    these = columns["pipeline"]
    start = as_of - 30 * DAY
    counted, green = [0] * services, [0] * services
    durations: list[list[int]] = [[] for _ in range(services)]
    for service, trigger, status, on_default, created, duration in zip(
        these["service"],
        these["trigger"],
        these["status"],
        these["on_default_branch"],
        these["created_at"],
        these["duration_s"],
        strict=True,
    ):
        if not on_default or not start < created <= as_of:
            continue
        success = status == "success"
        if success and duration is not None:
            durations[service].append(duration)
        if (success or status == "failed") and (trigger in {"push", "merge_request"}):
            counted[service] += 1
            if success:
                green[service] += 1
    return {
        "pipelines-green": [(n, k, None) for n, k in zip(counted, green, strict=True)],
        "pipeline-duration": [(len(found), None, nearest_rank(found, 90)) for found in durations],
    }


def vulnerabilities(columns: Columns, as_of: int, services: int) -> Partials:
    these = columns["vulnerability"]
    month_ago = as_of - 30 * DAY
    looked_at, exploited = [0] * services, [0] * services
    counted, old = [0] * services, [0] * services
    for service, severity, state, detected, kev, due in zip(
        these["service"],
        these["severity"],
        these["state"],
        these["detected_at"],
        these["kev"],
        these["kev_due_at"],
        strict=True,
    ):
        looked_at[service] += 1
        if state != "open":
            continue
        if severity in {"critical", "high"}:
            counted[service] += 1
            if detected < month_ago:
                old[service] += 1
        if kev and due is not None and due < as_of:
            exploited[service] += 1
    return {
        "old-findings-open": [(n, k, None) for n, k in zip(counted, old, strict=True)],
        "known-exploited-open": [(n, k, None) for n, k in zip(looked_at, exploited, strict=True)],
    }


def merge_requests(columns: Columns, as_of: int, services: int) -> Partials:
    these = columns["merge_request"]
    start = as_of - 90 * DAY
    counted, reviewed = [0] * services, [0] * services
    for service, merged, to_default, by_bot, approvers in zip(
        these["service"],
        these["merged_at"],
        these["target_is_default"],
        these["author_is_bot"],
        these["approvers"],
        strict=True,
    ):
        if merged is not None and to_default and not by_bot and start < merged <= as_of:
            counted[service] += 1
            if approvers:
                reviewed[service] += 1
    return {"merge-requests-reviewed": [(n, k, None) for n, k in zip(counted, reviewed, strict=True)]}


if __name__ == "__main__":
    tell(prepare)
