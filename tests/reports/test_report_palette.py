"""Text keeps 4.5:1 against every ground it stands on (WCAG 2.2, 1.4.3), and lines that carry meaning 3:1."""

from __future__ import annotations

import re
from importlib import resources

import pytest

TEXT_ON = {
    "text": ("ground", "raised", "notice", "level-1", "level-2", "level-3", "level-4", "level-5"),
    "muted": ("ground", "raised"),
    "link": ("ground", "raised"),
    "yes": ("ground", "raised"),
    "partial": ("ground", "raised"),
    "no": ("ground", "raised"),
    "unknown": ("ground", "raised"),
}
LINES = ("accent", "strong-line")


def palettes() -> dict[str, dict[str, str]]:
    css = resources.files("itomm.reports").joinpath("static", "report.css").read_text(encoding="utf-8")
    roots = re.findall(r":root\s*\{([^}]*)\}", css)
    found = [dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", root)) for root in roots]
    return dict(zip(("light", "dark", "print"), found, strict=True))


def luminance(colour: str) -> float:
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("name", ["light", "dark", "print"])
def test_text_can_be_read_on_every_ground(name: str) -> None:
    palette = palettes()[name]
    faint = {
        (text, ground): round(contrast(palette[text], palette[ground]), 2)
        for text, grounds in TEXT_ON.items()
        for ground in grounds
        if contrast(palette[text], palette[ground]) < 4.5
    }
    assert faint == {}


@pytest.mark.parametrize("name", ["light", "dark", "print"])
def test_lines_that_carry_meaning_can_be_seen(name: str) -> None:
    palette = palettes()[name]
    assert all(contrast(palette[line], palette["ground"]) >= 3 for line in LINES)


@pytest.mark.parametrize("name", ["light", "dark", "print"])
def test_the_extreme_levels_stand_out_most(name: str) -> None:
    palette = palettes()[name]
    saturation = [
        max(channels) - min(channels)
        for level in range(1, 6)
        for channels in [[int(palette[f"level-{level}"][start : start + 2], 16) for start in (1, 3, 5)]]
    ]
    assert saturation[0] > saturation[1] > saturation[2] < saturation[3] < saturation[4]
