"""A declared list is read to its end, one scope beside the other; only what changed the second time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from itomm.collectors.conformance import Answer, Asked, MemorySink, MisbehavingServer, PretendTime, Tool
from itomm.collectors.contract import CheckState
from itomm.collectors.framework.checking import check_source
from itomm.collectors.framework.continuing import Continuation
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import StreamResult, collect
from itomm.collectors.source import Source, build_source
from itomm.config.clock import fixed_clock
from itomm.evidence.observation import Observation, UnknownReason
from tests.collectors.invented_desk import Desk, incidents, ticket, usual_desk

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)


def source_at(server: MisbehavingServer, **mapping: object) -> Source:
    settings = {"url": server.url, "max_concurrency": 1, "headers": {"X-Team": "itomm"}}
    records = {"incident": incidents(**mapping)}
    return build_source("desk", {"collector": "http_json", **settings, "records": records})


class Collected:
    """What one run brought."""

    def __init__(self, source: Source, **continue_from: Continuation) -> None:
        sink = MemorySink()
        going_on = {("desk", kind): one for kind, one in continue_from.items()}
        assignment = Assignment(1, NOW, timedelta(days=90), (), b"key of this test", continue_from=going_on)
        self.result: StreamResult
        (self.result,) = collect([source], sink, assignment, fixed_clock(NOW), timing=PretendTime().timing)
        (self.collection,) = sink.collections

    @property
    def observations(self) -> list[Observation]:
        return [one for page in self.collection.pages for one in page.observations]

    @property
    def error(self) -> str:
        return self.result.outcome.error


def read(tool: Tool, **mapping: object) -> tuple[Collected, list[Asked]]:
    with MisbehavingServer(tool=tool) as server:
        return Collected(source_at(server, **mapping)), server.asked


def one_list(rows: list[Any], **mapping: object) -> Collected:
    """What comes of a tool that answers every request with the same rows."""
    answer = Answer(body=json.dumps(rows).encode())
    plain = {"get": "/tickets", "query": {}, "scopes": [], "rows": None, "page": {}, **mapping}
    return read(lambda _: answer, **plain)[0]


def test_all_pages_of_all_scopes_are_read() -> None:
    found, asked = read(usual_desk(), page={**incidents()["page"], "size": 2})
    assert found.error == ""
    assert [one.source_ref for one in found.observations] == [
        *("NET-1", "NET-2", "NET-3"),
        *("OPS-4", "OPS-5", "OPS-6", "OPS-7", "OPS-8"),
    ]
    assert [one.query.get("after") for one in asked] == [None, "2", None, "5", "7"]
    assert found.result.outcome.requested == ("NET", "OPS")


def test_a_row_becomes_a_record_that_links_to_its_live_page() -> None:
    found, asked = read(usual_desk())
    first = found.observations[0]
    assert first.fields["created_at"] == datetime(2026, 10, 2, 6, tzinfo=UTC)
    assert first.fields["status_category"] == "done"
    assert first.fields["severity"] == 2
    assert first.fields["kind"] == "incident"
    assert first.fields["detected_by"] == "unknown"
    assert first.service_keys == ("shop",)
    assert first.url == f"{asked[0].base}/tickets/NET-1"
    assert first.raw["state.label"] == "Geschlossen"  # type: ignore[index]  # what was read, by path


def test_times_are_asked_for_as_declared() -> None:
    asked = read(usual_desk())[1]
    assert asked[0].query["opened_after"] == "2026-08-03T06:00:00Z"
    local = {"query": {"from": "{since}", "q": "{scope}"}, "time": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin"}
    asked = read(usual_desk(), **local)[1]
    assert (asked[0].query["from"], asked[0].query["q"]) == ("03.08.2026 08:00", "NET")
    assert read(usual_desk(), time="epoch")[1][0].query["opened_after"] == "1785736800"
    assert read(usual_desk(), time="epoch_ms")[1][0].query["opened_after"] == "1785736800000"


def test_the_scope_may_name_the_service() -> None:
    found, _ = read(usual_desk(), services=["system.owner", "$scope"])
    assert found.observations[0].service_keys == ("NET",)


def test_own_headers_are_sent() -> None:
    asked = read(usual_desk())[1]
    assert asked[0].headers["x-team"] == "itomm"


def test_a_second_run_asks_for_what_changed() -> None:
    changed = datetime(2026, 10, 20, tzinfo=UTC)
    with MisbehavingServer(tool=Desk({"NET": [], "OPS": [ticket(3), ticket(25)]})) as server:
        continuing = Continuation(changed, "c1", NOW - timedelta(days=90))
        found = Collected(source_at(server), incident=continuing)
        asked = server.asked
    assert [one.query["touched_after"] for one in asked] == ["2026-10-20T00:00:00Z"] * 2
    assert [one.source_ref for one in found.observations] == ["OPS-25"]


def test_a_refused_scope_leaves_the_others_standing() -> None:
    def tool(asked: Asked) -> Answer:
        return Answer(403) if "/NET/" in asked.path else usual_desk()(asked)

    found, _ = read(tool)
    assert found.result.outcome.denied == ("NET",)
    assert found.result.outcome.reason is UnknownReason.PERMISSION_DENIED
    assert len(found.observations) == 5


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"opened": "soon"}, "'opened' does not hold created_at: expected an instant"),
        ({"opened": None}, "created_at is empty (opened)"),
        ({"state": "closed"}, "status is empty (state.label)"),
        ({"prio": "P9"}, "'prio' does not hold severity: expected one of the words"),
        ({"handovers": -1.5}, "'handovers' does not hold reassignment_count: expected a whole number"),
        ({"ref": None}, "'ref', which identifies it, is empty"),
        ({"ref": ["a"]}, "'ref' should hold a single value"),
    ],
)
def test_a_row_that_cannot_be_read_is_told_with_its_page(changed: dict[str, object], said: str) -> None:
    found, _ = read(Desk({"NET": [], "OPS": [ticket(1), {**ticket(2), **changed}]}))
    assert not found.result.outcome.complete
    assert found.error.startswith(f"OPS page 1: 1 of 2 rows could not be read. row 2: {said}")
    assert [one.source_ref for one in found.observations] == ["OPS-1"]


def test_rows_that_are_no_objects_are_refused() -> None:
    assert "row 2: it is no object" in one_list([ticket(1), "OPS-2"]).error


def test_rows_of_other_types_and_outside_of_the_window_are_left_out() -> None:
    old, request = ticket(2, opened="2020-01-01T00:00:00Z"), ticket(3, type="Request")
    found = one_list([ticket(1), old, request, ticket(4, opened="2026-12-24T00:00:00Z")])
    assert [one.source_ref for one in found.observations] == ["OPS-1"]
    assert found.result.outcome.complete


def test_a_server_that_does_not_page_as_declared_is_found_out() -> None:
    found = one_list([ticket(1)], page={"by": "number", "parameter": "page"})
    assert not found.result.outcome.complete
    assert "a page held the same rows as one before" in found.error
    assert len(found.observations) == 1


def test_a_list_that_is_not_where_the_mapping_says_is_a_failure() -> None:
    found, _ = read(usual_desk(), rows="data.issues")
    assert "has no list of rows at 'data.issues'; check the source's rows" in found.error


def test_null_is_an_empty_list_only_where_the_server_counts_none() -> None:
    def complete(total: int) -> bool:
        answer = Answer(body=json.dumps({"data": {"tickets": None}, "meta": {"total": total}}).encode())
        return read(lambda _: answer)[0].result.outcome.complete

    assert complete(total=0)
    assert not complete(total=3)


@pytest.mark.parametrize(
    ("web", "kept"),
    [
        ("https://evil.example/x", None),
        ("javascript:alert(1)", None),
        ("http://[", None),
        ("/tickets/1", "/tickets/1"),
    ],
)
def test_links_that_the_tool_names_stay_on_its_host(web: str, kept: str | None) -> None:
    found = one_list([ticket(1, web=web)], link="{web}")
    (one,) = found.observations
    assert one.url.endswith(kept or "/tickets")
    assert "evil" not in one.url
    said = "incident: links that lead to other hosts are left out"
    assert (said in found.result.outcome.warnings) == (kept is None)


def test_letters_of_other_alphabets_and_slashes_stay_within_a_link() -> None:
    (one,) = one_list([ticket(1, ref="ops/ü?#1")], link="https://wiki.example/t/{ref}?v=1").observations
    assert one.url == "https://wiki.example/t/ops%2F%C3%BC%3F%231?v=1"


def test_check_tells_what_the_first_page_of_each_list_holds() -> None:
    with MisbehavingServer(tool=usual_desk()) as server:
        checks = check_source(source_at(server), fixed_clock(NOW))
        assert [(one.title, one.state) for one in checks] == [
            ("incident at /api/queues/{scope}/tickets for NET", CheckState.OK),
            ("incident at /api/queues/{scope}/tickets for OPS", CheckState.OK),
        ]
        assert checks[1].detail == "5 rows on the first page, 5 of them incident"


def test_check_doubts_conditions_that_fit_no_row() -> None:
    with MisbehavingServer(tool=usual_desk()) as server:
        check = check_source(source_at(server, where={"type": "Vorfall"}), fixed_clock(NOW))[1]
    assert (check.state, check.detail) == (CheckState.WARNING, "first page: where fits none of 5 rows")


def test_check_names_fields_that_no_row_has() -> None:
    with MisbehavingServer(tool=usual_desk()) as server:
        fields = {**incidents()["fields"], "team": "squad.name"}
        check = check_source(source_at(server, fields=fields), fixed_clock(NOW))[0]
    assert check.state is CheckState.WARNING
    assert check.detail.endswith("none has team")
    assert check.remedy


def test_check_names_rows_that_cannot_be_read_and_lists_that_seem_to_go_on() -> None:
    with MisbehavingServer(tool=Desk({"NET": [ticket(1, prio="P9")], "OPS": [ticket(2)]})) as server:
        page = {"by": "cursor", "parameter": "after", "next": "meta.following", "size": 1}
        unreadable, going_on = check_source(source_at(server, page=page), fixed_clock(NOW))
    assert unreadable.state is CheckState.FAILED
    assert "row 1: 'prio' does not hold severity" in unreadable.detail
    assert going_on.state is CheckState.WARNING
    assert "names no next one" in going_on.detail
