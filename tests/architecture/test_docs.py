"""What users can type and set is documented, and rules shown in the docs are rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from itomm.cli.main import COMMANDS
from itomm.config.errors import ExitCode
from itomm.config.settings import Service, Settings
from itomm.config.yaml_source import parse_documents
from itomm.rules.measures import MeasureKind
from itomm.rules.rule_document import RuleDocument
from itomm.rules.rule_reader import read_rule
from itomm.rules.rule_tests import run_rule_tests

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / "reference" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_is_documented(command: str) -> None:
    assert f"`itomm {command}" in page("commands.md")


@pytest.mark.parametrize("code", sorted(ExitCode))
def test_every_exit_code_is_documented(code: int) -> None:
    assert f"| {int(code)} |" in page("commands.md")


@pytest.mark.parametrize("key", sorted({*Settings.model_fields, *Service.model_fields}))
def test_every_setting_is_documented(key: str) -> None:
    assert f"`{key}`" in page("configuration.md")


@pytest.mark.parametrize(
    "key", sorted(field.alias or name for name, field in RuleDocument.model_fields.items())
)
def test_every_key_of_a_rule_is_documented(key: str) -> None:
    assert f"`{key}`" in page("rule-language.md")


@pytest.mark.parametrize("measure", sorted(MeasureKind))
def test_every_measure_is_documented(measure: str) -> None:
    assert re.search(rf"`{measure}\b", page("rule-language.md"))


def test_the_rule_in_the_documentation_passes_its_own_test() -> None:
    blocks = re.findall(r"```yaml\n(rule:.*?)```", page("rule-language.md"), flags=re.DOTALL)
    assert len(blocks) == 1

    (result,) = run_rule_tests([read_rule(parse_documents(blocks[0], "rule-language.md")[0])])

    assert result.faults == ()
