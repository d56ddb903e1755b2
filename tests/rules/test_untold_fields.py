"""What is empty because no source could tell it never says yes, and never says no."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from itomm.config.errors import InvalidInputError
from itomm.config.structure import checked
from itomm.evidence.collection import Collection
from itomm.evidence.observation import UnknownReason, UntoldField
from itomm.evidence.reading.as_of import lock_down
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.duckdb_connection import connect
from itomm.rules.answer import InferredAnswer
from itomm.rules.cases import CaseDocument, answer_of, prepare
from itomm.rules.readiness import EvidenceState
from itomm.rules.records import records_behind
from itomm.rules.rule import Rule
from itomm.rules.rule_tests import run_rule_tests
from itomm.rules.untold.clarity import Clarity
from itomm.rules.untold.left_open import LeftOpen, left_open
from itomm.rules.untold.silences import Silence, said_of, silences_in
from tests.rules import agreement
from tests.rules.rules_as_text import document_of, rule_of

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
OPENED = "2026-10-20T08:00:00Z"
QUICKLY = {"acknowledged_at": "2026-10-20T08:05:00Z"}
LATE = {"acknowledged_at": "2026-10-20T10:00:00Z"}
IN_TIME = {"ratio": {"where": "acknowledged_at - opened_at <= interval '15 minutes'"}}
SILENT = {"incident": ["acknowledged_at"]}


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as opened:
        opened.execute("SET threads = 1")
        lock_down(opened)
        yield opened


def incidents(number: int, **fields: Any) -> dict[str, Any]:
    """Incidents of the source that cannot tell some fields; ``source`` names another one."""
    return {"severity": 1, "opened_at": OPENED, "repeat": number, **fields}


def answered(
    connection: duckdb.DuckDBPyConnection, rule: Rule, given: dict[str, Any], **case: Any
) -> InferredAnswer:
    written = {"name": "a case", "expect": {"answer": "yes"}, "given": given, **case}
    return answer_of(connection, rule, checked(CaseDocument, document_of(written)))


def verdict(connection: duckdb.DuckDBPyConnection, rule: Rule, given: dict[str, Any], **case: Any) -> str:
    return str(answered(connection, rule, given, **case).verdict)


def test_an_answer_that_hangs_on_an_untold_field_is_unknown_and_says_why(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    rule = rule_of(measure=IN_TIME, grade={"yes": ">= 90 %", "partial": ">= 50 %"})
    given = {"incident": [incidents(10)]}
    assert verdict(connection, rule, given) == "no", "a source that can tell says that nobody acknowledged"
    answer = answered(connection, rule, given, untold=SILENT)
    assert (answer.verdict, answer.reason) == ("unknown", UnknownReason.NEVER_COLLECTED)
    assert answer.detail == "test cannot tell acknowledged_at of incident records, and the answer hangs on it"
    assert (answer.measured, answer.counted) == (None, 10)
    assert answer.what_would_change_it == "Let a source tell it, or let a person answer."


def test_a_field_that_the_rule_does_not_read_changes_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    rule = rule_of(measure=IN_TIME, grade={"yes": ">= 90 %"})
    given = {"incident": [incidents(10, **LATE)]}
    untold = {"incident": ["restored_at"]}
    assert answered(connection, rule, given, untold=untold) == answered(connection, rule, given)


@pytest.mark.parametrize(
    ("silent", "quick", "late", "expected"),
    [
        (5, 95, 0, "yes"),
        (11, 90, 0, "unknown"),
        (10, 90, 0, "yes"),
        (40, 50, 10, "unknown"),
        (39, 50, 11, "partial"),
        (10, 0, 90, "no"),
        (50, 0, 49, "unknown"),
        (49, 0, 50, "no"),
    ],
)
def test_beside_a_source_that_tells_the_answer_stands_where_both_ends_agree(
    connection: duckdb.DuckDBPyConnection, silent: int, quick: int, late: int, expected: str
) -> None:
    rule = rule_of(measure=IN_TIME, grade={"yes": ">= 90 %", "partial": ">= 50 %"})
    given = {
        "incident": [
            incidents(silent),
            incidents(quick, source="other", **QUICKLY),
            incidents(late, source="other", **LATE),
        ]
    }
    answer = answered(connection, rule, given, untold=SILENT)
    assert answer.verdict == expected
    if expected != "unknown":
        assert (
            answer.detail
            == "test cannot tell acknowledged_at of incident records; the answer is the same whatever it is"
        )


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("acknowledged_at is null and severity > 3", "no"),
        ("acknowledged_at is null or severity = 1", "yes"),
        ("acknowledged_at is null and severity = 1", "unknown"),
        ("not (acknowledged_at is null or severity = 1)", "no"),
        ("coalesce(opened_at, acknowledged_at) is not null", "yes"),
        ("coalesce(acknowledged_at, opened_at) is not null", "unknown"),
        ("case when severity = 1 then true else acknowledged_at is null end", "yes"),
        ("case when severity > 3 then true else acknowledged_at is null end", "unknown"),
        ("case when acknowledged_at is null then true else severity = 1 end", "unknown"),
        ("(acknowledged_at is null) is not null and severity = 1", "unknown"),
    ],
)
def test_a_record_counts_where_it_is_decided_whatever_the_field_holds(
    connection: duckdb.DuckDBPyConnection, condition: str, expected: str
) -> None:
    rule = rule_of(measure={"ratio": {"where": condition}}, grade={"yes": ">= 90 %"})
    assert verdict(connection, rule, {"incident": [incidents(4)]}, untold=SILENT) == expected


MEASURES: Sequence[tuple[object, str, str]] = [
    ({"count": "acknowledged_at is null"}, ">= 5", "unknown"),
    ({"count": "acknowledged_at is null"}, ">= 21", "no"),
    ({"exists": "acknowledged_at is null"}, ">= 1", "unknown"),
    ({"median": "acknowledged_at - opened_at"}, "<= 15 min", "yes"),
    ({"percentile": {"of": "acknowledged_at - opened_at", "at": 90}}, "<= 15 min", "unknown"),
    ({"percentile": {"of": "acknowledged_at - opened_at", "at": 50}}, "<= 1 min", "no"),
    ({"sum": "acknowledged_at - opened_at"}, ">= 1 h", "unknown"),
    ({"avg": "acknowledged_at - opened_at"}, "<= 15 min", "unknown"),
    ({"min": "acknowledged_at - opened_at"}, "<= 15 min", "yes"),
    ({"min": "acknowledged_at - opened_at"}, ">= 1 min", "unknown"),
    ({"max": "acknowledged_at - opened_at"}, "<= 15 min", "unknown"),
    ({"max": "acknowledged_at - opened_at"}, "<= 1 min", "no"),
    ({"days_since": "acknowledged_at"}, "<= 20 d", "yes"),
    ({"days_since": "acknowledged_at"}, "<= 2 d", "unknown"),
    ({"distinct": "acknowledged_at"}, ">= 1", "yes"),
    ({"distinct": "acknowledged_at"}, ">= 6", "unknown"),
    ({"distinct": "acknowledged_at"}, ">= 7", "no"),
]


@pytest.mark.parametrize(("measure", "grade", "expected"), MEASURES)
def test_every_measure_is_bounded_by_what_untold_values_may_be(
    connection: duckdb.DuckDBPyConnection, measure: object, grade: str, expected: str
) -> None:
    rule = rule_of(measure=measure, grade={"yes": grade})
    given = {"incident": [incidents(5), incidents(15, source="other", **QUICKLY)]}
    assert verdict(connection, rule, given, untold=SILENT) == expected


@pytest.mark.parametrize(
    ("silent", "told", "minimum", "missing", "expected"),
    [
        (9, 0, 1, "no_if_complete", "unknown"),
        (9, 0, 1, "unknown", "unknown"),
        (9, 3, 5, "no_if_complete", "unknown"),
        (9, 5, 5, "no_if_complete", "yes"),
        (0, 0, 1, "no_if_complete", "no"),
    ],
)
def test_records_that_may_not_count_make_no_sample(  # noqa: PLR0917  one column each
    connection: duckdb.DuckDBPyConnection, silent: int, told: int, minimum: int, missing: str, expected: str
) -> None:
    rule = rule_of(
        where="acknowledged_at is not null",
        measure={"count": True},
        grade={"yes": ">= 1"},
        minimum_sample=minimum,
        missing=missing,
    )
    given = {"incident": [incidents(silent), incidents(told, source="other", **QUICKLY)]}
    assert verdict(connection, rule, given, untold=SILENT) == expected


@pytest.mark.parametrize(
    ("untold", "published", "expected"),
    [
        ({"incident": ["key"]}, "a", "unknown"),
        ({"postmortem": ["incident_key"]}, "a", "yes"),
        ({"postmortem": ["incident_key"]}, "b", "unknown"),
        ({"postmortem": ["published_at"]}, "a", "unknown"),
        ({"postmortem": ["sections"]}, "a", "yes"),
    ],
)
def test_a_linked_record_may_or_may_not_fit_where_its_fields_are_untold(
    connection: duckdb.DuckDBPyConnection, untold: dict[str, Any], published: str, expected: str
) -> None:
    review = {"from": "postmortem", "on": {"incident_key": "key"}, "where": "published_at > base.opened_at"}
    rule = rule_of(
        linked={"review": review}, measure={"ratio": {"where": "review"}}, grade={"yes": ">= 90 %"}
    )
    given = {
        "incident": [incidents(3, key="a")],
        "postmortem": [
            {"incident_key": published, "published_at": "2026-10-25T00:00:00Z"},
            {"incident_key": "a", "published_at": "2026-10-25T00:00:00Z", "source": "other", "repeat": 0},
        ],
    }
    assert verdict(connection, rule, given, untold=untold) == expected


def test_a_share_of_services_counts_undecided_services_for_and_against(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    share = {"share_of_services": {"where": "acknowledged_at is not null"}}
    rule = rule_of(
        measure=share, grade={"yes": ">= 80 %", "partial": ">= 20 %"}, per=["service", "organisation"]
    )
    told = [incidents(1, service=name, source="other", **QUICKLY) for name in "abcd"]
    given = {"incident": [*told, incidents(1, service="e")]}
    assert verdict(connection, rule, given, untold=SILENT, scope="organisation") == "yes"
    assert verdict(connection, rule, given, untold=SILENT, service="e") == "unknown"
    assert verdict(connection, rule, given, untold=SILENT, service="a") == "yes"
    given["incident"].append(incidents(1, service="f"))
    assert verdict(connection, rule, given, untold=SILENT, scope="organisation") == "unknown"


def test_a_service_belongs_nowhere_surely_where_no_source_tells_what_it_is(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    rule = rule_of(services="coalesce(tier, 3) > 2", measure={"count": True}, grade={"yes": ">= 1"})
    given = {"incident": [incidents(1)], "service": [{"source_ref": "s1"}]}
    assert verdict(connection, rule, given) == "yes"
    assert verdict(connection, rule, given, untold={"service": ["tier"]}) == "unknown"


def test_a_query_over_untold_fields_answers_only_for_services_without_such_records(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    query = "select service_id, count(acknowledged_at) as seen from incident group by service_id"
    rule = rule_of(
        **{"from": None},
        query=query,
        measure={"sum": "seen"},
        grade={"yes": ">= 1"},
        per=["service", "organisation"],
    )
    given = {"incident": [incidents(2), incidents(2, service="told", source="other", **QUICKLY)]}
    assert verdict(connection, rule, given, untold=SILENT) == "unknown"
    assert verdict(connection, rule, given, untold=SILENT, service="told") == "yes"
    assert verdict(connection, rule, given, untold=SILENT, scope="organisation") == "unknown"


def test_a_value_that_is_known_from_an_untold_instant_on_is_untold_too(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    rule = rule_of(
        **{"from": "merge_request"},
        measure={"ratio": {"where": "len(approvers) > 0"}},
        grade={"yes": ">= 90 %"},
    )
    given = {"merge_request": [{"created_at": OPENED, "approvers": ["ada"]}]}
    assert verdict(connection, rule, given, untold={"merge_request": ["merged_at"]}) == "unknown"


WITH_A_REASON = {"incident.acknowledged_at": "The tool closes what nobody acknowledged, so empty is no."}


def test_a_rule_may_take_what_is_untold_for_empty_and_says_why(connection: duckdb.DuckDBPyConnection) -> None:
    rule = rule_of(measure=IN_TIME, grade={"yes": ">= 90 %"}, untold_as_empty=WITH_A_REASON)
    plain = rule_of(measure=IN_TIME, grade={"yes": ">= 90 %"})
    assert verdict(connection, rule, {"incident": [incidents(10)]}, untold=SILENT) == "no"
    assert rule.digest != plain.digest


@pytest.mark.parametrize("place", ["incident.restored_at", "acknowledged_at", "incident.nothing"])
def test_what_a_rule_takes_for_empty_is_a_field_that_it_reads(place: str) -> None:
    with pytest.raises(InvalidInputError, match=rf"the rule does not read '{place}'") as told:
        rule_of(
            measure=IN_TIME, grade={"yes": ">= 90 %"}, untold_as_empty={place: "a reason that is long enough"}
        )
    assert "incident.acknowledged_at" in str(told.value)


@pytest.mark.parametrize(
    ("untold", "fault"),
    [
        ({"change": ["risk"]}, "the rule does not look at change records"),
        ({"incident": ["sevrity"]}, "incident has no field 'sevrity'; Did you mean 'severity'"),
    ],
)
def test_a_case_names_fields_that_there_are(untold: dict[str, Any], fault: str) -> None:
    case = {"name": "a case", "expect": {"answer": "yes"}, "untold": untold}
    with pytest.raises(InvalidInputError, match=fault):
        list(run_rule_tests([rule_of(measure=IN_TIME, grade={"yes": ">= 90 %"}, tests=[case])]))


def test_an_answer_holds_in_every_world_that_untold_fields_leave_possible(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    outcomes = Counter[str]()
    for seed in range(1, 9):
        differences, found = agreement.refuted(connection, seed, rules=12, worlds=4)
        assert not differences, "\n".join(map(str, differences))
        outcomes += found
    assert outcomes["given"] > 50
    assert outcomes["open for good"] >= 5


def test_an_answer_that_does_not_hold_in_some_world_is_found(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Clarity, "unclear", lambda *_: None)
    assert any(agreement.refuted(connection, seed, rules=12, worlds=4)[0] for seed in range(1, 9))


def test_the_records_behind_an_answer_show_what_their_source_cannot_tell(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    rule = rule_of(where="acknowledged_at > opened_at", measure=IN_TIME, grade={"yes": ">= 90 %"})
    case = checked(
        CaseDocument,
        document_of({"name": "a case", "expect": {"answer": "yes"}, "given": {"incident": [incidents(1)]}}),
    )
    prepared = prepare(connection, rule, case)
    connection.execute("UPDATE incident SET collected_at = now(), collection = 'c', page = 1, position = 1")
    bound = rule.bound(prepared.as_of)
    silence = Silence("test", "incident", "acknowledged_at")
    (plain,) = records_behind(connection, bound, "s1", None)
    (shown,) = records_behind(connection, bound, "s1", None, silences=[silence])
    assert (plain.fields["acknowledged_at"], shown.fields["acknowledged_at"]) == ("—", "not told")
    assert plain.why_not == "where acknowledged_at > opened_at: not known, acknowledged_at is empty"
    assert shown.why_not == "where acknowledged_at > opened_at: not known, test cannot tell acknowledged_at"
    assert replace(silence, collections=("d",)).covers("test", "c") is False


def test_several_fields_of_one_source_are_named_together() -> None:
    silences = [
        Silence("desk", "incident", "detected_at"),
        Silence("desk", "incident", "started_at"),
        Silence("files", "incident", "started_at", "map it"),
        Silence("gitlab", "vulnerability", "kev"),
        Silence("hub", "vulnerability", "kev"),
    ]
    assert said_of(silences) == (
        "desk cannot tell detected_at and started_at of incident records; "
        "files cannot tell started_at of incident records (map it); "
        "gitlab cannot tell kev of vulnerability records; and 1 more"
    )


def reading(source: str, *untold: str, number: int = 1) -> Collection:
    """A complete reading of incidents by a source that cannot tell some fields."""
    return Collection(
        id=f"{source}-{number}",
        run=number,
        source=source,
        collector="test",
        record_type="incident",
        started_at=AS_OF,
        finished_at=AS_OF,
        complete=True,
        reason=None,
        error="",
        records=1,
        window_start=None,
        window_end=None,
        requested=(),
        denied=(),
        warnings=(),
        unmapped=0,
        segments=(),
        untold=tuple(map(UntoldField, untold)),
    )


def test_records_of_a_time_when_the_source_could_not_tell_stay_silent() -> None:
    first, then = reading("desk", "acknowledged_at"), reading("desk", number=2)
    (silence,) = silences_in(Snapshot(Path(), (first, then)), record_types()["incident"], AS_OF)
    assert silence.covers("desk", first.id)
    assert not silence.covers("desk", then.id)
    (always,) = silences_in(Snapshot(Path(), (first,)), record_types()["incident"], AS_OF)
    assert always.covers("desk", "whatever it brought")
    assert not always.covers("other", first.id)


def test_criteria_are_named_that_may_stay_open_because_no_source_tells_a_field() -> None:
    rule = rule_of(answers="SS-INC-4.2", measure=IN_TIME, grade={"yes": ">= 90 %"})
    excused = rule_of(
        answers="SS-INC-4.3", measure=IN_TIME, grade={"yes": ">= 90 %"}, untold_as_empty=WITH_A_REASON
    )

    def said(*collections: Collection) -> list[LeftOpen]:
        return left_open([rule, excused], EvidenceState(Snapshot(Path(), collections), AS_OF, {}), AS_OF)

    silent = reading("desk", "acknowledged_at", "restored_at")
    assert said(silent) == [LeftOpen("desk cannot tell acknowledged_at of incident records", ("SS-INC-4.2",))]
    assert said(silent, reading("other")) == [], "one source tells it"
    assert said(reading("other")) == []
