"""``itomm assess`` on real input only: a real Prometheus, a real Alertmanager, and this repository."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from itomm.config.clock import format_instant
from tests.real.servers import RunningServer

ROOT = Path(__file__).parents[2]

CONFIGURATION = """
organisation: {{id: shop, name: Real shop}}
history_days: 60
sources:
  prometheus: {{collector: prometheus, url: "{prometheus}"}}
  alertmanager: {{collector: alertmanager, url: "{alertmanager}"}}
  repository: {{collector: local_git, path: "{repository}"}}
services:
  - {{id: checkout, tier: 1, owner_team: shop, stateful: true, keys: {{repository: [itomm, main, {name}]}}}}
  - {{id: cart, tier: 2}}
  - {{id: search, tier: 3}}
"""


@pytest.fixture(scope="module")
def assessment(
    prometheus: RunningServer,
    alertmanager: RunningServer,
    now: datetime,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("real")
    text = CONFIGURATION.format(
        prometheus=prometheus.url, alertmanager=alertmanager.url, repository=ROOT, name=ROOT.name
    )
    (folder / "itomm.yaml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "itomm", "assess", "--output", "json", "--now", format_instant(now)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def organisation_answer(assessment: dict[str, Any], criterion: str) -> dict[str, Any]:
    answers = assessment["scopes"][0]["answers"]
    inferred: dict[str, Any] = next(a["inferred"] for a in answers if a["criterion"] == criterion)
    return inferred


def test_every_stream_of_the_real_servers_and_the_repository_is_complete(assessment: dict[str, Any]) -> None:
    assert [state for state in assessment["sources"] if not state["complete"]] == []
    records = {(state["source"], state["record_type"]): state["records"] for state in assessment["sources"]}
    assert records[("prometheus", "alert_rule")] == 140
    assert records[("repository", "commit")] > 20
    assert records[("alertmanager", "notification_route")] > 0


def test_the_real_rule_set_has_runbooks_and_lacks_owners(assessment: dict[str, Any]) -> None:
    runbooks = organisation_answer(assessment, "SS-KNO-3.1")
    owners = organisation_answer(assessment, "IM-MON-2.2")

    assert (runbooks["verdict"], runbooks["measured"]) == ("yes", "100 %")
    assert owners["verdict"] == "no"
    assert owners["counted"] == 140


def test_what_no_source_delivers_is_unknown_and_never_a_fail(assessment: dict[str, Any]) -> None:
    tickets = organisation_answer(assessment, "SS-INC-4.1")

    assert (tickets["verdict"], tickets["reason"]) == ("unknown", "never_collected")
