"""Redmine passes the suite that every plug-in author gets."""

from __future__ import annotations

from itomm.collectors.conformance import HealthyTool, Paging, conformance_suite
from itomm.collectors.redmine import RedmineCollector
from tests.collectors import redmine_stand_in


class OfTwoKinds(RedmineCollector):
    """All kinds of ticket are read alike, and the suite wants records in every stream."""

    streams = tuple(one for one in RedmineCollector.streams if one.record_type in ("incident", "change"))


TestRedmine = conformance_suite(
    OfTwoKinds,
    lambda url: {
        "url": url,
        "token": "env:ITOMM_CONTRACT_TOKEN",
        "projects": list(redmine_stand_in.PROJECTS),
    },
    HealthyTool(
        redmine_stand_in.answer,
        scopes={name: f"project_id={name}" for name in redmine_stand_in.PROJECTS},
        people=("Ada Lovelace", "Grace Hopper"),
        paging=Paging(("offset",), "limit", "issues", "total", "total_count"),
    ),
)
