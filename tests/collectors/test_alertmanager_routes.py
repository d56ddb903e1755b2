from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from itomm.collectors.alertmanager.matchers import matchers_of_route, matchers_of_silence
from itomm.collectors.alertmanager.routes import notification_routes
from itomm.collectors.alertmanager.settings import AlertmanagerSettings
from itomm.collectors.alertmanager.silences import silence_of
from itomm.collectors.conformance import Answer, MemorySink, MisbehavingServer, PretendTime
from itomm.collectors.contract import SourceError
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import collect
from itomm.collectors.source import build_source

SETTINGS = AlertmanagerSettings(url="https://alerts.example")


@pytest.mark.parametrize(
    ("route", "written"),
    [
        ({"matchers": ['severity="page"', "team=~a|b"]}, ['severity="page"', 'team=~"a|b"']),
        ({"matchers": 'severity="page", team!="b"'}, ['severity="page"', 'team!="b"']),
        ({"matchers": ['{severity="page",note="a,b"}']}, ['severity="page"', 'note="a,b"']),
        ({"match": {"severity": "page"}, "match_re": {"team": "a|b"}}, ['severity="page"', 'team=~"a|b"']),
        ({"matchers": ['note="say \\"hi\\""']}, ['note="say \\"hi\\""']),
        ({"matchers": None}, []),
        ({}, []),
    ],
)
def test_matchers_are_read_in_every_way_of_writing_them(route: dict[str, object], written: list[str]) -> None:
    assert [str(matcher) for matcher in matchers_of_route(route)] == written


@pytest.mark.parametrize(
    ("regular", "equal", "operator"),
    [(False, True, "="), (True, True, "=~"), (False, False, "!="), (True, False, "!~"), (False, None, "=")],
)
def test_a_silence_matches_as_its_flags_say(regular: bool, equal: bool | None, operator: str) -> None:
    row = {"name": "a", "value": "b", "isRegex": regular, "isEqual": equal}
    assert [matcher.operator for matcher in matchers_of_silence({"matchers": [row]})] == [operator]


def test_a_child_without_a_receiver_inherits_its_parents() -> None:
    text = """
    route: {receiver: a, routes: [{match: {x: '1'}, routes: [{match: {y: '2'}}]}]}
    receivers: [{name: a, email_configs: [{to: x@example.com}], slack_configs: []}]
    """
    routes = list(notification_routes(text, SETTINGS))
    assert [route.fields["receiver"] for route in routes] == ["a", "a", "a"]
    assert routes[2].fields["matchers"] == ['x="1"', 'y="2"']
    assert [route.fields["integrations"] for route in routes] == [["email"]] * 3


def test_a_receiver_can_be_named_as_paging_whatever_its_kind() -> None:
    text = "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url: http://x}]}]"
    (plain,) = notification_routes(text, SETTINGS)
    (named,) = notification_routes(text, SETTINGS.model_copy(update={"paging_receivers": ("a",)}))
    (kind,) = notification_routes(text, SETTINGS.model_copy(update={"paging_integrations": ("webhook",)}))
    assert [one.fields["paging"] for one in (plain, named, kind)] == [False, True, True]


def test_a_receiver_that_is_not_declared_reaches_nobody() -> None:
    (route,) = notification_routes("route: {receiver: ghost}", SETTINGS)
    assert route.fields["integrations"] == []


def test_two_routes_alike_are_two_records() -> None:
    text = "route: {receiver: a, routes: [{receiver: b}, {receiver: b}]}"
    assert [one.source_ref for one in notification_routes(text, SETTINGS)] == ["a {}", "b {}", "b {}#2"]


@pytest.mark.parametrize("text", ["", "route: [", "- a", "receivers: []", "route: text"])
def test_what_is_no_configuration_is_refused_in_words(text: str) -> None:
    with pytest.raises(SourceError, match="could not be read"):
        list(notification_routes(text, SETTINGS))


def test_a_tree_without_an_end_is_refused() -> None:
    with pytest.raises((SourceError, RecursionError)):
        list(notification_routes("route: &r {receiver: a, routes: [*r, *r]}", SETTINGS))


def test_a_silence_that_has_not_begun_is_not_read(server: MisbehavingServer) -> None:
    now = datetime(2026, 11, 1, 6, tzinfo=UTC)
    hour = timedelta(hours=1)
    begun, pending, incomplete = ({"id": name} for name in ("begun", "pending", "incomplete"))
    begun |= {"startsAt": (now - hour).isoformat(), "endsAt": (now + hour).isoformat()}
    pending |= {"startsAt": (now + hour).isoformat(), "endsAt": (now + 2 * hour).isoformat()}
    server.on("/api/v2/silences", Answer(body=json.dumps([pending, begun, incomplete]).encode()))
    time, sink = PretendTime(start=now), MemorySink()
    assignment = Assignment(
        run=1,
        until=now,
        history=timedelta(days=90),
        services=(),
        pseudonym_key=b"0123456789abcdef",
        record_types=frozenset({"silence"}),
    )
    source = build_source("a", {"collector": "alertmanager", "url": server.url})
    (result,) = collect([source], sink, assignment, time.clock, timing=time.timing)
    assert [one.source_ref for one in sink.of("silence").observations] == ["begun"]
    assert result.outcome.complete
    assert result.outcome.warnings == ("a silence without a start or an end was left out",)


def test_a_silence_without_an_end_is_left_out() -> None:
    assert silence_of({"id": "1", "startsAt": "2026-10-01T00:00:00Z"}, SETTINGS) is None


def test_a_silence_knows_its_length_and_its_page() -> None:
    payload = {
        "id": "1",
        "startsAt": "2026-10-01T00:00:00.123456789Z",
        "endsAt": "2026-10-01T02:00:00.123456789Z",
        "createdBy": "ada",
        "comment": "",
    }
    found = silence_of(payload, SETTINGS)
    assert found is not None
    starts_at, record = found
    assert starts_at == datetime(2026, 10, 1, 0, 0, 0, 123456, tzinfo=UTC)
    assert record.fields["duration_s"] == timedelta(hours=2)
    assert record.url == "https://alerts.example/#/silences/1"
