"""Numbers are rounded once, half to even, and never read as more certain than they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest

from itomm.evidence.observation import UnknownReason
from itomm.reports import wording
from itomm.scoring.assessment import LevelRange, ScopeKind, Verdict, View


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Fraction(0), "0.00"),
        (Fraction(5), "5.00"),
        (Fraction(2345, 1000), "2.34"),
        (Fraction(2355, 1000), "2.36"),
        (Fraction(1, 3), "0.33"),
        (Fraction(4999, 1000), "5.00"),
        (Fraction(205, 100), "2.05"),
    ],
)
def test_an_index_has_two_decimals_rounded_half_to_even(value: Fraction, shown: str) -> None:
    assert wording.index_text(value) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (Fraction(0), "0 %"),
        (Fraction(1, 1000), "under 1 %"),
        (Fraction(5, 1000), "under 1 %"),
        (Fraction(6, 1000), "1 %"),
        (Fraction(5, 6), "83 %"),
        (Fraction(994, 1000), "99 %"),
        (Fraction(999, 1000), "over 99 %"),
        (Fraction(1), "100 %"),
    ],
)
def test_a_share_is_none_or_all_only_when_exactly_so(share: Fraction, shown: str) -> None:
    assert wording.share_text(share) == shown


def test_a_level_that_is_not_rated_shows_no_number() -> None:
    assert wording.level_text(LevelRange(1, 2, 4, rated=False)) == "NR"
    assert wording.level_text(LevelRange(1, 2, 4, rated=True)) == "2"


def test_bounds_that_agree_are_shown_once() -> None:
    assert wording.level_bounds_text(LevelRange(2, 2, 2, rated=True)) == "2"
    assert wording.level_bounds_text(LevelRange(1, 2, 4, rated=True)) == "1\N{EN DASH}4"


def test_a_levels_name_stops_before_the_colon() -> None:
    assert wording.level_name(1, {1: "Initial: ad-hoc"}) == "Initial"
    assert wording.level_name(2, {2: "Repeatable"}) == "Repeatable"
    assert wording.level_name(3, {}) == ""


def test_low_confidence_is_said_in_words() -> None:
    assert wording.confidence_text(Fraction(59, 100)) == "0.59 (low)"
    assert wording.confidence_text(Fraction(6, 10)) == "0.60"


@pytest.mark.parametrize(
    ("weight", "shown"), [(Fraction(1), "1"), (Fraction(3, 2), "1.5"), (Fraction(10), "10")]
)
def test_a_weight_has_no_needless_zeros(weight: Fraction, shown: str) -> None:
    assert wording.weight_text(weight) == shown


def test_an_instant_is_shown_in_utc() -> None:
    berlin = timezone(timedelta(hours=1))
    assert wording.instant_text(datetime(2026, 11, 22, 0, 30, tzinfo=berlin)) == "2026-11-21 23:30 UTC"
    assert wording.day_text(datetime(2026, 11, 22, 0, 30, tzinfo=berlin)) == "2026-11-21"
    assert wording.instant_text(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02 00:00 UTC"


def test_one_of_a_thing_is_singular() -> None:
    assert wording.count_text(1, "day", "days") == "1 day"
    assert wording.count_text(0, "day", "days") == "0 days"


def test_every_member_of_a_closed_set_has_words() -> None:
    assert set(wording.VERDICT_WORDS) == set(wording.VERDICT_SYMBOLS) == set(Verdict)
    assert set(wording.VIEW_TITLES) == set(View)
    assert set(wording.SCOPE_KIND_WORDS) == set(ScopeKind)
    for words in (wording.REASON_WORDS, wording.REASON_SENTENCES, wording.REASON_REMEDIES):
        assert set(words) == set(UnknownReason)


def test_verdicts_are_told_apart_without_colour() -> None:
    assert len(set(wording.VERDICT_WORDS.values())) == len(Verdict)
    assert len(set(wording.VERDICT_SYMBOLS.values())) == len(Verdict)


def test_a_word_without_an_entry_is_shown_as_it_is() -> None:
    assert wording.words_for(wording.LAYER_WORDS, "roll_up") == "the services' answers, by weight"
    assert wording.words_for(wording.LAYER_WORDS, "some_new_layer") == "some new layer"
