from __future__ import annotations

from itomm.collectors.conformance import HealthyTool, Paging, conformance_suite, contract_faults
from itomm.collectors.http_json import HttpJsonCollector
from tests.collectors.invented_desk import PEOPLE, Desk, incidents, usual_desk


def settings(url: str) -> dict[str, object]:
    return {"url": url, "token": "env:ITOMM_CONTRACT_TOKEN", "records": {"incident": incidents()}}


TestInventedDesk = conformance_suite(
    HttpJsonCollector,
    settings,
    HealthyTool(
        usual_desk(),
        empty=Desk({"NET": [], "OPS": []}),
        scopes={"NET": "/queues/NET/", "OPS": "/queues/OPS/"},
        people=PEOPLE,
        paging=Paging(
            position=("after",), size="limit", rows="data.tickets", told_by="token", key="meta.next"
        ),
    ),
)


def test_no_fault_of_a_tool_makes_a_stream_complete_or_shows_its_token() -> None:
    assert contract_faults(HttpJsonCollector, settings) == []
