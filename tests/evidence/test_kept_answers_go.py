"""What a run keeps of its answers goes when the run has ended or cannot be gone on with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from itomm.evidence.store import ANSWERS, Store
from tests.evidence.stores import NOON


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "store", create=True)
    yield opened
    opened.engine.dispose()


def begun(store: Store) -> Path:
    """A file of answers of a run that has begun."""
    folder = store.answers_folder(store.begin_run(NOON, "what is asked"))
    folder.mkdir(parents=True)
    file = folder / "tool.answers"
    file.write_bytes(b"kept")
    return file


def test_they_stay_while_the_run_can_be_gone_on_with(store: Store) -> None:
    file = begun(store)
    with store.writing("score"):
        assert file.exists()
    assert file.exists()


def test_they_go_with_the_end_of_the_run(store: Store) -> None:
    begun(store)
    store.end_run()
    assert not (store.folder / ANSWERS).exists()


def test_they_go_when_another_run_begins(store: Store) -> None:
    file = begun(store)
    store.begin_run(NOON, "something else is asked")
    assert not file.exists()


def test_those_of_a_run_that_nobody_knows_of_go(store: Store) -> None:
    stray = store.folder / ANSWERS / "000009" / "tool.answers"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"left over")
    with store.writing("score"):
        pass
    assert not (store.folder / ANSWERS).exists()
