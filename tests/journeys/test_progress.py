"""Progress goes to stderr, and only where a person watches."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from itomm.estate.estate import Estate
from itomm.estate.server import EstateServer
from tests.journeys.door import DAY_OF_ASSESSMENT, configured


def collect(config: Path, *more: str, on_a_terminal: bool) -> tuple[str, str]:
    """Standard output, and what standard error got."""
    command = [sys.executable, "-m", "itomm", "collect", "--source", "alertmanager", *more]
    command += ["--config", str(config), "--now", DAY_OF_ASSESSMENT]
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    if not on_a_terminal:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        return done.stdout, done.stderr
    controller, terminal = pty.openpty()
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=terminal,
            text=True,
            env={**environment, "TERM": "xterm"},
            check=True,
        )
    finally:
        os.close(terminal)
    with os.fdopen(controller, "rb", buffering=0) as shown:
        return done.stdout, _all_that_was_shown(shown.fileno())


def _all_that_was_shown(controller: int) -> str:
    parts: list[bytes] = []
    try:
        while part := os.read(controller, 65_536):
            parts.append(part)
    except OSError:  # Linux says so when the other side of a terminal is closed
        pass
    return b"".join(parts).decode(errors="replace")


def test_progress_is_shown_on_a_terminal_and_nowhere_else(
    small_estate: Estate, small_server: EstateServer, tmp_path: Path
) -> None:
    config = configured(tmp_path, small_estate, small_server)

    out, watched = collect(config, on_a_terminal=True)
    assert "alertmanager:" in watched
    assert "records so far" in watched
    assert "records so far" not in out

    assert collect(config, "--quiet", on_a_terminal=True)[1].strip() == ""
    assert collect(config, on_a_terminal=False)[1] == ""
