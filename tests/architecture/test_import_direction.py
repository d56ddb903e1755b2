"""Imports run one way; the arrows are those of the design (docs/explanation/architecture.md)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import itomm

PACKAGE = Path(itomm.__file__).parent
ALLOWED = {
    "config": set[str](),
    "evidence": {"config"},
    "rules": {"evidence", "config"},
    "scoring": {"rules", "evidence", "config"},
    "reports": {"scoring", "rules", "evidence", "config"},
    "collectors": {"evidence", "config"},
    "trackers": {"reports", "collectors", "config"},
    "estate": {"config"},
    "cli": {"trackers", "reports", "scoring", "rules", "evidence", "config", "collectors", "estate"},
}
PURE = ("rules", "scoring")
NEVER_IN_PURE_PARTS = {"socket", "requests", "urllib", "http", "time", "random"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} uses a relative import"
            yield str(node.module)


def part_of(path: Path) -> str:
    inside = path.relative_to(PACKAGE).parts
    return inside[0] if len(inside) > 1 else ""


def test_every_part_of_the_package_has_its_place_in_the_flow() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}

    assert folders == set(ALLOWED)


@pytest.mark.parametrize("part", sorted(ALLOWED))
def test_imports_run_one_way(part: str) -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in modules()
        if part_of(path) == part
        for name in imported(path)
        if name.startswith("itomm.") and name.split(".")[1] not in {*ALLOWED[part], part}
    ]

    assert wrong == []


@pytest.mark.parametrize("part", PURE)
def test_rules_and_scoring_reach_neither_network_nor_clock(part: str) -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in modules()
        if part_of(path) == part
        for name in imported(path)
        if name.split(".")[0] in NEVER_IN_PURE_PARTS
    ]
    asking = [
        str(path.relative_to(PACKAGE))
        for path in modules()
        if part_of(path) == part
        and any(
            word in path.read_text(encoding="utf-8") for word in ("datetime.now", "utcnow", "system_clock")
        )
    ]

    assert wrong + asking == []


def test_only_the_clock_module_asks_for_the_time() -> None:
    asking = [
        str(path.relative_to(PACKAGE))
        for path in modules()
        if any(
            word in path.read_text(encoding="utf-8") for word in ("datetime.now(", "utcnow(", "date.today(")
        )
    ]

    assert asking == ["config/clock.py"]
