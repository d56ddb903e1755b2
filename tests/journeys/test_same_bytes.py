"""The same evidence, rules, decisions and as-of instant give the same bytes, anywhere."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.journeys.door import Door, in_a_process


def test_scoring_twice_gives_the_same_bytes(workspace: Path, itomm_at_the_door: Door) -> None:
    first = itomm_at_the_door("score", "--config", workspace, "--output", "json")
    second = itomm_at_the_door("score", "--config", workspace, "--output", "json")

    assert first.code == second.code == 0
    assert first.document["schema"] == "itomm/assessment/1"
    assert first.out == second.out


def test_another_machine_with_the_same_store_gives_the_same_bytes(workspace: Path, tmp_path: Path) -> None:
    """Another place, process, hash seed, time zone, language and number of threads."""
    elsewhere = tmp_path / "another" / "machine"
    shutil.copytree(workspace.parent, elsewhere)

    here = in_a_process("score", "--config", workspace, "--output", "json", PYTHONHASHSEED="1", TZ="UTC")
    there = in_a_process(
        "score",
        *("--config", elsewhere / "itomm.yaml", "--output", "json", "--now", "2031-01-01T00:00:00Z"),
        PYTHONHASHSEED="2",
        TZ="Asia/Kathmandu",
        LC_ALL="C",
        DUCKDB_THREADS="7",
    )

    assert here.code == there.code == 0, here.err + there.err
    assert here.out == there.out


def test_scoring_writes_nothing(workspace: Path, itomm_at_the_door: Door) -> None:
    before = {path: path.read_bytes() for path in workspace.parent.rglob("*.parquet")}
    ledger = itomm_at_the_door("verify", "--config", workspace, "--output", "json").document["head"]

    itomm_at_the_door("score", "--config", workspace)

    assert {path: path.read_bytes() for path in workspace.parent.rglob("*.parquet")} == before
    assert itomm_at_the_door("verify", "--config", workspace, "--output", "json").document["head"] == ledger


def test_options_count_before_and_after_the_command(workspace: Path, itomm_at_the_door: Door) -> None:
    before = itomm_at_the_door("--config", workspace, "score", "--output", "json")
    after = itomm_at_the_door("score", "--output", "json", "--config", workspace)

    assert before.out == after.out


def test_the_report_of_one_store_is_the_same_file_twice(workspace: Path, itomm_at_the_door: Door) -> None:
    for name in ("one.html", "two.html"):
        done = itomm_at_the_door("report", "--config", workspace, "--to", workspace.parent / name)
        assert done.code == 0, done.err

    one = (workspace.parent / "one.html").read_bytes()
    assert one == (workspace.parent / "two.html").read_bytes()
    assert b"<script" not in one
