"""The pages about criteria say what the questionnaire and its rules say."""

from __future__ import annotations

import runpy
from pathlib import Path

from itomm.rules.pack import load_packs

FOLDER = Path(__file__).parents[2] / "docs" / "reference" / "criteria"
RENEW = "run: .venv/bin/python docs/reference/criteria/write_pages.py"


def test_pages_are_written_from_the_shipped_questionnaire() -> None:
    written = runpy.run_path(str(FOLDER / "write_pages.py"))["pages"](load_packs(["itomm"]))
    found = {page.name: page.read_text(encoding="utf-8") for page in FOLDER.glob("*.md")}

    assert sorted(found) == sorted(written), RENEW
    assert [name for name in sorted(found) if found[name] != written[name]] == [], RENEW


def test_every_criterion_has_its_place_and_every_rule_its_mention() -> None:
    pack = load_packs(["itomm"])
    pages = "\n".join(page.read_text(encoding="utf-8") for page in sorted(FOLDER.glob("*.md")))

    assert [each.id for each in pack.model.criteria if f"\n## {each.id} {each.title}\n" not in pages] == []
    assert [rule.name for rule in pack.rules if f"Rule `{rule.name}`" not in pages] == []
