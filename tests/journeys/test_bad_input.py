"""Bad input: one clear message, the documented exit code, no traceback, nothing stored is lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from itomm.evidence.store import Store
from tests.journeys.door import Door

GOOD = """\
organisation: {id: acme, name: Acme}
sources:
  alerts: {collector: alertmanager, url: "http://127.0.0.1:1"}
services:
  - {id: checkout, tier: 1}
"""


LITERAL_SECRET = """\
organisation: {id: acme, name: Acme}
sources:
  j: {collector: jira, url: "http://127.0.0.1:1", projects: [A], token: s3cr3t}
"""


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (GOOD + "servces: []\n", ":6:1", "unknown key 'servces'"),
        (GOOD + "organisation: {id: b, name: B}\n", ":6:1", "stands here twice"),
        (GOOD.replace("tier: 1", "teir: 1"), ":5:20", "Did you mean 'tier'"),
        (GOOD.replace("tier: 1", "tier: 9"), ":5:20", "tier"),
        (GOOD.replace("tier: 1", "group: shop"), ":5:20", "there is no group 'shop'"),
        (GOOD.replace("alertmanager", "alertmanger"), ":3:12", "Did you mean 'alertmanager'"),
        (GOOD.replace("url:", "uri:"), ":3:37", "unknown key 'uri'"),
        (GOOD + "a: &x {b: 1}\n", ":6:4", "anchors"),
        (GOOD + "rules: {packs: [itom]}\n", "", "there is no pack 'itom'"),
        (GOOD + "rules: {paths: [nothing.yaml]}\n", "nothing.yaml", "no such file"),
        ("organisation: [", ":1:", "not YAML"),
        (LITERAL_SECRET, ":3:66", "a secret stands here"),
    ],
)
def test_a_wrong_configuration_is_told_with_its_place(
    text: str, place: str, said: str, tmp_path: Path, itomm_at_the_door: Door
) -> None:
    config = tmp_path / "itomm.yaml"
    config.write_text(text, encoding="utf-8")

    done = itomm_at_the_door("assess", "--config", config)

    assert done.code == 5
    assert place in done.err
    assert said in done.err
    assert "Traceback" not in done.err
    assert "s3cr3t" not in done.out + done.err
    assert not (tmp_path / ".itomm").exists()


def test_a_missing_configuration_says_how_to_begin(tmp_path: Path, itomm_at_the_door: Door) -> None:
    done = itomm_at_the_door("assess", "--config", tmp_path / "itomm.yaml")

    assert done.code == 5
    assert "itomm init" in done.err


@pytest.mark.parametrize(
    ("rule", "place", "said"),
    [
        ("rule: x-y\nanswers: SS-INC-9.9\n", ":2:1", "there is no criterion 'SS-INC-9.9'"),
        ("rule: x-y\nanswers: SS-INC-4.2\nwhere: severty <= 2\n", ":3:8", "Did you mean 'severity'"),
        ("rule: x-y\nanswers: SS-INC-4.2\nwhere: read_csv('/etc/passwd')\n", ":3:8", "not allowed"),
    ],
)
def test_a_wrong_rule_is_told_with_its_place(
    rule: str, place: str, said: str, workspace: Path, itomm_at_the_door: Door
) -> None:
    rest = (
        "per: service\nfrom: incident\nmeasure: {count: true}\ngrade: {yes: '>= 1'}\n"
        "missing: unknown\nconfidence: direct\n"
    )
    (workspace.parent / "own.yaml").write_text(rule + rest, encoding="utf-8")
    text = workspace.read_text(encoding="utf-8")
    workspace.write_text(text + "rules: {paths: [own.yaml]}\n", encoding="utf-8")

    done = itomm_at_the_door("score", "--config", workspace)

    assert done.code == 5
    assert f"own.yaml{place}" in done.err
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_model_with_a_dangling_area_is_told(workspace: Path, itomm_at_the_door: Door) -> None:
    practice = """\
practice: SS-XXX
area: ZZ
name: Extra
purpose: None
criteria:
  - {id: SS-XXX-2.1, level: 2, weight: 1, dimension: process, mode: human, mandatory: false, title: T,
     question: Q?, why: W, evidence_of_yes: E, advice: A, effort: S}
"""
    (workspace.parent / "own.yaml").write_text(practice, encoding="utf-8")
    text = workspace.read_text(encoding="utf-8")
    workspace.write_text(text + "rules: {paths: [own.yaml]}\n", encoding="utf-8")

    done = itomm_at_the_door("score", "--config", workspace)

    assert done.code == 5
    assert "own.yaml:2:1: there is no area 'ZZ'" in done.err


def test_a_store_of_a_newer_version_is_left_alone(workspace: Path, itomm_at_the_door: Door) -> None:
    database = workspace.parent / ".itomm" / "itomm.db"
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE meta SET value = '999' WHERE key = 'schema_version'")
    connection.close()
    before = database.read_bytes()

    done = itomm_at_the_door("score", "--config", workspace)

    assert done.code == 5
    assert "version 999" in done.err
    assert database.read_bytes() == before


@pytest.mark.parametrize("command", ["score", "show", "report"])
def test_scoring_without_a_store_says_what_to_do(
    command: str, workspace: Path, tmp_path: Path, itomm_at_the_door: Door
) -> None:
    done = itomm_at_the_door(command, "--config", workspace, "--store", tmp_path / "nothing")

    assert done.code == 3
    assert "itomm collect" in done.err
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("score", "--as-of", "yesterday"),
        ("score", "--as-of", "2026-10-01T08:00:00"),
        ("score", "--snapshot", "99"),
        ("explain", "SS-INC-4"),
        ("explain", "SS-INC-4.2", "--service", "chekout"),
        ("show", "SS-INX"),
        ("collect", "--source", "jria"),
        ("override", "approve", "O9", "--by", "ann"),
        ("nonsense",),
        ("score", "--outptu", "json"),
    ],
)
def test_a_wrong_command_line_ends_with_2(
    arguments: tuple[str, ...], workspace: Path, itomm_at_the_door: Door
) -> None:
    done = itomm_at_the_door("--config", workspace, *arguments)

    assert done.code == 2
    assert done.err.strip()
    assert "Traceback" not in done.err


def test_a_held_store_names_its_holder_and_ends_with_75(workspace: Path, itomm_at_the_door: Door) -> None:
    with held_by_a_long_collection(workspace):
        done = itomm_at_the_door("collect", "--config", workspace)

    assert done.code == 75
    assert "a long collection" in done.err


def test_a_decision_does_not_wait_for_who_holds_the_store(workspace: Path, itomm_at_the_door: Door) -> None:
    with held_by_a_long_collection(workspace):
        done = itomm_at_the_door(
            *("answer", "SM-GRC-2.2", "yes", "--by", "cio", "--reason", "because", "--config", workspace)
        )

    assert done.code == 0, done.err


@contextmanager
def held_by_a_long_collection(workspace: Path) -> Iterator[None]:
    store = Store.open(workspace.parent / ".itomm")
    with store.writing("a long collection"):
        yield
    store.engine.dispose()


FULL_DISK = """
import resource, signal, sys
sys.dont_write_bytecode = True  # Python would keep a byte-code file that was cut short
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)), resource.RLIM_INFINITY))
from itomm.cli.main import run
run()
"""


@pytest.mark.parametrize("limit", [300, 3_000, 20_000])
def test_a_full_disk_loses_nothing_that_was_stored(
    limit: int, workspace: Path, itomm_at_the_door: Door
) -> None:
    before = itomm_at_the_door("score", "--config", workspace, "--snapshot", "1", "--output", "json").out

    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(limit), "collect", "--config", str(workspace)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    after = itomm_at_the_door("score", "--config", workspace, "--snapshot", "1", "--output", "json")
    assert after.out == before
    assert itomm_at_the_door("verify", "--config", workspace).code == 0


def test_a_configuration_without_services_or_sources_knows_nothing(
    tmp_path: Path, itomm_at_the_door: Door
) -> None:
    """Nothing configured is nothing known: not a pass, not a fail, and not "not applicable"."""
    config = tmp_path / "itomm.yaml"
    assert itomm_at_the_door("init", "--config", config).code == 0

    done = itomm_at_the_door("assess", "--config", config, "--output", "json")

    assert done.code == 0
    organisation = done.document["scopes"][0]
    verdicts = {answer["in_force"]["evidence"]["verdict"] for answer in organisation["answers"]}
    assert verdicts == {"unknown"}
    assert organisation["views"]["evidence"]["level"] == {"low": 1, "point": 1, "high": 5, "rated": False}
