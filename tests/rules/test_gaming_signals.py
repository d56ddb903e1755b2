"""Signs of gaming: found where they are; silent on steady work, on small numbers and on machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest

from itomm.config.clock import format_instant
from itomm.evidence.record_types import record_types
from itomm.rules.given_records import load_given
from itomm.rules.signals.burst import is_rarer
from itomm.rules.signals.looking import Looking
from itomm.rules.signals.suspicion import NotLooked, Signal, Suspicion
from itomm.rules.signals.thresholds import thresholds

AS_OF = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
YEAR_AGO = AS_OF - 400 * DAY
ANN, BOB, CARA = "person-0000000000aa", "person-0000000000bb", "person-0000000000cc"

Records = Sequence[Mapping[str, Any]]


def looked(
    given: Mapping[str, Records], *, covered: datetime | None = YEAR_AGO, as_of: datetime = AS_OF
) -> list[Suspicion | NotLooked]:
    """What signals find in records of one source that was read completely since ``covered``."""
    since = {name: {"test": covered} if covered else {} for name in given}
    with closing(duckdb.connect()) as connection:
        for name, records in given.items():
            load_given(connection, record_types()[name], records, as_of)
        return list(Looking(connection, set(given), as_of, since, thresholds()).found())


def found(given: Mapping[str, Records], **more: Any) -> list[Suspicion]:
    return [each for each in looked(given, **more) if isinstance(each, Suspicion)]


def ticket(number: int, closed: datetime, by: str | None = ANN, **fields: object) -> dict[str, object]:
    """A ticket that was opened a day before somebody closed it."""
    move = {
        "at": format_instant(closed),
        "by": by,
        "automated": False,
        "from_category": "in_progress",
        "to_category": "done",
    }
    return {
        "source_ref": f"OPS-{number}",
        "created_at": format_instant(closed - DAY),
        "resolved_at": format_instant(closed),
        "updated_at": format_instant(closed),
        "status_category": "done",
        "transitions": [{**move, **fields}],
    }


def closed_by_the_minute(count: int, by: str | None = ANN, **fields: object) -> list[dict[str, object]]:
    return [ticket(number, AS_OF - 3 * DAY + number * MINUTE, by, **fields) for number in range(count)]


def events(field: str, days_ago: Sequence[float], **fields: object) -> list[dict[str, object]]:
    return [{field: format_instant(AS_OF - days * DAY), **fields} for days in days_ago]


# closed in bulk


def test_ten_tickets_closed_by_one_person_within_ten_minutes_are_a_sign() -> None:
    (sign,) = found({"incident": closed_by_the_minute(10)})

    assert sign.signal is Signal.BULK_CLOSING
    assert [each.identity.source_ref for each in sign.records] == [f"OPS-{number}" for number in range(10)]
    assert sign.text == (
        f"one person ({ANN}) closed 10 incident records between 2026-11-19T06:00:00Z and 2026-11-19T06:09:00Z"
    )
    assert sign.records[0].said == "closed 2026-11-19T06:00:00Z"


def test_a_long_stretch_of_closings_is_one_sign() -> None:
    signs = found({"incident": [*closed_by_the_minute(40), ticket(90, AS_OF - DAY)]})

    assert [len(each.records) for each in signs] == [40]


def test_two_stretches_a_day_apart_are_two_signs() -> None:
    again = [ticket(100 + number, AS_OF - 2 * DAY + number * MINUTE) for number in range(12)]

    signs = found({"incident": [*closed_by_the_minute(10), *again]})
    assert [len(each.records) for each in signs] == [10, 12]


@pytest.mark.parametrize(
    "tickets",
    [
        pytest.param(closed_by_the_minute(9), id="nine"),
        pytest.param(
            [ticket(number, AS_OF - 3 * DAY + number * 1.2 * MINUTE) for number in range(10)],
            id="ten in eleven minutes",
        ),
        pytest.param([*closed_by_the_minute(5), *closed_by_the_minute(5, BOB)], id="five by each of two"),
        pytest.param(closed_by_the_minute(30, automated=True), id="by an automation"),
        pytest.param(closed_by_the_minute(30, from_category="done"), id="closed after they were done"),
        pytest.param(closed_by_the_minute(30, "forgotten"), id="by people who were forgotten"),
        pytest.param(closed_by_the_minute(9) * 3, id="the same nine over again"),
    ],
)
def test_closing_is_no_sign_when_it_is(tickets: Records) -> None:
    assert not found({"service_request": tickets})


def test_an_account_that_is_no_persons_closes_what_it_likes() -> None:
    accounts = [{"login": ANN, "kind": "bot"}, {"login": BOB, "kind": "human"}]

    assert not found({"incident": closed_by_the_minute(30), "account": accounts})
    assert found({"incident": closed_by_the_minute(30, BOB), "account": accounts})


def test_named_people_are_told_of_by_a_pseudonym() -> None:
    (sign,) = found({"incident": closed_by_the_minute(10, "Ann Lee")})

    assert "Ann" not in sign.text
    assert "one person (person-" in sign.text


def test_where_nobody_is_named_beside_closings_it_could_not_be_looked() -> None:
    (told,) = looked({"incident": closed_by_the_minute(30, None)})

    assert told == NotLooked(
        Signal.BULK_CLOSING, "incident", "test does not tell who closed its 30 closed records"
    )


def test_what_was_closed_after_the_as_of_instant_is_no_sign() -> None:
    assert not found({"incident": closed_by_the_minute(30)}, as_of=AS_OF - 3 * DAY)
    assert found({"incident": closed_by_the_minute(30)}, as_of=AS_OF - 3 * DAY + 12 * MINUTE)


def test_findings_dismissed_together_are_a_sign_and_findings_fixed_together_are_none() -> None:
    when = format_instant(AS_OF - DAY)
    detected = {"detected_at": format_instant(AS_OF - 90 * DAY)}

    (sign,) = found({"vulnerability": [{**detected, "dismissed_at": when, "repeat": 12}]})
    assert sign.text.startswith("somebody dismissed 12 vulnerability records")
    assert not found({"vulnerability": [{**detected, "fixed_at": when, "repeat": 12}]})


# back-dated


def late_change(hours_before: float, kind: str = "normal") -> dict[str, object]:
    created = AS_OF - 40 * DAY
    return {
        "created_at": format_instant(created),
        "planned_start": format_instant(created - hours_before * HOUR),
        "change_type": kind,
    }


def test_changes_planned_before_they_were_asked_for_are_a_sign() -> None:
    in_time = [{**late_change(-2), "repeat": 10}]

    (sign,) = found({"change": [*in_time, {**late_change(25), "repeat": 5}]})
    assert sign.signal is Signal.BACK_DATED
    assert sign.text == (
        "5 of 15 change records of test have a planned_start more than 24 h before their created_at"
    )
    assert not found({"change": [*in_time, {**late_change(24), "repeat": 5}]})
    assert not found({"change": [*in_time, {**late_change(25), "repeat": 4}]})
    assert not found({"change": [{**late_change(-2), "repeat": 21}, {**late_change(25), "repeat": 5}]})


def test_an_emergency_may_be_written_down_afterwards() -> None:
    assert not found({"change": [{**late_change(30, "emergency"), "repeat": 20}]})


def test_commits_dated_before_they_were_written_are_a_sign_unless_by_a_machine() -> None:
    commit = {
        "authored_at": format_instant(AS_OF - 10 * DAY),
        "committed_at": format_instant(AS_OF - 80 * DAY),
        "repeat": 6,
    }

    assert [each.signal for each in found({"commit": [{**commit, "is_bot": False}]})] == [Signal.BACK_DATED]
    assert not found({"commit": [{**commit, "is_bot": True}]})


# bursts


def test_chance_is_counted_exactly() -> None:
    assert is_rarer(3, 0, 9, 999)
    assert not is_rarer(3, 0, 9, 1000)
    assert not is_rarer(2, 1, 1, 2)
    assert is_rarer(3, 1, 1, 3)


STEADY = [float(day) for day in range(1, 390, 7)]


def test_much_more_than_ever_right_before_the_instant_is_a_sign() -> None:
    records = events("at", [*STEADY, *(day / 2 for day in range(1, 15))], kind="dr")

    (sign,) = found({"exercise": records})
    assert sign.signal is Signal.BURST
    assert sign.text == (
        "16 exercise records of test (by at) fall in the last 14 days; none of the 27 times as many days "
        "before had more than 2"
    )
    assert len(sign.records) == 16


@pytest.mark.parametrize(
    "days",
    [
        pytest.param(STEADY, id="steady work"),
        pytest.param([2.0, 3.0, 4.0, 5.0], id="four in all"),
        pytest.param([*STEADY, 1.5, 2.5, 3.5], id="a little more"),
        pytest.param([*STEADY, *(day / 2 for day in range(1, 9))], id="what chance may bring"),
        pytest.param([year + day for year in (0, 180) for day in range(1, 9)], id="what comes twice a year"),
    ],
)
def test_activity_is_no_sign_when_it_is(days: Sequence[float]) -> None:
    assert not found({"exercise": events("at", days, kind="dr")})


def test_a_source_that_was_read_back_for_too_short_a_time_tells_nothing_usual() -> None:
    many = {"exercise": events("at", [1.0] * 30, kind="dr")}

    (told,) = looked(many, covered=AS_OF - 97 * DAY)
    assert told == NotLooked(
        Signal.BURST,
        "exercise",
        "test was read over 5 earlier periods of 14 days; 6 are needed to know what is usual",
    )
    assert [each.signal for each in found(many, covered=AS_OF - 98 * DAY)] == [Signal.BURST]
    assert not found(many, covered=None)


def test_the_burst_of_one_service_is_seen_among_many() -> None:
    busy = [event for number in range(60) for event in events("published_at", STEADY, service=f"s{number}")]

    late = events("published_at", [1.0 + number / 2 for number in range(16)], service="late")
    (sign,) = found({"postmortem": [*busy, *late]})
    assert "test for late (by published_at)" in sign.text
    assert {each.service for each in sign.records} == {"late"}


def test_texts_that_were_nearly_all_touched_in_a_fortnight_are_a_sign() -> None:
    fresh, old = {"updated_at": "2026-11-20T00:00:00Z"}, {"updated_at": "2026-03-01T00:00:00Z"}

    (sign,) = found({"document": [{**fresh, "repeat": 12}, {**old, "repeat": 3}]})
    assert sign.text == (
        "12 document records of test (by updated_at) fall in the last 14 days, of 15 at any time"
    )
    assert not found({"document": [{**fresh, "repeat": 12}, {**old, "repeat": 4}]})
    assert not found({"document": [{**fresh, "repeat": 9}]})


# own work


def problem(number: int, reporter: str, closer: str) -> dict[str, object]:
    return {**ticket(number, AS_OF - (10 + number) * DAY, closer), "reporter": reporter}


def test_one_person_who_alone_opens_and_closes_half_of_all_problems_is_a_sign() -> None:
    others = [problem(number, BOB, CARA) for number in range(3)]
    others += [problem(3 + number, CARA, CARA) for number in range(2)]

    (sign,) = found({"problem": [*others, *(problem(10 + number, ANN, ANN) for number in range(5))]})
    assert sign.signal is Signal.OWN_WORK
    assert sign.text.startswith(f"one person ({ANN}) opened and closed 5 of 10 problem records of test")
    assert not found({"problem": [*others, *(problem(10 + number, ANN, ANN) for number in range(4))]})


def test_a_team_of_two_has_nobody_else() -> None:
    both = [problem(number, ANN, ANN) for number in range(8)]

    assert not found({"problem": both})
    assert not found({"problem": [*both, *(problem(20 + number, BOB, BOB) for number in range(4))]})


def change_approved_by(*people: str) -> dict[str, object]:
    given = [{"by": each, "decision": "approved"} for each in people]
    return {"created_at": format_instant(AS_OF - 20 * DAY), "reporter": ANN, "approvals": given}


def test_changes_approved_by_nobody_but_who_asked_for_them_are_a_sign() -> None:
    (sign,) = found({"change": [
        {**change_approved_by(ANN), "repeat": 5},
        {**change_approved_by(BOB), "repeat": 3},
        {**change_approved_by(ANN, BOB), "repeat": 2},
    ]})  # fmt: skip

    assert sign.text.startswith("5 of 10 approved change records of test were approved by nobody but")
    assert not found({"change": [{**change_approved_by(ANN, BOB), "repeat": 10}]})
    assert not found({"change": [{**change_approved_by(ANN), "repeat": 4}]})


def test_where_no_approvals_are_told_it_could_not_be_looked() -> None:
    (told,) = looked({"change": [late_change(-2)]})

    assert told == NotLooked(Signal.OWN_WORK, "change", "no source tells who approved its changes")


# all of them


def test_evidence_that_a_question_fails_on_is_told_and_stops_nothing() -> None:
    with closing(duckdb.connect()) as connection:
        load_given(connection, record_types()["change"], [late_change(30)] * 8, AS_OF)
        connection.execute("ALTER TABLE change DROP COLUMN transitions")
        looking = Looking(connection, {"change"}, AS_OF, {"change": {"test": YEAR_AGO}}, thresholds())
        signs = list(looking.found())

    assert [each.signal for each in signs if isinstance(each, Suspicion)] == [Signal.BACK_DATED]
    failed = [each for each in signs if isinstance(each, NotLooked) and each.subject == "all records"]
    assert [each.signal for each in failed] == [Signal.BULK_CLOSING]
    assert failed[0].why.startswith("the question to the evidence failed: ")


def test_the_order_in_which_records_lie_does_not_matter() -> None:
    given = {
        "incident": closed_by_the_minute(14),
        "problem": [problem(number, ANN, ANN) for number in range(9)] + [problem(50, BOB, CARA)],
        "exercise": events("at", [1.0 + number / 3 for number in range(9)], kind="dr"),
    }
    shuffled = {name: [*records[1::2], *records[::2]] for name, records in given.items()}

    def named(signs: Sequence[Suspicion]) -> list[object]:
        return [(each.text, [record.said for record in each.records]) for each in signs]

    assert named(found(given)) == named(found(shuffled))


def test_every_threshold_says_why_it_is_there() -> None:
    limits = thresholds()

    signals = [name for name in type(limits).model_fields if name != "lately"]
    assert all(len(getattr(limits, name).because) > 40 for name in signals)
