"""CEL (common-expression-language, in Rust), one record at a time: programs and contexts made beforehand.

With ``--anew`` each record is handed over as a mapping, anew for each condition, as programs mostly do. Lists
are left out: handing a service's records to CEL's ``filter`` took ten times as long.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

import cel

from bench.rules.peers.around import PerRecord, asked
from bench.rules.peers.timing import Data, Partials, tell

DAY = 86_400_000_000
QUARTER_HOUR = 900_000_000


def conditions(as_of: int) -> dict[str, tuple[str, str | None]]:
    """By rule: whether a record counts, and whether one that counts matches."""
    quarter, month = as_of - 90 * DAY, as_of - 30 * DAY
    delivered = 'tier == "production" && status == "success"'
    delivered_lately = f"{delivered} && finished_at > {quarter} && finished_at <= {as_of}"
    created_lately = f"created_at > {quarter} && created_at <= {as_of}"
    merged_lately = f"merged_at > {quarter} && merged_at <= {as_of}"
    started_lately = f"on_default_branch && created_at > {month} && created_at <= {as_of}"
    return {
        "incident-restore-time": (
            f"priority != null && priority <= 2 && {created_lately} && restored_at != null",
            None,
        ),
        "incidents-picked-up": (
            f"priority != null && priority <= 3 && {created_lately}",
            f"acknowledged_at != null && acknowledged_at <= created_at + {QUARTER_HOUR}",
        ),
        "deployments-automated": (delivered_lately, "automated"),
        "deployment-frequency": (delivered_lately, None),
        "newest-deployment": (delivered, None),
        "pipelines-green": (
            f'{started_lately} && trigger in ["push", "merge_request"] && status in ["success", "failed"]',
            'status == "success"',
        ),
        "pipeline-duration": (f'{started_lately} && status == "success" && duration_s != null', None),
        "old-findings-open": (
            'state == "open" && severity in ["critical", "high"]',
            f"detected_at < {month}",
        ),
        "known-exploited-open": (
            "true",
            f'state == "open" && kev == true && kev_due_at != null && kev_due_at < {as_of}',
        ),
        "merge-requests-reviewed": (
            f"merged_at != null && target_is_default && !author_is_bot && {merged_lately}",
            "size(approvers) >= 1",
        ),
    }


def prepare(data: Data, *, anew: bool) -> Callable[[], Partials]:
    written = conditions(data.as_of)
    rows = {name: data.rows(name) for name in data.columns}
    given = rows
    if not anew:
        given = {name: [cel.Context(variables=row) for row in found] for name, found in rows.items()}
    rules = []
    for rule in asked():
        counts, matches = written[rule.name]
        judged = cel.compile(matches).execute if matches is not None else None
        rules.append(
            PerRecord(
                rule,
                rows[rule.record_type],
                given[rule.record_type],
                cel.compile(counts).execute,
                judged,
            )
        )
    return lambda: {each.rule.name: each.over(data.services) for each in rules}


if __name__ == "__main__":
    tell(partial(prepare, anew="--anew" in sys.argv))
