"""The user's door: the command line, called in this process, with its output and exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from itomm.cli.main import run
from itomm.estate.estate import Estate
from itomm.estate.server import EstateServer

TOKEN_VARIABLE = "ITOMM_ESTATE_TOKEN"
ESTATE_TOKEN = "estate-token"
DAY_OF_ASSESSMENT = "2026-11-01T06:00:00Z"


@dataclass(frozen=True)
class Called:
    """How a call of itomm ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """What was printed, as JSON."""
        loaded: dict[str, Any] = json.loads(self.out)
        return loaded


class Door:
    """Calls itomm as a user does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> Called:
        self._monkeypatch.setattr(sys, "argv", ["itomm", *map(str, arguments)])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run()
        printed = self._capsys.readouterr()
        code = ended.value.code
        return Called(code if isinstance(code, int) else 0, printed.out, printed.err)


def in_a_process(*arguments: str | Path, **environment: str) -> Called:
    """Call itomm in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "itomm", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, TOKEN_VARIABLE: ESTATE_TOKEN, **environment},
        check=False,
    )
    return Called(done.returncode, done.stdout, done.stderr)


def configured(folder: Path, estate: Estate, server: EstateServer, repository: Path | None = None) -> Path:
    """Write the estate's configuration into a folder; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "itomm.yaml"
    path.write_text(estate.configuration(server.url, repository), encoding="utf-8")
    return path


def assessed(config: Path, *more: str, now: str = DAY_OF_ASSESSMENT) -> Called:
    """Collect and score in a process of its own, on the estate's day."""
    return in_a_process("assess", "--config", config, "--now", now, *more)
