"""``itomm --help`` and completion are fast because they import nothing heavy."""

import subprocess
import sys

import pytest

HEAVY = (
    "requests",
    "duckdb",
    "pydantic",
    "rich",
    "sqlalchemy",
    "sqlglot",
    "jinja2",
    "yaml",
    "jira",
    "gitlab",
    "filelock",
)
ALLOWED_PARTS = {"itomm", "itomm.cli", "itomm.cli.main", "itomm.config", "itomm.config.errors"}

PROBE = """
import sys
sys.argv = ["itomm", *{arguments!r}]
from itomm.cli.main import run
try:
    run()
except SystemExit as end:
    assert end.code in (0, None), end.code
print("\\n".join(sorted(sys.modules)), file=sys.stderr)
"""


def modules_after(*arguments: str) -> set[str]:
    probe = PROBE.format(arguments=list(arguments))
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines())


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_nothing_heavy_is_imported(option: str) -> None:
    loaded = modules_after(option)

    assert loaded.isdisjoint(HEAVY)
    assert {name for name in loaded if name.split(".")[0] == "itomm"} <= ALLOWED_PARTS


def test_completing_a_command_name_imports_nothing_heavy() -> None:
    probe = """
import os, sys
os.environ.update(_ITOMM_COMPLETE="bash_complete", COMP_WORDS="itomm sc", COMP_CWORD="1")
from itomm.cli.main import itomm
try:
    itomm.main(prog_name="itomm")
except SystemExit:
    pass
print("\\n".join(sorted(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert "score" in done.stdout
    assert set(done.stderr.splitlines()).isdisjoint(HEAVY)
