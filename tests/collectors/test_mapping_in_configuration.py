"""Every fault of a mapping is told with file, line and column, and with the nearest right word."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from itomm.cli.collection import configured_sources
from itomm.collectors.source import Source
from itomm.config.errors import InvalidInputError
from itomm.config.settings import load_configuration

FAULTS = yaml.safe_load(
    (Path(__file__).parents[1] / "data" / "files" / "mapping_faults.yaml").read_text(encoding="utf-8")
)

FILES = """\
organisation: {id: acme, name: Acme}
sources:
  jobs:
    collector: files
    path: drop
    records:
      backup_job:
        files: backups.csv
        id: [Job, Ended]
        fields:
          data_set: Job
          tool: {constant: bacula}
          finished_at: {from: Ended, zone: Europe/Berlin}
          status: {from: Result, words: {OK: success, Error: failed}}
"""

HTTP = """\
organisation: {id: acme, name: Acme}
sources:
  jobs:
    collector: http_json
    url: https://jobs.example/api
    headers: {X-Api-Key: "env:JOBS_KEY"}
    records:
      backup_job:
        get: /jobs/{scope}
        scopes: [shop]
        query: {since: "{since}"}
        id: id
        fields:
          data_set: name
          tool: {constant: bacula}
          finished_at: ended
          status: {from: result, words: {ok: success, error: failed}}
"""


def sources_of(folder: Path, text: str) -> list[Source]:
    path = folder / "itomm.yaml"
    path.write_text(text, encoding="utf-8")
    return configured_sources(load_configuration(path))


def problem_of(folder: Path, text: str, before: str, after: str) -> str:
    """The one problem after a change, without the folder, and the place where the change stands."""
    assert text.count(before) == 1, before
    with pytest.raises(InvalidInputError) as found:
        sources_of(folder, text.replace(before, after))
    (problem,) = found.value.problems
    return str(problem).removeprefix(f"{folder}/")


@pytest.mark.parametrize("text", [FILES, HTTP])
def test_a_source_delivers_what_its_mapping_says_and_nothing_else(tmp_path: Path, text: str) -> None:
    _, source = sources_of(tmp_path, text)
    assert [stream.record_type for stream in source.streams] == ["backup_job"]


def test_a_parameter_for_changes_makes_a_cursor(tmp_path: Path) -> None:
    _, source = sources_of(
        tmp_path, HTTP.replace("        id: id\n", "        id: id\n        changes: updated\n")
    )
    assert [stream.cursor_field for stream in source.streams] == ["updated"]


def test_secrets_in_headers_are_known_so_that_answers_cannot_bring_them_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOBS_KEY", "canary-4711")
    _, source = sources_of(tmp_path, HTTP)
    assert "canary-4711" in source.secrets


@pytest.mark.parametrize(
    ("collector", "case"), [(collector, case) for collector, cases in FAULTS.items() for case in cases]
)
def test_each_fault_of_a_mapping_is_told_with_its_place(
    tmp_path: Path, collector: str, case: dict[str, str]
) -> None:
    text = FILES if collector == "files" else HTTP
    assert case["expected"] in problem_of(tmp_path, text, case["before"], case["after"])


def test_a_misspelt_field_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as found:
        sources_of(tmp_path, FILES.replace("          data_set:", "          data_sett:"))
    missing, misspelt = (str(problem).partition("itomm.yaml")[2] for problem in found.value.problems)
    assert missing.startswith(":10:9: records.backup_job.fields: backup_job also needs data_set. Map them,")
    assert misspelt.startswith(":11:11: records.backup_job.fields.data_sett: backup_job has no field")
    assert misspelt.endswith("Did you mean 'data_set'?")


def test_a_literal_secret_in_a_header_is_not_shown(tmp_path: Path) -> None:
    assert "s3cr3t" not in problem_of(tmp_path, HTTP, "env:JOBS_KEY", "s3cr3t")


def test_an_older_name_of_a_field_is_told_with_the_one_to_write(tmp_path: Path) -> None:
    text = FILES.replace("backup_job:", "incident:")
    with pytest.raises(InvalidInputError, match="write created_at for opened_at"):
        sources_of(tmp_path, text.replace("finished_at:", "opened_at:"))


def test_state_knows_no_changes_and_no_beginning(tmp_path: Path) -> None:
    account = "fields: {system: {constant: x}, login: l, kind: {constant: human}, active: a, admin: b}\n"
    http = HTTP[: HTTP.index("        query")].replace("backup_job", "account") + "        id: id\n"
    with pytest.raises(InvalidInputError, match="account is state, which is always read whole"):
        sources_of(tmp_path, f"{http}        changes: since\n        {account}")
    files = FILES[: FILES.index("        id")].replace("backup_job", "account") + "        id: id\n"
    with pytest.raises(InvalidInputError, match="account is state: it is as of when a file was written"):
        sources_of(tmp_path, f"{files}        covers: {{from: 2026-01-01}}\n        {account}")
