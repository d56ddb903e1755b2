"""A plug-in of somebody else is installed beside itomm, found, described, checked and collected from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from itomm.collectors.conformance import Answer, MisbehavingServer
from tests.journeys.door import Door

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


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment that sees itomm and what it needs; the plug-in is built and installed offline."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    ours = sysconfig.get_paths()["purelib"]
    (packages_of(folder) / "itomm.pth").write_text(
        f"import site; site.addsitedir({ours!r})\n", encoding="utf-8"
    )
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=EXAMPLE, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", *options, str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    return folder


def packages_of(environment: Path) -> Path:
    (found,) = environment.glob("lib/python*/site-packages")
    return found


@pytest.fixture
def itomm(environment: Path, itomm_at_the_door: Door, monkeypatch: pytest.MonkeyPatch) -> Door:
    """Itomm in this process, which sees the plug-in where it was installed."""
    monkeypatch.syspath_prepend(packages_of(environment))
    monkeypatch.setenv("WATCHBILL_TOKEN", "sesame-sesame")
    return itomm_at_the_door


@pytest.fixture
def tool() -> Iterator[MisbehavingServer]:
    with MisbehavingServer(tool=watchbill().answer) as server:
        yield server


@pytest.fixture
def config(tmp_path: Path, tool: MisbehavingServer) -> Path:
    path = tmp_path / "itomm.yaml"
    path.write_text(CONFIGURATION.format(url=tool.url), encoding="utf-8")
    return path


def test_it_is_listed_beside_the_built_in_ones(environment: Path) -> None:
    python = str(environment / "bin" / "python")
    done = subprocess.run(
        [python, "-m", "itomm", "collectors", "list", "--output", "json"],
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert {"watchbill", "jira", "prometheus"} <= {
        one["name"] for one in json.loads(done.stdout)["collectors"]
    }


def test_it_is_described_with_its_settings_and_the_rights_it_needs(itomm: Door) -> None:
    described = itomm("collectors", "describe", "watchbill", "--output", "json").document
    settings = {one["key"]: one for one in described["settings"]}
    assert settings["teams"]["required"]
    assert settings["teams"]["about"] == "names of the teams to read."
    assert settings["deadline_minutes"]["default"] == "30"
    assert {one["record_type"]: one["needs"] for one in described["streams"]} == {
        "on_call_schedule": "role Reader on the team",
        "on_call_shift": "role Reader on the team",
    }
    text = itomm("collectors", "describe", "watchbill").out
    assert "Requests: 1 for each team" in text
    assert "must be given" in " ".join(text.split())


def test_its_source_is_checked_and_a_missing_right_is_named(
    itomm: Door, config: Path, tool: MisbehavingServer
) -> None:
    fine = itomm("collectors", "check", "duties", "--config", config)
    assert (fine.code, "It can be read." in fine.out) == (0, True), fine.err
    tool.on("/api/teams/web", Answer(403, b"{}"))
    done = itomm("collectors", "check", "duties", "--output", "json", "--config", config)
    assert done.code == 3
    (refused,) = [one for one in done.document["checks"] if one["state"] == "failed"]
    assert refused["check"] == "Team web"
    assert refused["remedy"] == "Grant the token's account role Reader on the team web."


def test_a_token_that_is_refused_is_told_with_all_rights_that_are_needed(
    itomm: Door, config: Path, tool: MisbehavingServer
) -> None:
    tool.tool = None
    tool.otherwise = Answer(401, b"{}")
    done = itomm("collectors", "check", "duties", "--config", config)
    said = " ".join(done.out.split())
    assert done.code == 3
    assert "401: the token is wrong, expired or missing" in said
    assert "role Reader on the team (for on_call_schedule, on_call_shift)" in said
    assert "sesame" not in done.out + done.err


def test_its_records_are_collected_mapped_and_stored(itomm: Door, config: Path) -> None:
    done = itomm("collect", "--now", NOW, "--quiet", "--config", config)
    assert done.code == 0, done.out + done.err
    said = " ".join(done.out.split())
    assert "duties watchbill 2 of 2 16 " in said
    assert "8 records belong to no configured service" in said
    assert "mara.krol" not in done.out
    assert itomm("verify", "--config", config).code == 0


def test_a_source_that_is_not_there_is_named_with_the_nearest(itomm: Door, config: Path) -> None:
    done = itomm("collectors", "check", "dutis", "--config", config)
    assert (done.code, "Did you mean 'duties'" in done.err) == (2, True)


def test_a_plug_in_begun_at_the_door_is_not_written_over_an_installed_one(
    itomm: Door, tmp_path: Path
) -> None:
    taken = itomm("collectors", "new", "watchbill", "--to", tmp_path / "a")
    assert (taken.code, "is installed already" in taken.err) == (2, True)
    done = itomm("collectors", "new", "pager", "--to", tmp_path / "b")
    assert done.code == 0
    assert "pip install --editable ." in done.out
    assert (tmp_path / "b" / "itomm_collector_pager" / "collector.py").exists()
