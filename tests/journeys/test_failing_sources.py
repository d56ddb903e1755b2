"""A failing source never raises a score, never narrows an interval, and never stops the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from itomm.estate.estate import Estate
from itomm.estate.server import EstateServer
from tests.journeys.door import DAY_OF_ASSESSMENT, Called, Door, configured

pytestmark = pytest.mark.usefixtures("answers_found_once")

Score = dict[str, Any]


def scores(document: dict[str, Any]) -> Iterator[tuple[str, Score]]:
    """Every level and index of an assessment, by where it stands."""
    for scope in document["scopes"]:
        for view, score in scope["views"].items():
            yield f"{scope['id']}/{view}", score
            for kind in ("areas", "practices"):
                for part in score[kind]:
                    yield f"{scope['id']}/{view}/{part[kind[:-1]]}", part


def raised(healthy: dict[str, Any], failing: dict[str, Any]) -> list[str]:
    """Places where the failing run has a better number or a narrower interval than the healthy one."""
    before = dict(scores(healthy))
    wrong = []
    for place, after in scores(failing):
        for number in ("level", "index"):
            was, now = before[place][number], after[number]
            if now["low"] > was["low"] or now["point"] > was["point"] or now["high"] < was["high"]:
                wrong.append(f"{place} {number}: {was} became {now}")
    return wrong


def scored(door: Door, config: Path) -> dict[str, Any]:
    done = door("score", "--config", config, "--output", "json")
    assert done.code == 0, done.err
    return done.document


def assessed(door: Door, config: Path) -> Called:
    return door("assess", "--config", config, "--now", DAY_OF_ASSESSMENT)


def impatient(config: Path, source: str) -> None:
    """Give a source that is down three seconds, so that no test waits for retries."""
    configure(config, source, "deadline_minutes: 0.05")


def configure(config: Path, source: str, setting: str) -> None:
    text = config.read_text(encoding="utf-8")
    line = f"    collector: {source}\n"
    assert line in text
    config.write_text(text.replace(line, f"{line}    {setting}\n"), encoding="utf-8")


def inferred(document: dict[str, Any], scope: int = 0) -> dict[str, Any]:
    answers = document["scopes"][scope]["answers"]
    return {answer["criterion"]: answer["inferred"] for answer in answers if answer["inferred"]}


@pytest.fixture
def failing(small_estate: Estate, small_server: EstateServer, tmp_path: Path) -> Path:
    return configured(tmp_path / "failing", small_estate, small_server)


def test_killing_jira_in_mid_run_raises_nothing(
    failing: Path, small_server: EstateServer, collected_once: Path, itomm_at_the_door: Door
) -> None:
    small_server.faults.add("/jira/", "reset", after=12)
    impatient(failing, "jira")

    done = assessed(itomm_at_the_door, failing)

    assert done.code == 3, done.out + done.err
    assert "jira" in done.out
    assert "Traceback" not in done.out + done.err
    after = scored(itomm_at_the_door, failing)
    assert raised(scored(itomm_at_the_door, collected_once / "itomm.yaml"), after) == []
    reasons = [answer["reason"] for answer in inferred(after).values()]
    assert "collection_failed" in reasons
    states = {(state["source"], state["record_type"]): state["complete"] for state in after["sources"]}
    assert all(complete for (source, _), complete in states.items() if source != "jira")
    assert not all(complete for (source, _), complete in states.items() if source == "jira")


@pytest.mark.parametrize("source", ["prometheus", "alertmanager", "jira", "gitlab"])
def test_a_source_that_is_down_raises_nothing_and_stops_no_other(
    source: str,
    failing: Path,
    small_server: EstateServer,
    collected_once: Path,
    itomm_at_the_door: Door,
) -> None:
    small_server.faults.add(f"/{source}/", "reset")
    impatient(failing, source)

    done = assessed(itomm_at_the_door, failing)

    assert done.code == 3, done.out + done.err
    after = scored(itomm_at_the_door, failing)
    assert raised(scored(itomm_at_the_door, collected_once / "itomm.yaml"), after) == []
    complete = {state["source"] for state in after["sources"] if state["complete"]}
    assert complete == {"catalogue", "prometheus", "alertmanager", "jira", "gitlab"} - {source}


def test_a_refused_project_leaves_only_what_rests_on_it_unknown(
    failing: Path,
    small_estate: Estate,
    small_server: EstateServer,
    collected_once: Path,
    itomm_at_the_door: Door,
) -> None:
    project = next(each for each in small_estate.company.projects if each.path == "legacy-erp")
    small_server.faults.add(f"/gitlab/api/v4/projects/{project.id}/protected_branches", "403")

    assert assessed(itomm_at_the_door, failing).code == 3
    healthy = scored(itomm_at_the_door, collected_once / "itomm.yaml")
    after = scored(itomm_at_the_door, failing)
    assert raised(healthy, after) == []
    by_service = {scope["id"]: inferred(after, index) for index, scope in enumerate(after["scopes"])}
    assert by_service["legacy-erp"]["IM-PIP-3.1"]["reason"] == "permission_denied"
    assert by_service["checkout"]["IM-PIP-3.1"]["verdict"] != "unknown"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("401", "token"),
        ("html", "web page"),
        ("not_json", "JSON"),
        ("truncated", "broke off"),
        ("503", "503"),
    ],
)
def test_what_went_wrong_is_said_in_words(
    kind: str, said: str, failing: Path, small_server: EstateServer, itomm_at_the_door: Door
) -> None:
    small_server.faults.add("/alertmanager/", kind)
    configure(failing, "alertmanager", "record_types: [silence]")

    done = itomm_at_the_door(
        *("collect", "--config", failing, "--source", "alertmanager", "--now", DAY_OF_ASSESSMENT)
    )

    assert done.code == 3
    assert said.lower() in " ".join(done.out.split()).lower()
    assert "estate-token" not in done.out + done.err


def test_an_unreachable_source_is_named_with_its_address(failing: Path, itomm_at_the_door: Door) -> None:
    text = failing.read_text(encoding="utf-8")
    start = text.index("http://")
    address = text[start : text.index("/", start + len("http://"))]
    failing.write_text(text.replace(f"{address}/alertmanager", "http://127.0.0.1:1/x"), encoding="utf-8")
    impatient(failing, "alertmanager")

    done = itomm_at_the_door("collect", "--config", failing, "--source", "alertmanager")

    assert done.code == 3
    assert "127.0.0.1:1" in done.out


def test_doctor_names_the_source_that_needs_mending(
    failing: Path, small_server: EstateServer, itomm_at_the_door: Door
) -> None:
    small_server.faults.add("/gitlab/", "401")

    done: Called = itomm_at_the_door("doctor", "--config", failing, "--output", "json")

    assert done.code == 3
    states = {(row["part"], row["state"]) for row in done.document["checks"]}
    assert ("gitlab", "failed") in states
    assert ("jira", "failed") not in states
