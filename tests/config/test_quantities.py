"""Quantities are exact, and what is printed is never another quantity."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itomm.config.quantities import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    WEEK,
    Dimension,
    Quantity,
    decimal_text,
    format_quantity,
    parse_quantity,
)


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("12", Dimension.NUMBER, Fraction(12)),
        ("-0.5", Dimension.NUMBER, Fraction(-1, 2)),
        ("+3", Dimension.NUMBER, Fraction(3)),
        ("90 %", Dimension.SHARE, Fraction(9, 10)),
        ("90%", Dimension.SHARE, Fraction(9, 10)),
        ("0.1 %", Dimension.SHARE, Fraction(1, 1000)),
        ("15 s", Dimension.DURATION, 15 * SECOND),
        ("30 min", Dimension.DURATION, 30 * MINUTE),
        ("4 h", Dimension.DURATION, 4 * HOUR),
        ("0.25 d", Dimension.DURATION, 6 * HOUR),
        ("2 wk", Dimension.DURATION, 2 * WEEK),
        ("  4   h  ", Dimension.DURATION, 4 * HOUR),
        ("3 /week", Dimension.RATE, Fraction(3, 7)),
        ("3 /day", Dimension.RATE, Fraction(3)),
        ("3 /month", Dimension.RATE, Fraction(1, 10)),
        ("0.1 d", Dimension.DURATION, DAY / 10),
    ],
)
def test_a_quantity_is_read_exactly(text: str, dimension: Dimension, value: Fraction) -> None:
    assert parse_quantity(text) == Quantity(dimension, value)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "h",
            "%",
            "four h",
            "4 hours",
            "4 H",
            "1,5 h",
            "4 h 30 min",
            "1e3",
            ".5",
            "5.",
            "1/2",
            "--1",
        ),
        *("4 /year", "4 / week", "nan", "inf", "\uff14 h", "4\u00b2", "4 \u00b5s", "4 h; drop", "9" * 5000),
    ],
)
def test_what_is_no_quantity_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(ValueError, match="a plain number, %, s, min, h, d, wk, /day, /week, /month"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("dimension", "value", "text"),
    [
        (Dimension.NUMBER, Fraction(2), "2"),
        (Dimension.NUMBER, Fraction(1, 3), "0.333"),
        (Dimension.NUMBER, Fraction(-1, 3), "-0.333"),
        (Dimension.NUMBER, Fraction(-1, 10**6), "0"),
        (Dimension.SHARE, Fraction(5, 6), "83.3 %"),
        (Dimension.SHARE, Fraction(1), "100 %"),
        (Dimension.SHARE, Fraction(-1, 4), "-25 %"),
        (Dimension.SHARE, Fraction(1, 8), "12.5 %"),
        (Dimension.DURATION, Fraction(0), "0 s"),
        (Dimension.DURATION, SECOND / 2, "0.5 s"),
        (Dimension.DURATION, Fraction(1), "0 s"),
        (Dimension.DURATION, 59 * SECOND, "59 s"),
        (Dimension.DURATION, 60 * SECOND, "1 min"),
        (Dimension.DURATION, 2 * HOUR + 10 * MINUTE, "2 h 10 min"),
        (Dimension.DURATION, -(2 * HOUR), "-2 h"),
        (Dimension.DURATION, 3 * DAY + 4 * HOUR, "3 d 4 h"),
        (Dimension.DURATION, 100 * DAY, "100 d"),
        (Dimension.RATE, Fraction(3, 7), "3 /week"),
        (Dimension.RATE, Fraction(1, 30), "0.23 /week"),
    ],
)
def test_a_quantity_is_written_for_people(dimension: Dimension, value: Fraction, text: str) -> None:
    assert format_quantity(Quantity(dimension, value)) == text


@given(st.integers(-(10**9), 10**9), st.integers(0, 3))
def test_a_number_of_few_decimals_survives_the_round_trip(digits: int, places: int) -> None:
    value = Fraction(digits, 10**places)
    assert parse_quantity(format_quantity(Quantity(Dimension.NUMBER, value))).value == value


@given(st.integers(-2000, 2000))
def test_a_share_of_tenths_of_a_percent_survives_the_round_trip(permille: int) -> None:
    quantity = Quantity(Dimension.SHARE, Fraction(permille, 1000))
    assert parse_quantity(format_quantity(quantity)) == quantity


@given(st.integers(1, 999), st.sampled_from(["s", "min", "h", "d"]))
def test_a_whole_duration_is_written_so_that_its_parts_add_up(count: int, unit: str) -> None:
    quantity = parse_quantity(f"{count} {unit}")
    words = format_quantity(quantity).split()
    parts = [parse_quantity(" ".join(words[place : place + 2])) for place in range(0, len(words), 2)]
    assert sum((part.value for part in parts), Fraction(0)) == quantity.value


@given(st.fractions(min_value=-(10**6), max_value=10**6), st.integers(0, 6))
def test_decimal_text_is_within_half_of_the_last_place(value: Fraction, places: int) -> None:
    text = decimal_text(value, places)
    assert abs(Fraction(text) - value) <= Fraction(1, 2 * 10**places)
    assert text != "-0"
    assert not ("." in text and text.endswith("0"))


@pytest.mark.parametrize(
    ("dimension", "value", "bound", "text"),
    [
        (Dimension.SHARE, Fraction(8996, 10_000), Fraction(9, 10), "89.96 %"),
        (Dimension.SHARE, Fraction(899_999, 1_000_000), Fraction(9, 10), "89.9999 %"),
        (Dimension.SHARE, Fraction(9, 10), Fraction(9, 10), "90 %"),
        (Dimension.SHARE, Fraction(3333, 10_000), Fraction(3333, 10_000), "33.33 %"),
        (Dimension.SHARE, Fraction(8996, 10_000), Fraction(4, 5), "90 %"),
        (Dimension.DURATION, 4 * HOUR + 20 * SECOND, 4 * HOUR, "4 h 20 s"),
        (Dimension.DURATION, 4 * HOUR + 20 * SECOND, 24 * HOUR, "4 h"),
        (Dimension.DURATION, 4 * HOUR - Fraction(1, 3), 4 * HOUR, "3 h 59 min 59.9999997 s"),
        (Dimension.DURATION, -(4 * HOUR + 20 * SECOND), -4 * HOUR, "-4 h 20 s"),
        (Dimension.DURATION, Fraction(1, 7), Fraction(0), "0.0000001 s"),
        (Dimension.DURATION, -Fraction(1), DAY, "0 s"),
        (Dimension.RATE, Fraction(1, 30), Fraction(1, 30), "0.23 /week"),
        (Dimension.RATE, Fraction(2996, 7000), Fraction(3, 7), "2.996 /week"),
        (Dimension.NUMBER, Fraction(199_999, 100_000), Fraction(2), "1.99999"),
    ],
)
def test_what_is_written_never_reads_as_reaching_a_bound_that_it_misses(
    dimension: Dimension, value: Fraction, bound: Fraction, text: str
) -> None:
    assert format_quantity(Quantity(dimension, value), beside=[bound]) == text


@given(
    st.sampled_from(list(Dimension)),
    st.fractions(min_value=-(10**9), max_value=10**12, max_denominator=10**6),
    st.fractions(min_value=-2, max_value=2, max_denominator=10**6),
)
def test_two_quantities_that_differ_are_told_apart_by_what_is_written(
    dimension: Dimension, bound: Fraction, apart: Fraction
) -> None:
    value = bound + apart
    text = format_quantity(Quantity(dimension, value), beside=[bound])
    words = text.removeprefix("-").split()
    parts = [parse_quantity(" ".join(words[place : place + 2])) for place in range(0, len(words), 2)]
    said = sum((part.value for part in parts), Fraction(0)) * (-1 if text.startswith("-") else 1)
    assert (said > bound) is (value > bound) or apart == 0
    assert (said < bound) is (value < bound) or apart == 0
