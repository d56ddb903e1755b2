"""What an alerting expression is about, read from its text.

Only function names, metric names and windows are looked for, which can be told without parsing PromQL, so
that expressions of any server version (and of PromQL's relatives) are understood.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_FORECAST = re.compile(r"\b(predict_linear|deriv|double_exponential_smoothing|holt_winters)\s*\(")

_WINDOW = re.compile(r"\[\s*((?:\d+(?:ms|[smhdwy]))+)\s*(?::[^\]]*)?\]")
_RECORDED_WINDOW = re.compile(r"(?:rate|ratio|increase|burn)_?((?:\d+[smhdw])+)\b")

_NUMBER = r"\d+(?:\.\d+)?"
_ERROR_BUDGET = r"(?:\(\s*1\s*-\s*[^)]+\)|0?\.\d+|\(\s*0?\.\d+\s*\))"
_BUDGET_FACTOR = re.compile(
    rf"[<>]=?\s*\(?\s*(?:{_NUMBER}\s*\*\s*{_ERROR_BUDGET}|{_ERROR_BUDGET}\s*\*\s*{_NUMBER})"
)
_BURN_RATE = re.compile(r"burn_?rate", re.IGNORECASE)

_SATURATION = {
    "cpu": r"(?:node|container|process)_cpu_|namespace_cpu|cpu_(?:usage|utili[sz]ation|quota)|node_load\d",
    "memory": r"(?:node|container|jvm)_memory_|namespace_memory|memory_(?:usage|utili[sz]ation|bytes)",
    "disk": r"node_filesystem_(?:avail|free|size)|volume_stats_(?:avail|capacity|used)|disk_free|disk_use",
    "inode": r"_files_free|_inodes",
    "network": r"network_(?:receive|transmit)_bytes",
    "connections": r"conntrack|_connections|_backends|pool_(?:active|usage)",
    "quota": r"kube_resourcequota|_quota_(?:used|limit)",
    "queue": r"queue_(?:length|size|depth|capacity|messages)|_backlog|consumer(?:group)?_lag",
}
"""Metric names of widely used exporters, by the kinds that ``capacity_series`` knows."""

_SATURATION_PATTERNS = {kind: re.compile(pattern) for kind, pattern in _SATURATION.items()}


def is_forecast(expression: str) -> bool:
    """Whether the alert looks ahead."""
    return _FORECAST.search(expression) is not None


def is_burn_rate(expression: str, labels: Mapping[str, str]) -> bool:
    """Whether it watches an error budget: two windows and a budget factor, or made by Sloth or Pyrra."""
    if any(name.startswith(("sloth_", "pyrra_")) for name in labels):
        return True
    windows = {*_WINDOW.findall(expression), *_RECORDED_WINDOW.findall(expression)}
    about_budget = _BUDGET_FACTOR.search(expression) or _BURN_RATE.search(expression)
    return len(windows) >= 2 and about_budget is not None


def saturated_resources(expression: str) -> list[str]:
    """The kinds of finite resources whose metrics the expression names, sorted."""
    return sorted(kind for kind, pattern in _SATURATION_PATTERNS.items() if pattern.search(expression))
