"""Scoring as of T from today's store says what a store said that was collected at T."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from itomm.cli.workspace import Workspace
from itomm.estate.estate import Estate
from itomm.evidence.observation import UnknownReason
from itomm.rules.answer import Verdict
from tests.journeys.conftest import SMALL
from tests.journeys.door import ESTATE_TOKEN, TOKEN_VARIABLE
from tests.journeys.replay import Told, collected, differences, needs_state, rests_on_events, told_by

TODAY = datetime(2026, 11, 1, 6, tzinfo=UTC)
CHANCE = random.Random(20261101)  # noqa: S311  reproducible, not secret
INSTANTS = [TODAY - timedelta(seconds=CHANCE.randrange(86_400, 40 * 86_400)) for _ in range(2)]


@pytest.fixture(scope="module")
def habits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A young company with a long memory, so that its whole life is covered at every instant."""
    written = yaml.safe_load(SMALL.read_text(encoding="utf-8"))
    path = tmp_path_factory.mktemp("habits") / "young.yaml"
    path.write_text(
        yaml.safe_dump({**written, "history_months": 3, "retention_days": 420}, allow_unicode=True),
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def today(habits: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(TOKEN_VARIABLE, ESTATE_TOKEN)
        yield collected(tmp_path_factory.mktemp("today"), Estate.load(habits))


@pytest.fixture
def both(today: Workspace, habits: Path, tmp_path: Path) -> Callable[[datetime], tuple[Told, Told]]:
    """What today's store and one that was collected at an instant say of that instant."""

    def tell(instant: datetime) -> tuple[Told, Told]:
        key = today.existing_store.pseudonym_key()
        then = collected(tmp_path / "then", Estate.load(habits, as_of=instant), key)
        rules = [rule for rule in today.rule_set.rules if rests_on_events(rule)]
        return told_by(today, rules, instant), told_by(then, rules, instant)

    return tell


@pytest.mark.parametrize("instant", INSTANTS, ids=str)
def test_a_past_instant_reads_as_if_it_had_been_collected_then(
    both: Callable[[datetime], tuple[Told, Told]], instant: datetime
) -> None:
    told_today, told_then = both(instant)
    compared = told_today.covered & told_then.covered
    decided = [
        scope
        for scope, answer in told_today.answers.items()
        if scope[0] in compared and answer.verdict is not Verdict.UNKNOWN
    ]

    assert list(differences(told_today, told_then)) == []
    assert len(compared) >= 45, "nearly all rules that rest on events are compared"
    assert len(decided) >= 40, "and enough of them have something to say"


def test_what_rests_on_state_is_unknown_before_it_was_first_seen(today: Workspace) -> None:
    rules = [rule for rule in today.rule_set.rules if needs_state(rule)]
    told = told_by(today, rules, TODAY - timedelta(seconds=1))

    assert len(rules) > 50
    assert {(answer.verdict, answer.reason) for answer in told.answers.values()} == {
        (Verdict.UNKNOWN, UnknownReason.NEVER_COLLECTED)
    }
    assert any(
        answer.verdict is not Verdict.UNKNOWN for answer in told_by(today, rules, TODAY).answers.values()
    )
