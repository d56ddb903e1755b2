"""What `itomm collectors new` writes works as it stands, for every record type."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from itomm.collectors.scaffold import InvalidPlugInError, PlugIn, write_plug_in
from itomm.collectors.scaffold.field_code import field_codes
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.columns import column_values

BIN = Path(sys.executable).parent
AT = datetime(2026, 10, 1, 8, tzinfo=UTC)


def ran(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A tool of a developer, run in the folder of a plug-in."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(("PYTEST", "MYPY"))}
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(folder), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_new_plug_in_passes_its_own_tests_lint_and_types(tmp_path: Path) -> None:
    write_plug_in(PlugIn("acme-tool"), tmp_path)
    for command in (
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy", f"--cache-dir={tmp_path / 'types'}"),
        ("pytest", "-q", "-p", "no:cacheprovider"),
    ):
        done = ran(tmp_path, *command)
        assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.rpartition(" passed")[0].split()[-1]) >= 55


def test_a_new_plug_in_for_state_passes_what_is_different_there(tmp_path: Path) -> None:
    write_plug_in(PlugIn("acme-tool", "on_call_schedule"), tmp_path)
    tests = ("pytest", "-q", "-p", "no:cacheprovider", "-k", "not fault and not elsewhere")
    for command in (("ruff", "check", "."), ("ruff", "format", "--check", "."), tests):
        done = ran(tmp_path, *command)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("record_type", sorted(record_types()))
def test_the_fields_of_every_record_type_are_read_as_their_type_wants(
    tmp_path: Path, record_type: str
) -> None:
    kind = record_types()[record_type]
    write_plug_in(PlugIn("acme", record_type), tmp_path)
    module: dict[str, Any] = {"__name__": "record"}
    exec((tmp_path / "itomm_collector_acme" / "record.py").read_text(encoding="utf-8"), module)  # noqa: S102  the file just written
    known = {"at": AT, "number": 1, "timedelta": timedelta}
    row = {one.name: eval(one.sample, known) for one in field_codes(kind)}  # noqa: S307  expressions of ours
    fields = module["fields_of"](row)
    assert set(fields) == set(kind.fields)
    assert column_values(kind, fields)
    nothing = module["fields_of"]({})
    assert not [name for name, value in nothing.items() if value is not None]


@pytest.mark.parametrize(
    "name", ["", "Acme", "3com", "acme tool", "../acme", "class", "a" * 25, "acme--tool"]
)
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(InvalidPlugInError, match="cannot name a collector"):
        PlugIn(name)


def test_a_record_type_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidPlugInError, match="Did you mean 'incident'"):
        PlugIn("acme", "incidnet")


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InvalidPlugInError, match="not an empty folder"):
        write_plug_in(PlugIn("acme"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(InvalidPlugInError, match="Cannot write"):
        write_plug_in(PlugIn("acme"), blocked / "below")


def test_names_follow_from_the_collector_s() -> None:
    plug_in = PlugIn("acme-tool")
    assert (plug_in.collector, plug_in.distribution, plug_in.package, plug_in.class_name) == (
        "acme_tool",
        "itomm-collector-acme-tool",
        "itomm_collector_acme_tool",
        "AcmeTool",
    )
