"""The verdict sentence says the level, its bounds, what holds it back, and who decided how much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from itomm.reports.verdict import HEADLINE_VIEW, decided_shares, organisation_of, verdict_sentence
from itomm.scoring.assessment import (
    Assessment,
    LevelRange,
    ScopeKind,
    ScopeScore,
    Verdict,
    View,
)
from tests.reports.sample_assessment import Sample, SampleBuilder

Adjust = Callable[[ScopeScore], ScopeScore]


def with_organisation_score(assessment: Assessment, adjust: Adjust, *views: View) -> Assessment:
    organisation = organisation_of(assessment)
    changed = {
        view: adjust(score) if view in (views or View) else score
        for view, score in organisation.views.items()
    }
    return replace(assessment, scopes=(replace(organisation, views=changed), *assessment.scopes[1:]))


def at_levels(score: ScopeScore, level: LevelRange, practice_levels: list[int]) -> ScopeScore:
    """All practices at 4 but the first ones, whose levels are given; the first area at the level itself."""
    levels = [*practice_levels, *[4] * len(score.practices)]
    practices = tuple(
        replace(each, level=LevelRange(point, point, point, rated=True))
        for each, point in zip(score.practices, levels, strict=False)
    )
    areas = tuple(
        replace(each, level=level if number == 0 else LevelRange(4, 4, 4, rated=True))
        for number, each in enumerate(score.areas)
    )
    return replace(score, level=level, practices=practices, areas=areas)


def test_the_only_practice_that_holds_back_is_named_with_its_area(sample: Sample) -> None:
    level = LevelRange(1, 2, 3, rated=True)
    sentence = verdict_sentence(
        with_organisation_score(sample.assessment, lambda score: at_levels(score, level, [2, 4]))
    )
    assert sentence.startswith(
        "Acme is at level 2 (Repeatable), between 1 and 3 once the unknown is answered; "
        "held back by Practice 0 of Service delivery (A0-P0) in Service delivery. "
    )


def test_two_practices_are_both_named(sample: Sample) -> None:
    level = LevelRange(2, 2, 2, rated=True)
    sentence = verdict_sentence(
        with_organisation_score(sample.assessment, lambda score: at_levels(score, level, [2, 1]))
    )
    assert sentence.startswith(
        "Acme is at level 2 (Repeatable); "
        "held back by Practice 1 of Service delivery (A0-P1) in Service delivery "
        "and Practice 0 of Service delivery (A0-P0) in Service delivery. "
    )


@pytest.mark.parametrize(("per_area", "more"), [(3, "and 1 more practice."), (4, "and 2 more practices.")])
def test_of_many_practices_the_lowest_are_named_and_the_rest_counted(
    build_sample: SampleBuilder, per_area: int, more: str
) -> None:
    assessment = build_sample(practices_per_area=per_area).assessment
    level = LevelRange(2, 2, 2, rated=True)
    sentence = verdict_sentence(
        with_organisation_score(assessment, lambda score: at_levels(score, level, [2, 2, 1, 2][:per_area]))
    )
    assert (
        "held back most by Practice 2 of Service delivery (A0-P2) in Service delivery, Practice" in sentence
    )
    assert more in sentence


def test_nothing_holds_back_the_highest_level(sample: Sample) -> None:
    level = LevelRange(5, 5, 5, rated=True)

    def highest(score: ScopeScore) -> ScopeScore:
        return at_levels(score, level, [5] * 8)

    sentence = verdict_sentence(with_organisation_score(sample.assessment, highest))
    assert sentence.startswith("Acme is at level 5 (Optimized). ")


def test_too_little_known_gives_no_level_but_its_bounds(sample: Sample) -> None:
    level = LevelRange(1, 2, 4, rated=False)

    def unrated(score: ScopeScore) -> ScopeScore:
        return replace(at_levels(score, level, [2]), known_share=Fraction(41, 100))

    sentence = verdict_sentence(with_organisation_score(sample.assessment, unrated))
    assert sentence.startswith(
        "Acme is not rated: too little is known (41 % of what decides its level); "
        "the level lies between 1 and 4. "
    )
    assert "level 2" not in sentence


def test_bounds_are_put_down_to_weak_evidence_when_nothing_is_unknown(sample: Sample) -> None:
    level = LevelRange(1, 2, 2, rated=True)

    def weak(score: ScopeScore) -> ScopeScore:
        return replace(at_levels(score, level, [2]), known_share=Fraction(1))

    sentence = verdict_sentence(with_organisation_score(sample.assessment, weak))
    assert "between 1 and 2 as some of the evidence is weak; held back by" in sentence


@pytest.mark.parametrize(
    ("rated", "said"),
    [(True, "On evidence alone it is at level 1."), (False, "On evidence alone it is not rated.")],
)
def test_the_level_on_evidence_alone_is_said_when_people_changed_it(
    sample: Sample, rated: bool, said: str
) -> None:
    alone = LevelRange(1, 1, 2, rated=rated)
    together = LevelRange(1, 3, 3, rated=True)
    assessment = with_organisation_score(
        sample.assessment, lambda score: at_levels(score, together, [3]), HEADLINE_VIEW
    )
    assessment = with_organisation_score(
        assessment, lambda score: at_levels(score, alone, [1]), View.EVIDENCE
    )
    assert said in verdict_sentence(assessment)


def test_the_level_on_evidence_alone_is_not_repeated_when_people_changed_nothing(sample: Sample) -> None:
    level = LevelRange(1, 2, 3, rated=True)
    assessment = with_organisation_score(sample.assessment, lambda score: at_levels(score, level, [2]))
    assert "On evidence alone" not in verdict_sentence(assessment)


def test_a_practice_that_stays_low_whatever_the_unknown_is_named_first(sample: Sample) -> None:
    level = LevelRange(2, 2, 3, rated=True)

    def adjust(score: ScopeScore) -> ScopeScore:
        lowered = at_levels(score, level, [2, 2])
        open_one = replace(lowered.practices[0], level=LevelRange(2, 2, 5, rated=False))
        return replace(lowered, practices=(open_one, *lowered.practices[1:]))

    sentence = verdict_sentence(with_organisation_score(sample.assessment, adjust))
    assert sentence.index("(A0-P1)") < sentence.index("(A0-P0)")


def only(sample: Sample, criterion: str) -> Assessment:
    """The assessment with one criterion in its questionnaire, so that shares can be told by hand."""
    model = sample.assessment.model
    return replace(sample.assessment, model=replace(model, criteria=(model.by_id[criterion],)))


def test_shares_add_up_to_one_and_know_who_decided(sample: Sample) -> None:
    shares = decided_shares(sample.assessment)
    assert shares.evidence + shares.people + shares.unknown == 1
    assert min(shares.evidence, shares.people, shares.unknown) > 0


@pytest.mark.parametrize(
    ("layer", "expected"),
    [("rule", (1, 0, 0)), ("person", (0, 1, 0)), ("override", (0, 1, 0)), ("nobody", (0, 0, 1))],
)
def test_each_layer_is_one_partys_decision(
    sample: Sample, layer: str, expected: tuple[int, int, int]
) -> None:
    answer = next(
        each
        for each in organisation_of(sample.assessment).answers
        if each.in_force[HEADLINE_VIEW].layer == layer
        and each.in_force[HEADLINE_VIEW].points is not None
        and (layer != "rule" or each.in_force[HEADLINE_VIEW].known_share == 1)
    )
    shares = decided_shares(only(sample, answer.criterion))
    assert (shares.evidence, shares.people, shares.unknown) == tuple(map(Fraction, expected))


def test_what_is_not_applicable_has_no_share(sample: Sample) -> None:
    dropped = next(
        each.criterion
        for each in organisation_of(sample.assessment).answers
        if each.in_force[HEADLINE_VIEW].points is None
    )
    model = sample.assessment.model
    kept = tuple(text for text in model.criteria if text.id != dropped)
    without = replace(sample.assessment, model=replace(model, criteria=kept))
    assert decided_shares(sample.assessment) == decided_shares(without)


def test_an_override_of_a_service_counts_as_decided_by_people_in_the_roll_up(sample: Sample) -> None:
    """Rolled up from three services: evidence, unknown, override, each a third."""
    shares = decided_shares(only(sample, rolled_up_criterion(sample)))
    assert (shares.evidence, shares.people, shares.unknown) == (
        Fraction(1, 3),
        Fraction(1, 3),
        Fraction(1, 3),
    )


def test_an_answer_inherited_from_what_people_said_counts_as_theirs(sample: Sample) -> None:
    criterion = rolled_up_criterion(sample)
    assessment = only(sample, criterion)
    scopes = list(assessment.scopes)
    for position, scope in enumerate(scopes[1:], start=1):
        answers = tuple(
            answer._replace(in_force={**answer.in_force, HEADLINE_VIEW: inherited})
            if answer.criterion == criterion and answer.in_force[View.EVIDENCE].known_share == 0
            else answer
            for answer in scope.answers
            for inherited in [replace(answer.in_force[HEADLINE_VIEW], verdict=Verdict.YES, layer="inherited")]
        )
        scopes[position] = replace(scope, answers=answers)
    before, after = decided_shares(assessment), decided_shares(replace(assessment, scopes=tuple(scopes)))
    assert before.evidence == after.evidence == Fraction(1, 3)


def rolled_up_criterion(sample: Sample) -> str:
    return next(
        each.criterion
        for each in organisation_of(sample.assessment).answers
        if each.in_force[HEADLINE_VIEW].layer == "roll_up"
    )


def test_without_any_answer_all_is_unknown(sample: Sample) -> None:
    organisation = organisation_of(sample.assessment)
    nothing = replace(organisation.views[HEADLINE_VIEW], known_share=Fraction(0))
    empty = replace(organisation, answers=(), views=dict.fromkeys(View, nothing))
    services = tuple(
        replace(each, answers=()) for each in sample.assessment.scopes if each.kind is ScopeKind.SERVICE
    )
    shares = decided_shares(replace(sample.assessment, scopes=(empty, *services)))
    assert (shares.evidence, shares.people) == (Fraction(0), Fraction(0))
    assert shares.unknown == Fraction(1)
