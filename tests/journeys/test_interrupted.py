"""Ctrl-C leaves nothing that counts half-written; a run that asks something else begins anew."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from itomm.cli.main import itomm, run
from itomm.estate.estate import Estate
from itomm.estate.server import EstateServer
from tests.journeys.door import DAY_OF_ASSESSMENT, ESTATE_TOKEN, TOKEN_VARIABLE, Door, configured

PATIENCE_SECONDS = 60.0


@pytest.mark.parametrize("processes", [1, 4])
def test_an_interrupted_collection_leaves_a_clean_store(
    processes: int, small_estate: Estate, small_server: EstateServer, tmp_path: Path, itomm_at_the_door: Door
) -> None:
    config = configured(tmp_path, small_estate, small_server)
    config.write_text(f"processes: {processes}\n{config.read_text()}")
    small_server.faults.add("/gitlab/", "slow", after=20, seconds=30)
    command = [sys.executable, "-m", "itomm", "collect", "--config", str(config), "--now", DAY_OF_ASSESSMENT]
    environment = {**os.environ, TOKEN_VARIABLE: ESTATE_TOKEN}
    heeded = signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs behind a shell ignores it
    running = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    signal.signal(signal.SIGINT, heeded)
    _until_requests(small_server, running, wanted=21)

    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    out, err = running.communicate(timeout=PATIENCE_SECONDS)

    assert running.returncode == 130, out + err
    assert "interrupted" in err
    assert "Traceback" not in out + err
    store = tmp_path / ".itomm"
    assert itomm_at_the_door("verify", "--config", config).code == 0

    small_server.faults.clear()
    again = itomm_at_the_door(
        "collect", "--config", config, "--source", "alertmanager", "--now", DAY_OF_ASSESSMENT
    )
    assert again.code == 0
    assert list(store.rglob("*.partial")) == []  # it asked something else, so what was kept is gone
    assert itomm_at_the_door("verify", "--config", config).code == 0


def _until_requests(server: EstateServer, running: subprocess.Popen[str], wanted: int) -> None:
    """Wait until GitLab was asked often enough to be in the middle."""
    tick = threading.Event()
    for _ in range(int(PATIENCE_SECONDS * 100)):
        if sum(path.startswith("/gitlab/") for _, path in list(server.requests)) >= wanted:
            return
        assert running.poll() is None, "the collection ended before it could be interrupted"
        tick.wait(0.01)
    raise AssertionError("GitLab was never asked")


def test_ctrl_c_in_the_middle_of_a_query_is_an_interruption(
    monkeypatch: pytest.MonkeyPatch, itomm_at_the_door: Door
) -> None:
    endless = "SELECT count(*) FROM range(100000000) a, range(1000) b WHERE a.range % 7 = b.range"
    raised: list[str] = []

    def query(**_: object) -> None:
        with duckdb.connect() as connection:
            for setting in (
                "enable_progress_bar=true",
                "enable_progress_bar_print=false",
                "progress_bar_time=0",
            ):
                connection.execute(f"SET {setting}")
            threading.Thread(target=_interrupt_in_the_middle_of, args=(connection,)).start()
            try:
                connection.execute(endless)
            except BaseException as error:
                raised.append(f"{type(error).__name__}: {error}")
                raise

    heeded = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(itomm, "main", query)
    done = itomm_at_the_door("collect")
    signal.signal(signal.SIGINT, heeded)

    assert raised == ["RuntimeError: Query interrupted"]
    assert done.code == 130
    assert "interrupted" in done.err


def _interrupt_in_the_middle_of(connection: duckdb.DuckDBPyConnection) -> None:
    tick = threading.Event()
    while connection.query_progress() <= 0:
        tick.wait(0.01)
    os.kill(os.getpid(), signal.SIGINT)


def test_no_other_fault_passes_for_an_interruption(monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(**_: object) -> None:
        raise RuntimeError("A thread was begun twice")

    monkeypatch.setattr(itomm, "main", fault)
    with pytest.raises(RuntimeError, match="begun twice"):
        run()
