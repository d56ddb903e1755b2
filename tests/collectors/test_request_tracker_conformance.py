"""Request Tracker passes the suite that every plug-in author gets."""

from __future__ import annotations

from itomm.collectors.conformance import HealthyTool, conformance_suite
from itomm.collectors.request_tracker import RequestTrackerCollector
from tests.collectors import request_tracker_stand_in


class OfIncidents(RequestTrackerCollector):
    """All kinds of ticket are read alike, and the suite wants records in every stream."""

    streams = tuple(one for one in RequestTrackerCollector.streams if one.record_type == "incident")


def settings(url: str) -> dict[str, object]:
    queues = dict.fromkeys(request_tracker_stand_in.QUEUES, "incident")
    return {"url": url, "token": "env:ITOMM_CONTRACT_TOKEN", "queues": queues}


TestRequestTracker = conformance_suite(
    OfIncidents,
    settings,
    HealthyTool(
        request_tracker_stand_in.answer,
        scopes={name: f"Queue = {number}" for name, number in request_tracker_stand_in.QUEUES.items()},
        people=("ada", "grace"),
    ),
)
