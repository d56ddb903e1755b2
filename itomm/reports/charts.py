"""Charts as inline SVG: text in, text out. Looks come from CSS classes only, so a strict CSP holds.

Series differ by dashes and every number is printed, because colour alone is never enough.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from xml.etree.ElementTree import Element, SubElement, tostring

from itomm.reports.untrusted import visible_text
from itomm.reports.wording import NOT_RATED, bounds_text, index_text
from itomm.scoring.assessment import Interval

# Fewer axes enclose no area; more cannot be told apart (research/libraries.md, section 2).
RADAR_AXES = range(3, 13)

_RADIUS = 120.0
_FONT_SIZE = 14.0
_LINE_HEIGHT = 17.0
_LABEL_GAP = 16.0
_LABEL_CHARACTERS = 16
_LABEL_LINES = 3
# Widths of one character in font sizes: generous, so that no font clips a label.
_NARROW = 0.68
_WIDE = 1.05
_ASCENT, _DESCENT = 1.3, 0.6  # fonts for many scripts, such as Noto Sans, reach higher than they are large

_BAR_WIDTH = 120.0
_BAR_HEIGHT = 16.0
_BAR_MARGIN = 6.0


@dataclass(frozen=True)
class Scale:
    """The model's levels, from the lowest to the highest."""

    lowest: int = 1
    highest: int = 5

    @property
    def levels(self) -> range:
        """All levels."""
        return range(self.lowest, self.highest + 1)

    def across(self, value: float) -> float:
        """Where a value lies along a bar: 0 at the lowest level, 1 at the highest."""
        return (value - self.lowest) / (self.highest - self.lowest)

    def outward(self, value: float) -> float:
        """Where a value lies along an axis: the lowest level has a ring of its own, 1 is the outermost."""
        return (value - self.lowest + 1) / (self.highest - self.lowest + 1)


ONE_TO_FIVE = Scale()


@dataclass(frozen=True)
class Axis:
    """One axis of a radar: an index on the scale of levels; ``rated`` False draws a hollow point."""

    label: str
    index: Interval
    rated: bool


@dataclass(frozen=True)
class _Label:
    lines: tuple[str, ...]
    x: float
    first_baseline: float
    anchor: str

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom, estimated on the safe side."""
        width = max(_text_width(line) for line in self.lines)
        left = self.x - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        top = self.first_baseline - _ASCENT * _FONT_SIZE
        last_baseline = self.first_baseline + (len(self.lines) - 1) * _LINE_HEIGHT
        return left, top, left + width, last_baseline + _DESCENT * _FONT_SIZE


def radar(axes: Sequence[Axis], *, prefix: str, title: str, scale: Scale = ONE_TO_FIVE) -> str:
    """Index per axis as a closed line, with the low and high bound as dashed and dotted lines.

    Args:
        axes: 3 to 12 of them, clockwise from the top.
        prefix: makes the ids of this chart unique on the page.
        title: what the chart shows, in a sentence.
        scale: the levels, one ring each.

    Raises:
        ValueError: for a number of axes that a radar cannot show.
    """
    if len(axes) not in RADAR_AXES:
        raise ValueError(f"a radar shows 3 to 12 axes, not {len(axes)}; show the table alone")
    labels = [_label(axis, _angle(number, len(axes))) for number, axis in enumerate(axes)]
    svg = _svg(prefix, title, "; ".join(_reading(axis) for axis in axes) + ".", "radar")
    svg.set("viewBox", _surrounding_box(labels))
    _draw_grid(svg, len(axes), scale)
    _draw_series(svg, axes, scale)
    for label in labels:
        _draw_label(svg, label)
    return _text(svg)


def interval_bar(index: Interval, *, prefix: str, title: str, rated: bool, scale: Scale = ONE_TO_FIVE) -> str:
    """A small bar on the scale of levels: a band from low to high, a dot at the point."""
    svg = _svg(prefix, title, _interval_reading(index, rated=rated), "interval-bar")
    svg.set("viewBox", f"0 0 {_number(_BAR_WIDTH)} {_number(_BAR_HEIGHT)}")
    svg.set("width", _number(_BAR_WIDTH))
    svg.set("height", _number(_BAR_HEIGHT))
    middle = _BAR_HEIGHT / 2
    _line(svg, "chart-grid", (_bar_x(scale.lowest, scale), middle), (_bar_x(scale.highest, scale), middle))
    for level in scale.levels:
        _line(svg, "chart-grid", (_bar_x(level, scale), middle - 4), (_bar_x(level, scale), middle + 4))
    low, high = _bar_x(float(index.low), scale), _bar_x(float(index.high), scale)
    _line(svg, "chart-range", (low, middle), (high, middle))
    for end in (low, high):
        _line(svg, "chart-range-end", (end, middle - 4), (end, middle + 4))
    _dot(svg, _bar_x(float(index.point), scale), middle, 4, rated=rated)
    return _text(svg)


def _svg(prefix: str, title: str, description: str, name: str) -> Element:
    svg = Element("svg")
    svg.set("role", "img")
    svg.set("class", name)
    svg.set("aria-labelledby", f"{prefix}-title")
    svg.set("aria-describedby", f"{prefix}-description")
    for tag, part, words in (("title", "title", title), ("desc", "description", description)):
        element = SubElement(svg, tag)
        element.set("id", f"{prefix}-{part}")
        element.text = words
    return svg


def _draw_grid(svg: Element, count: int, scale: Scale) -> None:
    for level in scale.levels:
        corners = [_place(level, _angle(number, count), scale) for number in range(count)]
        _polygon(svg, "chart-grid", corners)
    for number in range(count):
        _line(svg, "chart-grid", (0.0, 0.0), _place(scale.highest, _angle(number, count), scale))
    for level in scale.levels:
        x, y = _place(level, _angle(0, count), scale)
        mark = SubElement(svg, "text")
        mark.set("class", "chart-mark")
        mark.set("x", _number(x + 3))
        mark.set("y", _number(y - 2))
        mark.set("font-size", "10")
        mark.text = str(level)


def _draw_series(svg: Element, axes: Sequence[Axis], scale: Scale) -> None:
    angles = [_angle(number, len(axes)) for number in range(len(axes))]
    low, high, point = (
        [_place(float(value), angle, scale) for value, angle in zip(values, angles, strict=True)]
        for values in (
            [axis.index.low for axis in axes],
            [axis.index.high for axis in axes],
            [axis.index.point for axis in axes],
        )
    )
    band = SubElement(svg, "path")
    band.set("class", "chart-band")
    band.set("fill-rule", "evenodd")
    band.set("d", f"M{_points(high)}Z M{_points(low)}Z")
    _polygon(svg, "chart-high", high)
    _polygon(svg, "chart-low", low)
    _polygon(svg, "chart-point", point)
    for axis, (x, y) in zip(axes, point, strict=True):
        dot = _dot(svg, x, y, 4, rated=axis.rated)
        SubElement(dot, "title").text = _reading(axis)


def _draw_label(svg: Element, label: _Label) -> None:
    text = SubElement(svg, "text")
    text.set("class", "chart-label")
    text.set("font-size", _number(_FONT_SIZE))
    text.set("text-anchor", label.anchor)
    for number, line in enumerate(label.lines):
        span = SubElement(text, "tspan")
        span.set("x", _number(label.x))
        span.set("y", _number(label.first_baseline + number * _LINE_HEIGHT))
        span.text = line


def _label(axis: Axis, angle: float) -> _Label:
    """Place an axis' name and numbers outside the outermost ring."""
    # Spaces between words only: a very long word is cut, and stands in full in the table beside.
    lines = wrap(axis.label, _LABEL_CHARACTERS, max_lines=_LABEL_LINES, placeholder="…") or [NOT_RATED]
    lines.append(_numbers(axis))
    across, down = math.sin(angle), -math.cos(angle)
    x = across * (_RADIUS + _LABEL_GAP)
    y = down * (_RADIUS + _LABEL_GAP)
    anchor = "middle" if abs(across) < 0.1 else "start" if across > 0 else "end"
    # At the top the block grows upwards, at the bottom downwards, at the sides around the axis' end.
    height = len(lines) * _LINE_HEIGHT
    first_baseline = y - height * (1 - down) / 2 + _FONT_SIZE
    return _Label(tuple(lines), x, first_baseline, anchor)


def _numbers(axis: Axis) -> str:
    point = index_text(axis.index.point) if axis.rated else NOT_RATED
    low, high = index_text(axis.index.low), index_text(axis.index.high)
    return point if low == high == point else f"{point} ({bounds_text(low, high)})"


def _reading(axis: Axis) -> str:
    return f"{axis.label}: {_interval_reading(axis.index, rated=axis.rated)}"


def _interval_reading(index: Interval, *, rated: bool) -> str:
    point = f"index {index_text(index.point)}" if rated else "not rated"
    low, high = index_text(index.low), index_text(index.high)
    return point if low == high else f"{point}, between {low} and {high}"


def _surrounding_box(labels: Sequence[_Label]) -> str:
    boxes = [label.box for label in labels]
    left = min(-_RADIUS, *(box[0] for box in boxes))
    top = min(-_RADIUS, *(box[1] for box in boxes))
    right = max(_RADIUS, *(box[2] for box in boxes))
    bottom = max(_RADIUS, *(box[3] for box in boxes))
    return " ".join(_number(value) for value in (left, top, right - left, bottom - top))


def _text_width(line: str) -> float:
    widths = (_WIDE if unicodedata.east_asian_width(letter) in "WF" else _NARROW for letter in line)
    return _FONT_SIZE * sum(widths)


def _angle(number: int, count: int) -> float:
    return 2 * math.pi * number / count


def _place(value: float, angle: float, scale: Scale) -> tuple[float, float]:
    distance = _RADIUS * scale.outward(value)
    return math.sin(angle) * distance, -math.cos(angle) * distance


def _bar_x(value: float, scale: Scale) -> float:
    return _BAR_MARGIN + scale.across(value) * (_BAR_WIDTH - 2 * _BAR_MARGIN)


def _polygon(svg: Element, name: str, corners: Sequence[tuple[float, float]]) -> None:
    polygon = SubElement(svg, "polygon")
    polygon.set("class", name)
    polygon.set("points", _points(corners))


def _line(svg: Element, name: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    line = SubElement(svg, "line")
    line.set("class", name)
    for attribute, value in (("x1", start[0]), ("y1", start[1]), ("x2", end[0]), ("y2", end[1])):
        line.set(attribute, _number(value))


def _dot(svg: Element, x: float, y: float, radius: float, *, rated: bool) -> Element:
    dot = SubElement(svg, "circle")
    dot.set("class", "chart-dot" if rated else "chart-dot unrated")
    dot.set("cx", _number(x))
    dot.set("cy", _number(y))
    dot.set("r", _number(radius))
    return dot


def _points(corners: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in corners)


def _number(value: float) -> str:
    """One decimal, without a minus before zero, so that no platform's last bit shows."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def _text(svg: Element) -> str:
    return visible_text(tostring(svg, encoding="unicode"))
