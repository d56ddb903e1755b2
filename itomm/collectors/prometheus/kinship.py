"""Servers that answer as Prometheus does, but have their rules and targets elsewhere.

VictoriaMetrics answers a question for rules with an empty list when no vmalert stands behind it, and one for
targets when something else scrapes; a Thanos querier without rulers does the same. Asked and empty is a
fact only from the server that evaluates rules and scrapes targets itself.
"""

from __future__ import annotations

import requests

from itomm.collectors.contract import CollectionContext
from itomm.collectors.payload import text_of
from itomm.collectors.prometheus.api import PrometheusApi
from itomm.evidence.observation import UnknownReason

_KEEPS_ITS_RULES = "Mimir"


def doubt_emptiness(what: str, api: PrometheusApi, context: CollectionContext) -> None:
    """Note that there may be ``what`` elsewhere, unless the server itself has it."""
    if not has_its_own(api):
        context.incomplete(
            UnknownReason.INSUFFICIENT_COVERAGE,
            f"this server knows no {what}, but it is not Prometheus itself, so they may be elsewhere "
            "(vmalert, vmagent, Thanos Ruler); name that as a source of its own.",
        )


def has_its_own(api: PrometheusApi) -> bool:
    """Whether the server evaluates rules itself: only Prometheus tells how it runs; Mimir tells its name."""
    try:
        return bool(api.read("status/runtimeinfo"))
    except requests.HTTPError:
        pass
    try:
        return _KEEPS_ITS_RULES in (text_of(api.read("status/buildinfo").get("application")) or "")
    except requests.HTTPError:
        return False
