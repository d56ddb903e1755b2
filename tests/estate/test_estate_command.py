from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from itomm.estate.__main__ import main
from itomm.estate.company_habits import HABITS_DIRECTORY

SMALL = str(HABITS_DIRECTORY / "two_services.yaml")


def test_the_command_writes_its_files_serves_and_stops_on_interrupt(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "itomm.estate",
        "--habits",
        SMALL,
        "--truth",
        str(tmp_path / "truth.json"),
        "--configuration",
        str(tmp_path / "itomm.yaml"),
        "--repository",
        str(tmp_path / "handbook"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert requests.get(f"{url}/prometheus/-/ready", timeout=10).status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
    assert f"{url}/jira" in (tmp_path / "itomm.yaml").read_text(encoding="utf-8")
    assert len(json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))["organisation"]) == 130
    assert (tmp_path / "handbook" / ".git").is_dir()


def test_a_missing_habits_file_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--habits", str(tmp_path / "none.yaml")]) == 2
    assert "Cannot read the habits file" in capsys.readouterr().err
