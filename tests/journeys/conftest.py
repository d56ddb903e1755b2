from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import itomm.estate
from itomm.estate.estate import Estate
from itomm.estate.server import EstateServer
from itomm.evidence.reading.snapshot import Snapshot
from itomm.rules.evaluation import InferredAnswers, ServiceKeys, evaluate
from itomm.rules.rule import Rule
from itomm.rules.signals.in_evidence import signals_in
from itomm.rules.signals.suspicion import NotLooked, Suspicion
from tests.journeys.door import ESTATE_TOKEN, TOKEN_VARIABLE, Door, assessed, configured

SMALL = Path(itomm.estate.__file__).parent / "habits" / "two_services.yaml"


@pytest.fixture(scope="session")
def small_estate() -> Estate:
    return Estate.load(SMALL)


@pytest.fixture
def small_server(small_estate: Estate) -> Iterator[EstateServer]:
    with EstateServer(small_estate) as server:
        yield server


@pytest.fixture(scope="session")
def collected_once(small_estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with configuration and store after one complete assessment; not to be written to."""
    folder = tmp_path_factory.mktemp("collected")
    with EstateServer(small_estate) as server:
        done = assessed(configured(folder, small_estate, server))
    assert done.code == 0, done.out + done.err
    return folder


@pytest.fixture(scope="session")
def collected_twice(
    collected_once: Path, small_estate: Estate, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """As ``collected_once``, and once more a day later; not to be written to."""
    folder = tmp_path_factory.mktemp("collected") / "twice"
    shutil.copytree(collected_once, folder)
    with EstateServer(small_estate) as server:
        done = assessed(configured(folder, small_estate, server), now="2026-11-02T06:00:00Z")
    assert done.code == 0, done.out + done.err
    return folder


@pytest.fixture
def workspace(collected_once: Path, tmp_path: Path) -> Path:
    """A copy of the collected folder, free to be changed; the configuration's path."""
    folder = tmp_path / "workspace"
    shutil.copytree(collected_once, folder)
    return folder / "itomm.yaml"


@pytest.fixture
def itomm_at_the_door(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Door:
    monkeypatch.setenv(TOKEN_VARIABLE, ESTATE_TOKEN)
    return Door(monkeypatch, capsys)


_found: dict[Hashable, Any] = {}


@pytest.fixture
def answers_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rules over the same evidence are evaluated once for all tests of this process.

    For tests of what is made of answers; those of how answers are found must not use it.
    """

    def evaluated(
        rules: Sequence[Rule], snapshot: Snapshot, services: Sequence[ServiceKeys], as_of: datetime
    ) -> InferredAnswers:
        key = (snapshot.digest, as_of, tuple(rule.digest for rule in rules), repr(services))
        found: InferredAnswers = _once(key, lambda: evaluate(rules, snapshot, services, as_of))
        return found

    def signs(snapshot: Snapshot, counted: Collection[str], as_of: datetime) -> list[Suspicion | NotLooked]:
        key = (snapshot.digest, as_of, frozenset(counted))
        found: list[Suspicion | NotLooked] = _once(key, lambda: list(signals_in(snapshot, counted, as_of)))
        return found

    monkeypatch.setattr("itomm.scoring.assess.evaluate", evaluated)
    monkeypatch.setattr("itomm.scoring.caveats.signals_in", signs)


def _once(key: Hashable, find: Callable[[], Any]) -> Any:
    if key not in _found:
        _found[key] = find()
    return _found[key]
