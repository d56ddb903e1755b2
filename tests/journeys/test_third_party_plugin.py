"""A plug-in of somebody else is installed beside itomm, found, described, checked and collected from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from itomm.collectors.conformance import Answer, Asked, MisbehavingServer

EXAMPLE = Path(__file__).parents[2] / "examples" / "itomm-collector-watchbill"
NOW = "2026-11-01T06:00:00Z"
CONFIGURATION = """
organisation: {{id: duo, name: Duo}}
services:
  - {{id: payments, name: Payments, keys: {{duties: [payments]}}}}
sources:
  duties:
    collector: watchbill
    url: {url}
    token: env:WATCHBILL_TOKEN
    teams: [payments, web]
"""


def watchbill() -> ModuleType:
    """The example's own stand-in for its tool."""
    spec = spec_from_file_location("watchbill_of_the_example", EXAMPLE / "tests" / "watchbill.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Installed:
    """An environment in which the plug-in is installed."""

    python: Path

    def itomm(self, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.python), "-m", "itomm", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": "", "WATCHBILL_TOKEN": "sesame-sesame"},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """A fresh environment that sees itomm and what it needs; the plug-in is built and installed offline."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    own = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    ours = sysconfig.get_paths()["purelib"]
    Path(own, "itomm.pth").write_text(f"import site; site.addsitedir({ours!r})\n", encoding="utf-8")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=EXAMPLE, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", *options, str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    return Installed(python)


@pytest.fixture
def tool() -> Iterator[MisbehavingServer]:
    with MisbehavingServer(tool=watchbill().answer) as server:
        yield server


@pytest.fixture
def configured(tmp_path: Path, tool: MisbehavingServer) -> Path:
    (tmp_path / "itomm.yaml").write_text(CONFIGURATION.format(url=tool.url), encoding="utf-8")
    return tmp_path


def test_it_is_listed_beside_the_built_in_ones(installed: Installed) -> None:
    listed = json.loads(installed.itomm("collectors", "list", "--output", "json").stdout)["collectors"]
    assert {"watchbill", "jira", "prometheus"} <= {one["name"] for one in listed}


def test_it_is_described_with_its_settings_and_the_rights_it_needs(installed: Installed) -> None:
    done = installed.itomm("collectors", "describe", "watchbill", "--output", "json")
    described = json.loads(done.stdout)
    settings = {one["key"]: one for one in described["settings"]}
    assert settings["teams"]["required"]
    assert settings["teams"]["about"] == "names of the teams to read."
    assert settings["deadline_minutes"]["default"] == "30"
    assert {one["record_type"]: one["needs"] for one in described["streams"]} == {
        "on_call_schedule": "role Reader on the team",
        "on_call_shift": "role Reader on the team",
    }
    text = installed.itomm("collectors", "describe", "watchbill").stdout
    assert "Requests: 1 for each team" in text
    assert "must be given" in text


def test_its_source_is_checked_and_a_missing_right_is_named(
    installed: Installed, configured: Path, tool: MisbehavingServer
) -> None:
    fine = installed.itomm("collectors", "check", "duties", folder=configured)
    assert (fine.returncode, "It can be read." in fine.stdout) == (0, True), fine.stderr
    tool.on("/api/teams/web", Answer(403, b"{}"))
    done = installed.itomm("collectors", "check", "duties", "--output", "json", folder=configured)
    assert done.returncode == 3
    (refused,) = [one for one in json.loads(done.stdout)["checks"] if one["state"] == "failed"]
    assert refused["check"] == "Team web"
    assert refused["remedy"] == "Grant the token's account role Reader on the team web."


def test_a_token_that_is_refused_is_told_with_all_rights_that_are_needed(
    installed: Installed, configured: Path, tool: MisbehavingServer
) -> None:
    def refusing(_asked: Asked) -> Answer:
        return Answer(401, b"{}")

    tool.tool = refusing
    done = installed.itomm("collectors", "check", "duties", folder=configured)
    said = " ".join(done.stdout.split())
    assert done.returncode == 3
    assert "401: the token is wrong, expired or missing" in said
    assert "role Reader on the team (for on_call_schedule, on_call_shift)" in said
    assert "sesame" not in done.stdout + done.stderr


def test_its_records_are_collected_mapped_and_stored(installed: Installed, configured: Path) -> None:
    done = installed.itomm("collect", "--now", NOW, "--quiet", folder=configured)
    assert done.returncode == 0, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    assert "duties watchbill 2 of 2 16 " in said
    assert "8 records belong to no configured service" in said
    assert "mara.krol" not in done.stdout
    verified = installed.itomm("verify", folder=configured)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_a_source_that_is_not_there_is_named_with_the_nearest(installed: Installed, configured: Path) -> None:
    done = installed.itomm("collectors", "check", "dutis", folder=configured)
    assert (done.returncode, "Did you mean 'duties'" in done.stderr) == (2, True)


def test_a_plug_in_begun_at_the_door_is_not_written_over_an_installed_one(
    installed: Installed, tmp_path: Path
) -> None:
    taken = installed.itomm("collectors", "new", "watchbill", "--to", str(tmp_path / "a"))
    assert (taken.returncode, "is installed already" in taken.stderr) == (2, True)
    done = installed.itomm("collectors", "new", "pager", "--to", str(tmp_path / "b"))
    assert done.returncode == 0
    assert "pip install --editable ." in done.stdout
    assert (tmp_path / "b" / "itomm_collector_pager" / "collector.py").exists()
