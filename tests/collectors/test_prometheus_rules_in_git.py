"""Loaded alerting rules set against what repositories define."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from itomm.cli.collection import configured_sources
from itomm.collectors.conformance import Answer, MemorySink, MisbehavingServer, PretendTime
from itomm.collectors.contract import CheckState
from itomm.collectors.framework.checking import check_source
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import collect
from itomm.collectors.payload import mapping_of
from itomm.collectors.prometheus.rules_in_git import alert_names, files_by_alert
from itomm.collectors.prometheus.settings import PrometheusSettings
from itomm.collectors.source import build_source
from itomm.config.settings import load_configuration
from itomm.evidence.observation import CollectionOutcome, Observation

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
BEFORE, AFTER = "2026-10-30T06:00:00Z", "2026-11-02T06:00:00Z"
RULES = """
groups:
  - name: web
    rules:
      - alert: SiteDown
        expr: up == 0
      # - alert: Forgotten
      - record: job:up
"""
Read = tuple[dict[str, Observation], CollectionOutcome]


def git(folder: Path, *arguments: str, at: str = BEFORE) -> None:
    identity = ["-c", "user.name=Ann", "-c", "user.email=ann@acme.test"]
    dates = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, env={**os.environ, **dates})


def write(folder: Path, *, at: str = BEFORE, **texts: str) -> Path:
    """A commit of files; a double underscore in a name stands for a dot."""
    folder.mkdir(exist_ok=True)
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch", "main")
    for name, text in texts.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "x", at=at)
    return folder


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return write(tmp_path / "rules", web__yaml=RULES)


@pytest.fixture
def server() -> Iterator[MisbehavingServer]:
    loaded = [
        {"type": "alerting", "name": name, "query": "up == 0", "duration": 0, "health": "ok"}
        for name in ("SiteDown", "TypedIn", "Forgotten")
    ]
    with MisbehavingServer() as running:
        data = {"groups": [{"name": "web", "file": "web.yaml", "rules": loaded}]}
        running.on("/api/v1/rules", Answer(200, json.dumps({"status": "success", "data": data}).encode()))
        empty = {"status": "success", "data": {"resultType": "vector", "result": []}}
        running.on("/api/v1/query", Answer(200, json.dumps(empty).encode()))
        yield running


def read(server: MisbehavingServer, *folders: Path) -> Read:
    configured = {"collector": "prometheus", "url": server.url, "rules_in_git": [str(one) for one in folders]}
    sink, time = MemorySink(), PretendTime(start=NOW)
    assignment = Assignment(
        run=1,
        until=NOW,
        history=timedelta(days=10),
        services=(),
        pseudonym_key=b"0123456789abcdef",
        record_types=frozenset({"alert_rule"}),
    )
    collect([build_source("p", configured)], sink, assignment, time.clock, timing=time.timing)
    outcome = sink.of("alert_rule").outcome
    assert outcome is not None
    return {str(one.fields["name"]): one for one in sink.of("alert_rule").observations}, outcome


def untold(outcome: CollectionOutcome) -> dict[str, str]:
    return {one.field: one.why for one in outcome.untold}


def test_a_rule_of_the_same_name_in_a_file_shows_that_it_is_kept_there(
    server: MisbehavingServer, rules: Path
) -> None:
    found, outcome = read(server, rules)
    assert {name: one.fields["in_git"] for name, one in found.items()} == {
        "SiteDown": True,
        "TypedIn": False,
        "Forgotten": False,
    }
    assert mapping_of(found["SiteDown"].raw)["in_git"] == "rules: web.yaml"
    assert outcome.complete
    assert "in_git" not in untold(outcome)


def test_rules_may_stand_in_any_of_several_repositories(
    server: MisbehavingServer, rules: Path, tmp_path: Path
) -> None:
    other = write(tmp_path / "other", alerts__rules="groups: [{rules: [{alert: TypedIn, expr: up}]}]")
    found, _ = read(server, rules, other)
    assert found["TypedIn"].fields["in_git"] is True
    assert found["Forgotten"].fields["in_git"] is False


def test_without_a_repository_nobody_says(server: MisbehavingServer) -> None:
    found, outcome = read(server)
    assert {one.fields["in_git"] for one in found.values()} == {None}
    assert "rules_in_git" in untold(outcome)["in_git"]


def test_a_repository_that_cannot_be_read_makes_no_rule_look_typed_in(
    server: MisbehavingServer, rules: Path, tmp_path: Path
) -> None:
    found, outcome = read(server, rules, tmp_path / "nowhere")
    assert {one.fields["in_git"] for one in found.values()} == {None}
    assert outcome.complete  # all the rest of the rules is known
    assert "nowhere" in untold(outcome)["in_git"]


def test_a_rule_file_too_large_to_be_read_makes_no_rule_look_typed_in(
    server: MisbehavingServer, rules: Path
) -> None:
    write(rules, all_rules__yml=RULES + "#" * 1_100_000)
    _, outcome = read(server, rules)
    assert "all_rules.yml" in untold(outcome)["in_git"]


def test_rules_are_those_of_the_instant_of_reading(rules: Path) -> None:
    write(rules, at=AFTER, later__yaml="- alert: TypedIn")
    assert set(files_by_alert(rules, NOW)) == {"SiteDown"}
    assert set(files_by_alert(rules, NOW + timedelta(days=2))) == {"SiteDown", "TypedIn"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("- alert: A\n  expr: x\n-   alert:   'B'\n", {"A", "B"}),
        ('{"rules": [{"alert": "A", "expr": "x"}]}', {"A"}),
        ("rules:: [{ alert: 'A', expr: 'x' }],", {"A"}),  # jsonnet
        ("- alert: {{ .Values.name }}\n- alert: A\n", {"A"}),
        ("# alert: A\n// alert: B\n", set()),
        ("my_alert: A\nalerting: {alertmanagers: []}\nalerts: B", set()),
    ],
)
def test_alerts_are_found_in_rule_files_manifests_and_their_sources(text: str, names: set[str]) -> None:
    assert alert_names(text) == names


def test_doctor_tells_whether_the_repositories_can_be_read(
    server: MisbehavingServer, rules: Path, tmp_path: Path
) -> None:
    time = PretendTime(start=NOW)
    folders = [str(rules), str(tmp_path / "nowhere")]
    source = build_source("p", {"collector": "prometheus", "url": server.url, "rules_in_git": folders})
    checks = {one.title: one for one in check_source(source, time.clock, timing=time.timing)}
    assert checks[f"rules in {rules}"].state is CheckState.OK
    assert "1 alert" in checks[f"rules in {rules}"].detail
    assert checks[f"rules in {tmp_path / 'nowhere'}"].state is CheckState.WARNING


def test_folders_are_looked_for_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "itomm.yaml").write_text(
        "organisation: {id: acme, name: ACME}\nsources:\n"
        "  p: {collector: prometheus, url: 'https://p.example', rules_in_git: [rules, /srv/rules]}\n",
        encoding="utf-8",
    )
    source = configured_sources(load_configuration(tmp_path / "itomm.yaml"))[-1]
    assert isinstance(source.settings, PrometheusSettings)
    assert source.settings.rules_in_git == (tmp_path / "rules", Path("/srv/rules"))
