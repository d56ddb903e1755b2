"""What teams keep: every entry is sound, counts what it says, and is known to unlock what rules ask for."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from itomm.evidence.record_types import record_types
from itomm.evidence.segments.duckdb_connection import connect
from itomm.rules.conventions import Convention, answered_by, conventions, found_in
from itomm.rules.given_records import given_records, load_given
from itomm.rules.pack import load_packs

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
RULES = load_packs(["itomm"], tests=False).rules
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "keep-what-shows.md"
BY_NAME = {each.name: each for each in conventions()}


@pytest.mark.parametrize("convention", conventions(), ids=lambda each: each.name)
def test_every_convention_unlocks_something_and_is_documented(convention: Convention) -> None:
    assert answered_by(convention, RULES, AS_OF)
    page = PAGE.read_text(encoding="utf-8")
    assert f"| `{convention.name}` | {convention.keep}" in page
    assert convention.configure in page


def test_names_are_used_once() -> None:
    assert len(BY_NAME) == len(conventions())


def test_a_convention_about_a_value_is_not_taken_for_another() -> None:
    runbooks, reports = (set(answered_by(BY_NAME[name], RULES, AS_OF)) for name in ("runbooks", "reports"))
    assert "SS-KNO-2.1" in runbooks
    assert not runbooks & reports


def test_only_records_that_show_it_are_counted() -> None:
    written: list[dict[str, object]] = [{"runbook_url": "https://wiki.example/a"}, {"runbook_url": None}, {}]
    with closing(connect()) as connection:
        load_given(connection, record_types()["alert_rule"], given_records("alert_rule", written), AS_OF)
        assert found_in(connection, [BY_NAME["runbook-links"]], AS_OF) == {"runbook-links": 1}
