"""Scoring faults known of other tools, one test each (research on maturity tools, 3.2)."""

from __future__ import annotations

from fractions import Fraction

import pytest

from itomm.evidence.decisions import Decisions
from itomm.evidence.observation import UnknownReason
from itomm.scoring.assess import score_answers
from itomm.scoring.assessment import Interval, View
from tests.scoring.organisations import (
    AS_OF,
    INSTANT,
    ORGANISATION,
    answer,
    criterion,
    inferred,
    model,
    override,
    rules,
    scored,
    service,
)

TEN = [criterion(f"A-P-2.{number}") for number in range(1, 11)]
FAILED = inferred("unknown", UnknownReason.COLLECTION_FAILED)


def test_a_mean_does_not_hide_a_practice_at_the_bottom() -> None:
    # SAMM: practices at 0, 3 and 3 average to 2.0. Here the one at the bottom holds all three back.
    criteria = [criterion(f"A-{name}-{level}.1") for name in ("P", "Q", "R") for level in (2, 3, 4, 5)]
    answers = {each.id: answer("no" if each.practice == "A-P" else "yes") for each in criteria}
    found = score_answers(model(criteria), answers, rules())
    assert found.index.point == Fraction(1 + 5 + 5, 3)
    assert found.level.point == 1


def test_dropping_what_is_unknown_does_not_inflate() -> None:
    # SESORA, Zero Trust, Scorecard: nine pass and one fails, 90 %; let the failing one error, 100 %.
    verdicts = {each.id: "yes" for each in TEN[:9]} | {TEN[9].id: "no"}
    results = [
        scored(
            model(TEN),
            [service("s1")],
            by_organisation={on: inferred(verdict) for on, verdict in verdicts.items()} | lost,
            profile="strict",
        )[ORGANISATION].views[View.EVIDENCE]
        for lost in ({}, {TEN[9].id: FAILED})
    ]
    assert results[0].index == Interval(Fraction(19, 10), Fraction(19, 10), Fraction(19, 10))
    assert results[1].index == Interval(Fraction(19, 10), Fraction(19, 10), Fraction(5))


def test_an_outage_is_not_counted_as_a_fail() -> None:
    # SAMM, DSOMM, New Relic: what could not be read is a fail. Here it is unknown, and yes stays possible.
    found = scored(model(TEN[:1]), [service("s1")], by_organisation={TEN[0].id: FAILED})[ORGANISATION]
    assert found.answers[0].in_force[View.EVIDENCE].verdict == "unknown"
    level = found.views[View.EVIDENCE].level
    assert (level.rated, level.high) == (False, 5)


def test_leaving_a_criterion_out_is_disclosed_and_cannot_lift_the_evidence_view() -> None:
    # hackmyagent 450: ignoring a check raised 69 to 98, and nobody was told.
    said = {TEN[0].id: inferred("yes"), TEN[1].id: inferred("no")}
    ignored = override("not_applicable", "no", on=TEN[1].id)
    questionnaire = model(TEN[:2])
    found = scored(questionnaire, [service("s1")], by_organisation=said, decisions=Decisions((), (ignored,)))[
        ORGANISATION
    ]
    assert found.views[View.EVIDENCE] == found.views[View.STATED]
    assert found.views[View.EVIDENCE].level.point == 1
    assert found.views[View.OVERRIDES].level.point == 5
    shown = found.answers[1]
    assert shown.inferred == said[TEN[1].id]
    assert [(each.state, each.kind, each.reason) for each in shown.overrides] == [
        ("active", "not_applicable", ignored.reason)
    ]


def test_parts_with_equal_scores_are_all_kept() -> None:
    # A map keyed by score loses all but one of the parts that score the same.
    criteria = [criterion(f"{area}-{name}-2.1") for area in "AB" for name in "PQR"]
    found = score_answers(model(criteria), {each.id: answer("partial") for each in criteria}, rules())
    assert len(found.areas) == 2
    assert len(found.practices) == 6
    assert found.index.point == Fraction(3, 2)


def test_pooling_and_grouping_agree() -> None:
    # New Relic shows pooled and mean-of-means figures that differ. Here groups of unequal size, one of them
    # partly not applicable, change nothing: (1 x yes + 4 x no) / 5.
    said = {"s1": "yes", "s2": "not_applicable", "s3": "no"}
    points = []
    for groups in ((None, None, None), ("g1", "g1", "g2"), ("g1", "g2", "g2")):
        services = [
            service(name, weight, group)
            for name, weight, group in zip(said, ("1", "7", "4"), groups, strict=True)
        ]
        results = scored(
            model(TEN[:1]),
            services,
            by_service={(TEN[0].id, name): inferred(verdict) for name, verdict in said.items()},
        )
        found = results[ORGANISATION].answers[0].in_force[View.EVIDENCE].points
        assert found is not None
        points.append(found.point)
    assert points == [Fraction(1, 5)] * 3


def test_one_blank_neither_counts_for_the_rest_nor_wipes_it_out() -> None:
    # The same six answers, one of them blank: the SAMM toolbox says 2.5 of 3, SAMMwise 0.
    criteria = TEN[:6]
    answers = {each.id: answer("yes") for each in criteria} | {criteria[5].id: answer("unknown")}
    found = score_answers(model(criteria), answers, rules("strict"))
    assert found.index == Interval(1 + Fraction(5, 6), 1 + Fraction(5, 6), Fraction(5))
    assert found.known_share == Fraction(5, 6)


@pytest.mark.parametrize(("weights", "level"), [((3, 1), 5), ((3 * 10**17, 10**17 + 1), 1)])
def test_a_threshold_is_met_at_the_edge_and_missed_by_the_least_below_it(
    weights: tuple[int, int], level: int
) -> None:
    # 0.75 is met; a float takes 3e17 / (4e17 + 1) for 0.75 as well, a fraction does not.
    criteria = [criterion("A-P-2.1", weights[0]), criterion("A-P-2.2", weights[1])]
    answers = {"A-P-2.1": answer("yes"), "A-P-2.2": answer("no")}
    assert score_answers(model(criteria), answers, rules()).level.point == level


def test_the_instant_as_of_which_is_scored_decides_and_no_clock() -> None:
    ending = override("yes", "no", on=TEN[0].id, expires_at=AS_OF)
    levels = [
        scored(
            model(TEN[:1]),
            [service("s1")],
            by_organisation={TEN[0].id: inferred("no")},
            decisions=Decisions((), (ending,)),
            as_of=as_of,
        )[ORGANISATION]
        .views[View.OVERRIDES]
        .level.point
        for as_of in (AS_OF - INSTANT, AS_OF)
    ]
    assert levels == [5, 1]


def test_a_partial_run_publishes_no_overall_level() -> None:
    # Scorecard: a subset of the checks gives another aggregate that looks just like the full one.
    said = {each.id: inferred("yes") for each in TEN[:5]}
    found = scored(model(TEN), [service("s1")], by_organisation=said)[ORGANISATION].views[View.EVIDENCE]
    assert not found.level.rated
    assert (found.level.low, found.level.high) == (1, 5)
