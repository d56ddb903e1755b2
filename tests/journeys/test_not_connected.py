"""A tool that is named and not connected: its evidence is missing and shown, and nothing has failed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from itomm.estate.estate import Estate
from itomm.estate.server import EstateServer
from tests.journeys.door import Called, Door, assessed, configured
from tests.journeys.test_failing_sources import inferred, raised, scored

WHY = "The plant's firewall lets nobody in."
TICKETS = ["incident", "change", "problem", "service_request", "improvement"]


pytestmark = pytest.mark.usefixtures("answers_found_once")


def disconnected(config: Path, name: str, held: list[str]) -> Path:
    """The same configuration, in which nobody reads a source."""
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    settings["sources"][name] = {"collector": "not_connected", "record_types": held, "why": WHY}
    config.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return config


def said(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def assessment(small_estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Called]:
    """A configuration without tickets, after one assessment, and what that said; not to be written to."""
    folder = tmp_path_factory.mktemp("not_connected")
    with EstateServer(small_estate) as server:
        config = disconnected(configured(folder, small_estate, server), "jira", TICKETS)
        return config, assessed(config)


@pytest.fixture
def without_tickets(assessment: tuple[Path, Called]) -> Path:
    return assessment[0]


def test_what_it_holds_is_unknown_and_nothing_has_failed(
    assessment: tuple[Path, Called], collected_once: Path, itomm_at_the_door: Door
) -> None:
    without_tickets, done = assessment

    assert done.code == 0, done.out + done.err
    assert "jira not_connected 0 of 5 0 0 not connected" in said(done.out)
    document = scored(itomm_at_the_door, without_tickets)
    answer = inferred(document)["SS-INC-4.2"]
    assert (answer["verdict"], answer["reason"]) == ("unknown", "never_collected")
    assert WHY in answer["detail"]
    assert raised(scored(itomm_at_the_door, collected_once / "itomm.yaml"), document) == []


def test_it_is_shown_wherever_sources_are(
    without_tickets: Path, itomm_at_the_door: Door, tmp_path: Path
) -> None:
    doctor = itomm_at_the_door("doctor", "--offline", "--config", without_tickets, "--output", "json")
    assert not [each for each in doctor.document["checks"] if "jira" in each["detail"]]
    checked = itomm_at_the_door(
        "collectors", "check", "jira", "--config", without_tickets, "--output", "json"
    )
    assert checked.code == 0
    assert [each["state"] for each in checked.document["checks"]] == ["warning"]
    assert WHY in checked.document["checks"][0]["detail"]

    page = tmp_path / "report.html"
    assert itomm_at_the_door("report", "--config", without_tickets, "--to", page).code == 0
    assert WHY in page.read_text(encoding="utf-8").replace("&#39;", "'")


def test_a_gate_does_not_wait_for_what_nobody_connects(
    without_tickets: Path, itomm_at_the_door: Door
) -> None:
    asked = ("gate", "--config", without_tickets, "--minimum-level", "1", "--output", "json")

    sources = [each for each in itomm_at_the_door(*asked).document["checks"] if each["kind"] == "sources"]

    assert [each["outcome"] for each in sources] == ["met"]
    assert sources[0]["found"] == "all complete; not connected: jira"


def test_what_it_held_while_it_was_connected_answers_no_more(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    before = inferred(scored(itomm_at_the_door, workspace))["SS-INC-4.2"]
    assert before["verdict"] != "unknown"

    config = disconnected(workspace, "jira", TICKETS)
    done = itomm_at_the_door(
        "collect", "--source", "jira", "--config", config, "--now", "2026-11-02T06:00:00Z"
    )

    assert done.code == 0, done.out + done.err
    after = inferred(scored(itomm_at_the_door, workspace))["SS-INC-4.2"]
    assert (after["verdict"], after["reason"]) == ("unknown", "never_collected")


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"record_types": ["incidents"]}, "delivers no 'incidents' records"),
        ({"record_types": []}, "record_types"),
        ({"why": ""}, "why"),
    ],
)
def test_what_is_missing_is_said_in_full(
    tmp_path: Path, itomm_at_the_door: Door, wrong: dict[str, object], complaint: str
) -> None:
    source = {"collector": "not_connected", "record_types": TICKETS, "why": WHY} | wrong
    config = tmp_path / "itomm.yaml"
    settings = {"organisation": {"id": "acme", "name": "ACME"}, "sources": {"jira": source}}
    config.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")

    done = itomm_at_the_door("doctor", "--config", config)

    assert done.code == 5
    assert complaint in done.err
    assert "itomm.yaml:" in done.err
