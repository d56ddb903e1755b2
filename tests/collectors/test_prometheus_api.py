from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from itomm.collectors.conformance import Answer, MemorySink, MisbehavingServer, PretendTime
from itomm.collectors.conformance.memory_sink import MemoryCollection
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import collect
from itomm.collectors.prometheus.coverage import retention_of
from itomm.collectors.prometheus.samples import instant_from_epoch, series_of
from itomm.collectors.source import build_source
from itomm.evidence.observation import CollectionOutcome, UnknownReason

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
QUERY, RANGE = "/api/v1/query", "/api/v1/query_range"
RULES, TARGETS = "/api/v1/rules", "/api/v1/targets"

Read = Callable[..., tuple[MemoryCollection, CollectionOutcome]]


def answer(result: object, **more: object) -> Answer:
    return Answer(body=json.dumps({"status": "success", "data": result, **more}).encode())


def vector(*rows: tuple[dict[str, str], str], **more: object) -> Answer:
    found = [{"metric": labels, "value": [NOW.timestamp(), value]} for labels, value in rows]
    return answer({"resultType": "vector", "result": found}, **more)


def matrix(*rows: tuple[dict[str, str], list[tuple[datetime, str]]]) -> Answer:
    found = [
        {"metric": labels, "values": [[at.timestamp(), value] for at, value in values]}
        for labels, values in rows
    ]
    return answer({"resultType": "matrix", "result": found})


@pytest.fixture
def read(server: MisbehavingServer) -> Read:
    def read_stream(
        record_type: str, history_days: int = 10, **settings: object
    ) -> tuple[MemoryCollection, CollectionOutcome]:
        source = build_source("p", {"collector": "prometheus", "url": server.url, **settings})
        time, sink = PretendTime(start=NOW), MemorySink()
        assignment = Assignment(
            run=1,
            until=NOW,
            history=timedelta(days=history_days),
            services=(),
            pseudonym_key=b"0123456789abcdef",
            record_types=frozenset({record_type}),
        )
        collect([source], sink, assignment, time.clock, timing=time.timing)
        collection = sink.of(record_type)
        assert collection.outcome is not None
        return collection, collection.outcome

    return read_stream


def test_a_partial_answer_is_never_taken_for_a_whole_one(server: MisbehavingServer, read: Read) -> None:
    server.on(QUERY, vector(warnings=["store gateway 2 did not answer"]))
    collection, outcome = read("certificate")
    assert collection.observations == []
    assert not outcome.complete
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE
    assert "store gateway 2 did not answer" in outcome.error


@pytest.mark.parametrize(
    "more",
    [
        {"infos": ["PromQL info: might not be a counter"]},
        {"warnings": ["PromQL info: might not be a counter"]},
    ],
)
def test_a_mere_remark_is_shown_and_harms_nothing(
    more: dict[str, list[str]], server: MisbehavingServer, read: Read
) -> None:
    server.on(QUERY, vector(**more))
    _, outcome = read("certificate")
    assert outcome.complete
    assert "might not be a counter" in outcome.warnings[0]


@pytest.mark.parametrize("more", [{"isPartial": True}, {"infos": ["one store was left out"]}])
def test_a_partial_answer_is_seen_in_every_way_of_saying_it(
    more: dict[str, object], server: MisbehavingServer, read: Read
) -> None:
    server.on(QUERY, vector(**more))
    _, outcome = read("certificate")
    assert not outcome.complete
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE


def test_an_answer_that_says_it_is_whole_is_taken_for_whole(server: MisbehavingServer, read: Read) -> None:
    server.on(QUERY, vector(isPartial=False))
    _, outcome = read("certificate")
    assert outcome.complete


@pytest.mark.parametrize(
    ("record_type", "path", "empty"),
    [("alert_rule", RULES, {"groups": []}), ("scrape_target", TARGETS, {"activeTargets": []})],
)
def test_an_empty_list_is_a_fact_only_from_a_server_that_has_its_own(
    record_type: str, path: str, empty: object, server: MisbehavingServer, read: Read
) -> None:
    server.on(path, answer(empty))
    _, outcome = read(record_type)
    assert not outcome.complete
    assert "may be elsewhere" in outcome.error
    server.on("/api/v1/status/buildinfo", answer({"version": "2.24.0"}))
    assert not read(record_type)[1].complete
    server.on("/api/v1/status/buildinfo", answer({"application": "Grafana Mimir", "version": "2.17.0"}))
    assert read(record_type)[1].complete
    server.on("/api/v1/status/runtimeinfo", answer({"storageRetention": "15d"}))
    assert read(record_type)[1].complete


@pytest.mark.parametrize(
    ("flag", "days"), [("10d", 10), ("1", None), ("240h", 10), ("0", None), ("nonsense", None)]
)
def test_victoria_metrics_tells_its_retention_elsewhere(
    flag: str, days: int | None, server: MisbehavingServer, read: Read
) -> None:
    first = datetime(2026, 10, 1, tzinfo=UTC)
    server.on(RANGE, matrix(({}, [(first + timedelta(days=day), "3") for day in range(31)])), matrix())
    server.on("/flags", Answer(body=f'-memory="1"\n-retentionPeriod="{flag}"\n-x="y"\n'.encode()))
    _, outcome = read("uptime_series", history_days=20)
    asked = NOW - timedelta(days=20)
    assert outcome.window_start == (NOW - timedelta(days=days) if days else asked)


def test_a_retention_that_no_server_tells_is_set(server: MisbehavingServer, read: Read) -> None:
    first = datetime(2026, 10, 1, tzinfo=UTC)
    server.on(RANGE, matrix(({}, [(first + timedelta(days=day), "3") for day in range(31)])), matrix())
    _, outcome = read("uptime_series", retention_days=5)
    assert outcome.window_start == NOW - timedelta(days=5)


def test_a_tenant_is_named_in_every_request(server: MisbehavingServer, read: Read) -> None:
    first = datetime(2026, 10, 1, tzinfo=UTC)
    server.on(RANGE, matrix(({}, [(first, "3")])), matrix())
    read("uptime_series", tenant="team-a")
    assert len(server.headers) > 2
    assert {headers.get("X-Scope-OrgID") for headers in server.headers} == {"team-a"}


def test_a_tenant_that_would_break_out_of_its_header_is_refused() -> None:
    with pytest.raises(ValidationError, match="tenant"):
        build_source("p", {"collector": "prometheus", "url": "http://localhost", "tenant": "a\r\nb: c"})


def test_everything_is_asked_below_the_path_of_the_address(server: MisbehavingServer, read: Read) -> None:
    prefix = "/select/0/prometheus"
    server.on(f"{prefix}{QUERY}", vector(({"instance": "a"}, "1798801200")))
    server.on(f"{prefix}{RULES}", answer({"groups": [{"name": "g", "rules": []}]}))
    certificates, outcome = read("certificate", url=f"{server.url}{prefix}")
    assert outcome.complete
    assert len(certificates.observations) == 1
    assert read("alert_rule", url=f"{server.url}{prefix}")[1].complete
    assert all(path.startswith(prefix) for _, path in server.requests)


def test_rules_may_be_partial_too(server: MisbehavingServer, read: Read) -> None:
    server.on(RULES, answer({"groups": []}, warnings=["one ruler is away"]))
    _, outcome = read("alert_rule")
    assert not outcome.complete


def test_values_that_are_no_numbers_are_no_facts(server: MisbehavingServer, read: Read) -> None:
    server.on(
        QUERY,
        vector(
            ({"instance": "a"}, "NaN"),
            ({"instance": "b"}, "+Inf"),
            ({"instance": "c"}, "0"),
            ({"instance": "d"}, "-62135596800"),
            ({"instance": "e"}, "1798801200.4"),
        ),
    )
    collection, outcome = read("certificate")
    assert [one.fields["endpoint"] for one in collection.observations] == ["e"]
    assert outcome.complete


def test_a_token_is_sent_as_bearer_and_with_a_user_as_password(
    server: MisbehavingServer, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_TOKEN", "t0p")
    server.on(QUERY, vector())
    read("certificate", token="env:PROMETHEUS_TOKEN")
    read("certificate", token="env:PROMETHEUS_TOKEN", user="ada")
    assert [headers["Authorization"] for headers in server.headers] == ["Bearer t0p", "Basic YWRhOnQwcA=="]


def test_no_credentials_are_taken_from_elsewhere(
    server: MisbehavingServer,
    read: Read,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    server.on(QUERY, vector())
    read("certificate")
    assert "Authorization" not in server.headers[0]


def test_history_is_covered_only_from_the_oldest_sample_on(server: MisbehavingServer, read: Read) -> None:
    oldest = datetime(2026, 10, 28, tzinfo=UTC)
    ups = [(oldest + timedelta(days=day), "3") for day in range(5)]
    server.on(RANGE, matrix(({}, ups)), matrix())
    _, outcome = read("uptime_series")
    assert outcome.complete
    assert outcome.window_start == oldest


def test_history_is_covered_only_as_long_as_the_server_keeps_it(
    server: MisbehavingServer, read: Read
) -> None:
    first = datetime(2026, 10, 23, tzinfo=UTC)
    server.on(RANGE, matrix(({}, [(first + timedelta(days=day), "3") for day in range(10)])), matrix())
    server.on("/api/v1/status/runtimeinfo", answer({"storageRetention": "6d or 512MB"}))
    _, outcome = read("uptime_series")
    assert outcome.window_start == NOW - timedelta(days=6)
    assert outcome.warnings == ("this server keeps 6 days; older history is unknown",)


def test_a_server_without_samples_covers_nothing(server: MisbehavingServer, read: Read) -> None:
    server.on(RANGE, matrix())
    server.on(QUERY, vector())
    _, outcome = read("uptime_series")
    assert outcome.window_start == outcome.window_end == NOW


def test_a_day_without_samples_is_unknown_and_not_downtime(server: MisbehavingServer, read: Read) -> None:
    day = datetime(2026, 10, 30, tzinfo=UTC)
    checkout = {"service": "checkout"}
    server.on(
        RANGE,
        matrix(({}, [(day, "1")])),
        matrix((checkout, [(day, "0.5"), (day + timedelta(days=1), "0")])),
        matrix((checkout, [(day, "0.9"), (day + timedelta(days=1), "1"), (day + timedelta(days=2), "1")])),
    )
    collection, _ = read("uptime_series")
    (record,) = collection.observations
    assert record.fields["date"] == day - timedelta(days=1)
    assert record.fields["total"] == 43_200
    assert record.fields["good"] == pytest.approx(38_880)


def test_an_alert_that_fired_before_the_window_began_is_not_given_a_false_start(
    server: MisbehavingServer, read: Read
) -> None:
    start = NOW - timedelta(days=1)
    minutes = [(start + timedelta(minutes=index), "1") for index in range(1441)]
    server.on(
        RANGE,
        matrix(({"alertname": "Old"}, minutes), ({"alertname": "New"}, minutes[60:70])),
    )
    collection, outcome = read("alert_event", alert_history_days=1, queries={"oldest_sample": "x"})
    assert [one.fields["rule"] for one in collection.observations] == ["New"]
    assert outcome.window_start is not None
    assert outcome.window_start >= start


def test_alert_history_is_covered_only_as_far_as_it_was_asked_for(
    server: MisbehavingServer, read: Read
) -> None:
    first = datetime(2026, 10, 23, tzinfo=UTC)
    server.on(RANGE, matrix(({}, [(first + timedelta(days=day), "3") for day in range(10)])), matrix())
    _, outcome = read("alert_event", alert_history_days=2)
    assert (outcome.window_start, outcome.window_end) == (NOW - timedelta(days=2), NOW)


def test_the_highest_use_of_a_day_is_never_below_its_usual_one(server: MisbehavingServer, read: Read) -> None:
    day = datetime(2026, 10, 30, tzinfo=UTC)
    node = {"instance": "n1"}
    server.on(
        RANGE,
        matrix(({}, [(day, "1")])),
        matrix((node, [(day, "0.8"), (day + timedelta(days=1), "0.7"), (day + timedelta(days=2), "1.5")])),
        matrix((node, [(day, "0.6"), (day + timedelta(days=1), "0.71"), (day + timedelta(days=2), "0.5")])),
    )
    collection, _ = read("capacity_series", queries={"capacity": {"cpu": "x"}})
    used = [(one.fields["p95"], one.fields["max"]) for one in collection.observations]
    assert used == [(0.6, 0.8), (0.71, 0.71)]  # 1.5 is no share of anything, so that day is unknown
    queries = [path for _, path in server.requests if path.startswith(RANGE)]
    assert "max_over_time" in queries[1]
    assert "quantile_over_time" in queries[2]


def test_a_backup_outside_the_window_is_no_event_of_it(server: MisbehavingServer, read: Read) -> None:
    ended = [
        NOW - timedelta(days=30),
        NOW - timedelta(days=3),
        NOW - timedelta(days=3),
        NOW + timedelta(days=1),
    ]
    rows = [(NOW - timedelta(days=4 - index), str(end.timestamp())) for index, end in enumerate(ended)]
    server.on(RANGE, matrix(({}, rows)), matrix(({"data_set": "orders", "offsite": "true"}, rows)))
    server.on(QUERY, vector(({"data_set": "orders", "offsite": "true"}, str(ended[1].timestamp()))))
    collection, _ = read("backup_job")
    (run,) = collection.observations
    assert run.fields["finished_at"] == NOW - timedelta(days=3)
    assert (run.fields["offsite"], run.fields["encrypted"]) == (True, None)


def test_states_that_prometheus_does_not_know_are_unknown(server: MisbehavingServer, read: Read) -> None:
    never = "0001-01-01T00:00:00Z"
    target = {"labels": {"job": "j", "instance": "i"}, "health": "odd", "lastScrape": never}
    server.on("/api/v1/targets", answer({"activeTargets": [target, target]}))
    rule = {"type": "alerting", "name": "A", "query": "x", "health": "odd", "lastEvaluation": never}
    server.on(RULES, answer({"groups": [{"name": "g", "file": "f", "rules": [rule, rule]}]}))
    targets, _ = read("scrape_target")
    rules, _ = read("alert_rule")
    assert [one.source_ref for one in targets.observations] == ["j/i", "j/i#2"]
    assert [one.source_ref for one in rules.observations] == ["f:g/A", "f:g/A#2"]
    for one in [*targets.observations, *rules.observations]:
        assert one.fields["health"] == "unknown"
        assert one.fields.get("last_scrape_at", one.fields.get("last_evaluation_at")) is None
    assert rules.observations[0].fields["summary"] is False
    assert rules.observations[0].fields["severity"] is None
    assert rules.observations[0].fields["paging"] is False


def test_an_objective_that_is_no_share_is_left_out_with_a_word(server: MisbehavingServer, read: Read) -> None:
    server.on(RULES, answer({"groups": []}))
    server.on(
        QUERY, vector(({"service": "a"}, "28")), vector(({"service": "a"}, "0.99"), ({"service": "b"}, "99"))
    )
    collection, outcome = read("slo")
    assert [(one.fields["name"], one.fields["window_days"]) for one in collection.observations] == [("a", 28)]
    assert "no share from 0 to 1" in outcome.warnings[0]


def test_objectives_name_the_burn_rate_alerts_that_watch_them(server: MisbehavingServer, read: Read) -> None:
    burn = "r[1h] > (14.4 * 0.01) and r[5m] > (14.4 * 0.01)"
    rules = [
        {"type": "alerting", "name": "Burns", "query": burn, "labels": {"service": "a"}},
        {"type": "alerting", "name": "BurnsElsewhere", "query": burn, "labels": {"service": "b"}},
        {"type": "alerting", "name": "Down", "query": "up == 0", "labels": {"service": "a"}},
        {"type": "recording", "name": "a:b", "query": burn, "labels": {"service": "a"}},
    ]
    server.on(RULES, answer({"groups": [{"name": "g", "rules": rules}]}))
    server.on(QUERY, vector(), vector(({"service": "a", "slo": "checkout-latency"}, "0.99")))
    collection, _ = read("slo")
    (objective,) = collection.observations
    assert objective.fields["burn_rules"] == ["Burns"]
    assert (objective.fields["sli"], objective.fields["window_days"]) == ("latency", 30)


@pytest.mark.parametrize(
    ("text", "retention"),
    [
        ("15d", timedelta(days=15)),
        ("1y", timedelta(days=365)),
        ("1w2d", timedelta(days=9)),
        ("400d or 512MB", timedelta(days=400)),
        ("0s", None),
        ("", None),
        ("512MB", None),
    ],
)
def test_retention_is_read_in_every_form(text: str, retention: timedelta | None) -> None:
    assert retention_of(text) == retention


def test_equal_answers_give_equal_records_in_any_order() -> None:
    rows = [{"metric": {"a": name}, "value": [1, "1"]} for name in "cab"]
    assert series_of(rows) == series_of(list(reversed(rows)))


@pytest.mark.parametrize("seconds", [0, -1, float("1e18")])
def test_impossible_times_are_no_times(seconds: float) -> None:
    assert instant_from_epoch(seconds) is None
