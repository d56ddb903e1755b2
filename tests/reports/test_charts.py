"""Charts are inline SVG that a strict CSP lets through, and that can be read without colour."""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree as ET

import pytest

from itomm.reports.charts import Axis, interval_bar, radar
from itomm.scoring.assessment import Interval

FIVE = Fraction(5)


def axis(label: str = "Service support", *, rated: bool = True) -> Axis:
    return Axis(label, Interval(Fraction(3, 2), Fraction(2), Fraction(7, 2)), rated)


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - written by the code under test


def classes(svg: str) -> list[str]:
    return [element.get("class", "") for element in parsed(svg).iter()]


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in parsed(svg).iter("tspan")]


@pytest.mark.parametrize("count", [3, 4, 12])
def test_a_radar_has_a_point_and_numbers_for_every_axis(count: int) -> None:
    svg = radar([axis(f"Axis {number}") for number in range(count)], prefix="r", title="Areas")
    assert classes(svg).count("chart-dot") == count
    assert texts(svg).count("2.00 (1.50\N{EN DASH}3.50)") == count


@pytest.mark.parametrize("count", [0, 1, 2, 13])
def test_a_radar_refuses_what_it_cannot_show(count: int) -> None:
    with pytest.raises(ValueError, match=f"not {count}; show the table"):
        radar([axis()] * count, prefix="r", title="Areas")


def test_low_point_and_high_are_separate_lines() -> None:
    svg = radar([axis()] * 4, prefix="r", title="Areas")
    lines = {
        element.get("class"): element.get("points")
        for element in parsed(svg).iter("polygon")
        if element.get("class") != "chart-grid"
    }
    assert set(lines) == {"chart-low", "chart-point", "chart-high"}
    assert len(set(lines.values())) == 3


def test_the_top_axis_reaches_the_outermost_ring_at_level_five() -> None:
    top = Axis("Top", Interval(FIVE, FIVE, FIVE), rated=True)
    svg = radar([top, axis(), axis()], prefix="r", title="Areas")
    assert "0,-120" in svg
    assert "5.00" in texts(svg)


def test_an_axis_that_is_not_rated_is_hollow_and_says_so() -> None:
    svg = radar([axis(), axis(), axis(rated=False)], prefix="r", title="Areas")
    assert classes(svg).count("chart-dot unrated") == 1
    assert "NR (1.50\N{EN DASH}3.50)" in texts(svg)


def test_charts_are_named_and_described_by_their_own_ids() -> None:
    for svg in (
        radar([axis()] * 3, prefix="one", title="Areas & more"),
        interval_bar(axis().index, prefix="one", title="Areas & more", rated=True),
    ):
        root = parsed(svg)
        assert root.get("role") == "img"
        title, description = root.find("title"), root.find("desc")
        assert title is not None
        assert description is not None
        assert (title.get("id"), title.text) == (root.get("aria-labelledby"), "Areas & more")
        assert description.get("id") == root.get("aria-describedby")
        assert "between 1.50 and 3.50" in (description.text or "")


def test_charts_carry_no_style_script_or_address() -> None:
    for svg in (
        radar([axis('<script>"&')] * 5, prefix="r", title="</svg><script>"),
        interval_bar(axis().index, prefix="b", title="</svg>", rated=False),
    ):
        allowed = {"svg", "title", "desc", "polygon", "line", "text", "path", "circle", "tspan"}
        assert {element.tag for element in parsed(svg).iter()} <= allowed
        attributes = {name for element in parsed(svg).iter() for name in element.keys()}  # noqa: SIM118 - XML
        assert not attributes & {"style", "href", "fill", "stroke"}
        assert not any(name.startswith("on") for name in attributes)


def test_a_very_long_name_is_cut_and_the_numbers_stay() -> None:
    svg = radar([axis("w" * 500), axis("word " * 60), axis("")], prefix="r", title="Areas")
    assert all(len(line) <= 24 for line in texts(svg))
    assert texts(svg).count("2.00 (1.50\N{EN DASH}3.50)") == 3


def test_labels_lie_inside_the_picture() -> None:
    svg = parsed(radar([axis("Infrastructure management " * 3)] * 7, prefix="r", title="Areas"))
    left, top, width, height = map(float, svg.get("viewBox", "").split())
    for span in svg.iter("tspan"):
        assert left <= float(span.get("x", "")) <= left + width
        assert top < float(span.get("y", "")) < top + height


def test_a_bar_runs_from_low_to_high() -> None:
    bar = parsed(interval_bar(Interval(Fraction(1), Fraction(3), FIVE), prefix="b", title="t", rated=True))
    reach = next(line for line in bar.iter("line") if line.get("class") == "chart-range")
    dot = next(bar.iter("circle"))
    assert (reach.get("x1"), reach.get("x2"), dot.get("cx")) == ("6", "114", "60")


def test_the_same_numbers_draw_the_same_picture() -> None:
    assert radar([axis()] * 5, prefix="r", title="t") == radar([axis()] * 5, prefix="r", title="t")
