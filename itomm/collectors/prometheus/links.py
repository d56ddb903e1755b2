"""Pages of Prometheus' own web interface, where a person checks a fact."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from itomm.config.clock import format_instant


def graph_page(page: str, expression: str, end: datetime, span: str = "1h") -> str:
    """The graph of an expression over ``span`` (such as ``30d``) up to ``end``."""
    shown = {
        "g0.expr": expression,
        "g0.tab": "0",
        "g0.range_input": span,
        "g0.end_input": format_instant(end.replace(microsecond=0)).removesuffix("Z").replace("T", " "),
    }
    return f"{page}/graph?{urlencode(shown)}"


def rule_page(page: str, name: str) -> str:
    """The list of alerting rules, narrowed down to those called ``name``."""
    return f"{page}/alerts?{urlencode({'search': name})}"


def target_page(page: str, job: str) -> str:
    """The list of targets, narrowed down to a job."""
    return f"{page}/targets?{urlencode({'search': job})}"
