"""A rule may ask one SELECT over record types: its rows are measured, the records behind them are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from itomm.config.errors import InvalidInputError
from itomm.evidence.reading.as_of import create_table, lock_down
from itomm.evidence.record_types import record_types
from itomm.rules.answer import InferredAnswer, Verdict
from itomm.rules.records import records_behind, sampled_records
from itomm.rules.rule import Rule
from tests.rules.rules_as_text import answer_to, rule_of

BY_MONTH = (
    "select service_id, date_trunc('month', opened_at) as month, count(*) as incidents, "
    "median(restored_at - opened_at) as restore from incident where severity <= 2 "
    "group by service_id, month"
)
Records = Sequence[Mapping[str, object]]


def asking(query: str, **parts: object) -> Rule:
    return rule_of(**{"query": query, "from_": None, "measure": {"count": True}, **parts})


def incident(opened_at: str, hours: int | None = None, **fields: object) -> Mapping[str, object]:
    restored = datetime.fromisoformat(opened_at) + timedelta(hours=hours) if hours is not None else None
    return {
        "severity": 1,
        "opened_at": opened_at,
        "restored_at": restored.isoformat() if restored else None,
        **fields,
    }


INCIDENTS: Records = [
    incident("2026-09-03T00:00:00+00:00", 1),
    incident("2026-10-03T00:00:00+00:00", 2),
    incident("2026-10-04T00:00:00+00:00", 4),
    incident("2026-10-05T00:00:00+00:00", 9),
    incident("2026-10-06T00:00:00+00:00", 50, severity=4),
    incident("2026-10-06T00:00:00+00:00", 7, service="other"),
]


def busiest(**parts: object) -> InferredAnswer:
    rule = asking(BY_MONTH, **{"measure": {"max": "incidents"}, "grade": {"yes": "<= 2"}, **parts})
    return answer_to(rule, INCIDENTS)


def test_a_measure_works_on_the_rows_of_the_query() -> None:
    answer = busiest()
    assert (answer.verdict, answer.measured, answer.counted) == (Verdict.NO, "3", 3), (
        "three months of services"
    )


def test_a_row_belongs_to_the_service_that_it_names() -> None:
    rule = asking(BY_MONTH, per="service", measure={"max": "incidents"}, grade={"yes": "<= 2"})
    found = {
        service: answer_to(rule, INCIDENTS, service=service, services=["s1", "other"]).measured
        for service in ("s1", "other")
    }
    assert found == {"s1": "3", "other": "1"}


def test_a_window_lies_over_an_instant_of_the_query() -> None:
    answer = busiest(window={"field": "month", "days": 40})
    assert answer.counted == 2, "September began before the window"


@pytest.mark.parametrize(
    ("measure", "measured"),
    [
        ({"median": "restore"}, "4 h"),
        ({"sum": "incidents"}, "5"),
        ({"ratio": {"where": "restore <= interval '4 hours'"}}, "66.7 %"),
        ({"days_since": "month"}, "31 d"),
    ],
)
def test_columns_have_the_kinds_that_their_expressions_have(
    measure: Mapping[str, object], measured: str
) -> None:
    dimension = {"sum": ">= 1", "ratio": ">= 1 %"}.get(next(iter(measure)), ">= 1 h")
    assert busiest(measure=measure, grade={"yes": dimension}).measured == measured


def test_records_of_other_types_can_be_joined() -> None:
    query = (
        "select i.service_id as service_id, i.key as incident, count(p.incident_key) as reviews "
        "from incident as i left join postmortem as p on p.incident_key = i.key "
        "group by i.service_id, i.key"
    )
    rule = asking(query, measure={"ratio": {"where": "reviews >= 2"}}, grade={"yes": ">= 50 %"})
    given: Mapping[str, Records] = {
        "incident": [{"key": "I-1"}, {"key": "I-2"}],
        "postmortem": [{"incident_key": "I-1"}, {"incident_key": "I-1"}],
    }
    answer = answer_to(rule, given=given)
    assert (answer.verdict, answer.counted, answer.matched) == (Verdict.YES, 2, 1)
    assert answer.record_types == ("incident", "postmortem")


def test_every_type_that_the_query_reads_must_have_been_collected() -> None:
    query = (
        "select i.service_id as service_id, i.key as incident "
        "from incident as i join postmortem as p on p.incident_key = i.key"
    )
    answer = answer_to(asking(query), [{"key": "I-1"}], incomplete=["postmortem"])
    assert (answer.verdict, answer.reason) == (Verdict.UNKNOWN, "collection_failed")


def test_having_leaves_groups_out() -> None:
    rule = asking(f"{BY_MONTH} having incidents > 1", measure={"count": True})
    assert answer_to(rule, INCIDENTS).counted == 1


def test_the_records_behind_are_those_of_the_groups_that_counted() -> None:
    rule = asking(BY_MONTH, measure={"max": "incidents"}, window={"field": "month", "days": 40})
    with closing(duckdb.connect()) as connection:
        create_table(connection, record_types()["incident"])
        for number, record in enumerate(INCIDENTS):
            connection.execute(
                "INSERT INTO incident (source, source_ref, service_id, collected_at, collection, page, "
                "position, created_at, restored_at, severity) "
                "VALUES ('jira', ?, ?, TIMESTAMP '2026-10-31', '1', 1, ?, ?, ?, ?)",
                [
                    f"I-{number}",
                    record.get("service", "s1"),
                    number,
                    datetime.fromisoformat(str(record["opened_at"])),
                    datetime.fromisoformat(str(record["restored_at"])),
                    record["severity"],
                ],
            )
        lock_down(connection)
        found = records_behind(connection, rule.bound(datetime(2026, 11, 1, tzinfo=UTC)), "s1", None)

    assert {each.source_ref for each in found if each.counted} == {"I-1", "I-2", "I-3"}
    assert {each.source_ref: each.why_not for each in found if not each.counted} == {
        "I-0": "month lies before the window of 40 days"
    }
    assert found[0].fields["incidents"] == "3"
    assert found[0].fields["restore"] == "4 h"


def test_a_record_in_many_groups_is_listed_in_their_order_and_not_in_that_of_the_threads() -> None:
    query = (
        "select incident.service_id, incident.source_ref as target, event.started_at as day, "
        "count(*) as alerts from incident "
        "join alert_event as event on event.service_id = incident.service_id "
        "group by incident.service_id, target, day"
    )
    rule = asking(query, measure={"max": "alerts"}).bound(datetime(2026, 11, 1, tzinfo=UTC))
    days = [datetime(2026, 10, 1, tzinfo=UTC) + timedelta(hours=number * 17 % 64) for number in range(64)]
    with closing(duckdb.connect()) as connection:
        for name in ("incident", "alert_event"):
            create_table(connection, record_types()[name])
        row = (
            "(source, source_ref, service_id, collected_at, collection, page, position, {}) "
            "VALUES ('s', ?, 's1', TIMESTAMP '2026-10-31', '1', 1, ?, ?)"
        )
        connection.execute(f"INSERT INTO incident {row.format('created_at')}", ["I-1", 0, days[0]])
        for number, day in enumerate(days):
            values = [f"E-{number}", number, day]
            connection.execute(f"INSERT INTO alert_event {row.format('started_at')}", values)
        lock_down(connection)
        listed = [each.fields["day"] for each in records_behind(connection, rule, "s1", None)]
        first = [each.fields["day"] for each in records_behind(connection, rule, "s1", 5)]
        drawn = [each.fields["day"] for each in sampled_records(connection, rule, "s1", 5, seed=7)]

    assert len(listed) == 64
    assert listed == sorted(listed)
    assert first == drawn == listed[:5]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("select * from incident", "'*' needs a name"),
        ("select service_id from incident limit 3", "'limit' is not allowed"),
        ("select service_id from incident order by 1", "'order' is not allowed"),
        ("select distinct service_id from incident", "'distinct' is not allowed"),
        ("select service_id from (select 1)", "is no record type"),
        ("select service_id from read_csv('/etc/passwd')", "is no record type"),
        ("select service_id from incidnt as incident", "there is no record type 'incidnt'"),
        ("select service_id from main.incident", "'db' is not allowed"),
        ("select service_id from incident tablesample 10%", "'sample' is not allowed"),
        ("with x as (select 1) select service_id from incident", "'with' is not allowed"),
        ("select service_id from incident union select service_id from problem", "one 'select'"),
        ("delete from incident", "one 'select'"),
        ("select service_id, row_number() over () as r from incident", "is not allowed in an expression"),
        ("select service_id, (select 1) as x from incident", "is not allowed in an expression"),
        ("select service_id from incident where exists (select 1)", "is not allowed in an expression"),
        ("select service_id, array_agg(key) as k from incident group by service_id", "is not allowed"),
        ("select service_id, min(severity, 2) as n from incident group by service_id", "not allowed"),
        ("select service_id, sum(count(*)) as n from incident group by service_id", "not allowed here"),
        ("select service_id, count(*) as n from incident", "not allowed here"),
        ("select service_id, sum(title) as n from incident group by service_id", "means nothing"),
        (
            "select service_id, severity as s, count(*) as n from incident group by service_id",
            "neither grouped",
        ),
        ("select service_id as a from incident", "must give the column 'service_id'"),
        ("select severity as s from incident group by s", "must give the column 'service_id'"),
        ("select service_id, key as url from incident", "'url' says where a record is from"),
        ("select service_id, key as a, title as a from incident", "two columns are called 'a'"),
        ("select incident.service_id as service_id from incident, problem", "needs 'on'"),
        ("select incident.service_id as service_id from incident join problem on true", "must equate"),
        (
            "select i.service_id as service_id from incident as i right join problem as p on p.key = i.key",
            "only 'join' and 'left join'",
        ),
        (
            "select key as service_id from incident join problem on problem.key = incident.key",
            "is a field of",
        ),
        ("select service_id, opened_at - severity as x from incident", "cannot subtract"),
        ("select service_id from incident having severity > 1", "'having' needs 'group by'"),
    ],
)
def test_what_is_no_such_query_is_refused_with_a_reason(query: str, told: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        asking(query)
    assert told in str(refused.value)
    assert "rules.yaml:1:" in str(refused.value)


def test_a_query_stands_in_place_of_from_where_and_linked() -> None:
    with pytest.raises(InvalidInputError) as refused:
        asking(BY_MONTH, from_="incident", where="severity <= 2")
    assert "from: does not go with 'query'" in str(refused.value)
    assert "where: does not go with 'query'" in str(refused.value)
    with pytest.raises(InvalidInputError, match="the key 'from' is missing"):
        rule_of(from_=None)


def test_a_linked_fact_may_be_a_number() -> None:
    fact = {"from": "postmortem", "on": {"incident_key": "key"}, "count": True}
    rule = rule_of(
        linked={"reviews": fact}, measure={"ratio": {"where": "reviews = 2"}}, grade={"yes": ">= 50 %"}
    )
    reviews: Records = [{"incident_key": key} for key in ("I-1", "I-1", "I-2")]
    answer = answer_to(rule, given={"incident": [{"key": "I-1"}, {"key": "I-2"}], "postmortem": reviews})
    assert (answer.counted, answer.matched) == (2, 1)
    none = rule_of(linked={"reviews": fact}, measure={"max": "reviews"}, grade={"yes": "<= 0"})
    assert answer_to(none, given={"incident": [{"key": "I-9"}], "postmortem": []}).measured == "0"


@pytest.mark.parametrize(
    ("column", "days"),
    [
        ("opened_at", 90),
        ("date_trunc('day', opened_at)", 91),
        ("date_trunc('month', opened_at)", 121),
        ("case when opened_at > as_of - interval '200 days' then date_trunc('week', opened_at) end", 207),
    ],
)
def test_a_period_that_begins_before_the_window_must_be_covered_too(column: str, days: int) -> None:
    query = f"select service_id, {column} as moment from incident"  # noqa: S608  no database reads it
    rule = asking(query, window={"field": "moment", "days": 90})
    assert rule.looks_back["incident"].days == days
