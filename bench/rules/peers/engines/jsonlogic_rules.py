"""The ten rules in JsonLogic's own words. Its null does not spread, so missing values are asked for."""

from __future__ import annotations

from typing import Any

DAY = 86_400_000_000
QUARTER_HOUR = 900_000_000

Logic = dict[str, Any]


def conditions(as_of: int) -> dict[str, tuple[Logic, Logic | None]]:
    """By rule: whether a record counts, and whether one that counts matches."""
    quarter, month = as_of - 90 * DAY, as_of - 30 * DAY
    delivered = [_is("tier", "production"), _is("status", "success")]
    return {
        "incident-restore-time": (
            _all(_up_to("priority", 2), _within("created_at", quarter, as_of), _given("restored_at")),
            None,
        ),
        "incidents-picked-up": (
            _all(_up_to("priority", 3), _within("created_at", quarter, as_of)),
            _all(
                _given("acknowledged_at"),
                {"<=": [_var("acknowledged_at"), {"+": [_var("created_at"), QUARTER_HOUR]}]},
            ),
        ),
        "deployments-automated": (
            _all(*delivered, _within("finished_at", quarter, as_of)),
            _is("automated", value=True),
        ),
        "deployment-frequency": (_all(*delivered, _within("finished_at", quarter, as_of)), None),
        "newest-deployment": (_all(*delivered), None),
        "pipelines-green": (
            _all(
                _is("on_default_branch", value=True),
                _within("created_at", month, as_of),
                {"in": [_var("trigger"), ["push", "merge_request"]]},
                {"in": [_var("status"), ["success", "failed"]]},
            ),
            _is("status", "success"),
        ),
        "pipeline-duration": (
            _all(
                _is("on_default_branch", value=True),
                _within("created_at", month, as_of),
                _is("status", "success"),
                _given("duration_s"),
            ),
            None,
        ),
        "old-findings-open": (
            _all(_is("state", "open"), {"in": [_var("severity"), ["critical", "high"]]}),
            {"<": [_var("detected_at"), month]},
        ),
        "known-exploited-open": (
            {"==": [1, 1]},
            _all(
                _is("state", "open"),
                _is("kev", value=True),
                _given("kev_due_at"),
                {"<": [_var("kev_due_at"), as_of]},
            ),
        ),
        "merge-requests-reviewed": (
            _all(
                _given("merged_at"),
                _is("target_is_default", value=True),
                _is("author_is_bot", value=False),
                _within("merged_at", quarter, as_of),
            ),
            {"!!": [_var("approvers")]},
        ),
    }


VALUES: dict[str, Logic] = {
    "incident-restore-time": {"-": [{"var": "restored_at"}, {"var": "created_at"}]},
    "newest-deployment": {"var": "finished_at"},
    "pipeline-duration": {"var": "duration_s"},
}
"""What is gathered of the records that count, where a whole list is judged at once."""


def _var(name: str) -> Logic:
    return {"var": name}


def _all(*parts: Logic) -> Logic:
    return {"and": list(parts)}


def _is(name: str, value: object) -> Logic:
    return {"===": [_var(name), value]}


def _given(name: str) -> Logic:
    return {"!==": [_var(name), None]}


def _up_to(name: str, most: int) -> Logic:
    return _all(_given(name), {"<=": [_var(name), most]})


def _within(name: str, start: int, end: int) -> Logic:
    return _all({">": [_var(name), start]}, {"<=": [_var(name), end]})
