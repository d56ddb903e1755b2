"""What one well-kept public set of alerting rules is worth, and what is left of it without its annotations.

The rules of kube-prometheus are loaded into a real Prometheus as they are published, without their links to
runbooks, and bare: without annotations, severities and waiting times. All else is the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from itomm.cli.main import itomm
from itomm.config.clock import format_instant
from tests.real.conftest import KUBE_PROMETHEUS
from tests.real.servers import start_prometheus

CONFIGURATION = """
organisation: {{id: shop, name: Real shop}}
history_days: 30
sources:
  prometheus: {{collector: prometheus, url: "{url}"}}
services:
  - {{id: checkout, tier: 1, owner_team: shop}}
  - {{id: cart, tier: 2}}
  - {{id: search, tier: 3}}
"""

Alert = dict[str, Any]
Answers = dict[str, dict[str, Any]]


def as_published(alert: Alert) -> None:
    """Nothing is taken away."""
    assert alert["annotations"]["runbook_url"]


def without_runbook(alert: Alert) -> None:
    del alert["annotations"]["runbook_url"]


def bare(alert: Alert) -> None:
    del alert["annotations"]
    del alert["labels"]["severity"]
    alert.pop("for", None)


@pytest.fixture(scope="module")
def answers(now: datetime, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answers]:
    """The organisation's inferred answers by what was taken from the rules."""
    return {
        change.__name__: assessed(tmp_path_factory.mktemp(change.__name__), change, now)
        for change in (as_published, without_runbook, bare)
    }


def assessed(folder: Path, change: Callable[[Alert], None], now: datetime) -> Answers:
    rule_files = [changed(file, folder, change) for file in sorted(KUBE_PROMETHEUS.glob("*.rules.yml"))]
    with start_prometheus(folder / "server", rule_files=rule_files, scrape=["127.0.0.1:1"]) as server:
        configuration = folder / "itomm.yaml"
        configuration.write_text(CONFIGURATION.format(url=server.url), encoding="utf-8")
        options = [
            "--output",
            "json",
            "--quiet",
            "--now",
            format_instant(now),
            "--config",
            str(configuration),
        ]
        done = CliRunner().invoke(itomm, ["assess", *options])
    assert done.exit_code == 0, done.output[-2000:]
    organisation = json.loads(done.stdout)["scopes"][0]
    return {each["criterion"]: each["inferred"] for each in organisation["answers"] if each["inferred"]}


def changed(file: Path, folder: Path, change: Callable[[Alert], None]) -> Path:
    rules = yaml.safe_load(file.read_text(encoding="utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                change(rule)
    written = folder / file.name
    written.write_text(yaml.safe_dump(rules), encoding="utf-8")
    return written


def said(answers: Answers, criterion: str) -> tuple[str, str | None, int, int]:
    """Verdict, measured value, records that counted, records seen."""
    answer = answers[criterion]
    return answer["verdict"], answer["measured"], answer["counted"], answer["seen"]


def test_the_published_rules_answer_the_questions_that_rules_can_answer(answers: dict[str, Answers]) -> None:
    published = answers["as_published"]

    assert said(published, "SS-KNO-3.1") == ("yes", "100 %", 34, 139), "each rule that pages has a runbook"
    assert said(published, "IM-MON-3.1") == ("yes", "91.4 %", 139, 139), "12 rules fire without waiting"
    assert said(published, "IM-MON-2.2") == ("no", "0 %", 139, 139), "no rule names a team of the catalogue"
    assert said(published, "IM-MON-2.1")[0] == "no", "the rules watch a cluster, and none of the services"
    assert said(published, "IM-MON-5.1")[0] == "no", "the one burn rate is the cluster's own"


def test_what_rules_alone_cannot_tell_stays_unknown(answers: dict[str, Answers]) -> None:
    published = answers["as_published"]

    reasons = {criterion: published[criterion]["reason"] for criterion in ("IM-MON-3.2", "IM-MON-4.1")}
    assert reasons == {
        "IM-MON-3.2": "never_collected",  # no repository was named, so none is known to hold the rules
        "IM-MON-4.1": "insufficient_coverage",  # the server started a moment ago and has no past
    }
    assert published["SS-INC-3.1"]["reason"] == "never_collected"


def test_the_same_rules_without_runbooks_lose_the_answer_about_runbooks_and_no_other(
    answers: dict[str, Answers],
) -> None:
    published, stripped = answers["as_published"], answers["without_runbook"]

    assert said(stripped, "SS-KNO-3.1") == ("no", "0 %", 34, 139)
    assert differing(published, stripped) == {"SS-KNO-3.1"}


def test_bare_rules_lose_the_answer_about_the_standard_too(answers: dict[str, Answers]) -> None:
    published, stripped = answers["as_published"], answers["bare"]

    assert said(stripped, "SS-KNO-3.1") == ("no", None, 0, 139), "without a severity no rule is known to page"
    assert said(stripped, "IM-MON-3.1") == ("no", "0 %", 139, 139)
    assert differing(published, stripped) == {"SS-KNO-3.1", "IM-MON-3.1"}


def test_no_answer_is_better_for_what_was_taken_away(answers: dict[str, Answers]) -> None:
    ladder = ("unknown", "no", "partial", "yes")
    for kind in ("without_runbook", "bare"):
        for criterion, answer in answers["as_published"].items():
            left = answers[kind][criterion]["verdict"]
            assert ladder.index(left) <= ladder.index(answer["verdict"]), (kind, criterion)


def differing(one: Answers, other: Answers) -> set[str]:
    return {each for each, answer in one.items() if other[each]["verdict"] != answer["verdict"]}
