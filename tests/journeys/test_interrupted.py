"""Ctrl-C leaves nothing that counts half-written; a run that asks something else begins anew."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

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

    assert running.returncode == 130
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
