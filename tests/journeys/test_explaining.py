"""Every answer leads to the very records that counted, the request that fetched them, and the live page."""

from __future__ import annotations

from pathlib import Path

import pytest

from itomm.evidence.segments.raw_payloads import RawPayloads
from itomm.rules.measures import MeasureKind
from itomm.rules.pack import load_packs
from tests.journeys.door import Called, Door


@pytest.fixture
def explained(workspace: Path, itomm_at_the_door: Door) -> Called:
    return itomm_at_the_door("explain", "SS-CHG-3.1", "--service", "checkout", "--config", workspace)


def test_explain_shows_all_that_an_auditor_asks_for(explained: Called) -> None:
    assert explained.code == 0, explained.err
    text = " ".join(explained.out.split())

    for needed in (
        "SS-CHG-3.1 Changes are peer reviewed",
        "measure:",
        "measured",
        "yes >= 90 %",
        "records seen",
        "confidence",
        "Records (",
        "http://127.0.0.1",
        "gitlab: GET http://127.0.0.1",
    ):
        assert needed in text


def test_explain_fits_eighty_columns(explained: Called) -> None:
    assert max(len(line) for line in explained.out.splitlines()) <= 80


def test_the_records_listed_are_those_that_counted(workspace: Path, itomm_at_the_door: Door) -> None:
    everything = ("--records", "100000", "--output", "json", "--config", workspace)
    document = itomm_at_the_door("explain", "SS-CHG-3.1", "--service", "checkout", *everything).document

    inferred, records = document["answer"]["inferred"], document["records"]
    assert inferred["counted"] == sum(record["counted"] for record in records) > 0
    assert inferred["matched"] == sum(record["matched"] is True for record in records)
    assert inferred["seen"] == len(records)
    assert {record["service"] for record in records} == {"checkout"}
    assert all(record["url"].startswith("http") and record["request"] for record in records)


def test_every_counted_number_in_an_assessment_is_found_again_in_the_records(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    """For one pooled ratio over each of several record types, the listing agrees with the measure."""
    document = itomm_at_the_door("score", "--output", "json", "--config", workspace).document
    ratios = {rule.name for rule in load_packs(["itomm"]).rules if rule.measure_kind is MeasureKind.RATIO}
    by_type = {
        answer["inferred"]["record_types"][0]: answer
        for answer in document["scopes"][0]["answers"]
        if answer["inferred"]
        and answer["inferred"]["rule"] in ratios
        and answer["inferred"]["matched"] is not None
    }
    chosen = [by_type[name] for name in ("incident", "merge_request", "deployment", "alert_rule")]
    everything = ("--records", "100000", "--output", "json", "--config", workspace)
    for answer in chosen:
        records = itomm_at_the_door("explain", answer["criterion"], *everything).document["records"]
        inferred = answer["inferred"]
        assert sum(record["counted"] for record in records) == inferred["counted"], answer["criterion"]
        assert sum(record["matched"] is True for record in records) == inferred["matched"]


def test_a_criterion_without_a_rule_awaits_a_person(workspace: Path, itomm_at_the_door: Door) -> None:
    done = itomm_at_the_door("explain", "SM-GRC-2.2", "--config", workspace)

    assert done.code == 0
    assert "awaits a rule or a person" in " ".join(done.out.split())


def test_people_are_pseudonyms_and_secrets_are_gone(workspace: Path) -> None:
    """No raw payload holds the token, or the e-mail address of a person."""
    folder = workspace.parent / ".itomm" / "raw"
    payloads = RawPayloads(folder)
    stored = b"".join(payloads.verified(address) for address in payloads.addresses())

    assert b"person-" in stored
    assert b"estate-token" not in stored
    named = [word for word in stored.split(b'"') if b"@acme.example" in word]
    teams = {b"web@acme.example"}  # the contact of a team, from the catalogue
    assert set(named) <= teams


@pytest.mark.parametrize("name", ["score", "show", "override list", "verify", "rules test"])
def test_json_goes_to_stdout_alone(name: str, workspace: Path, itomm_at_the_door: Door) -> None:
    extra = ("--rule", "changes-peer-reviewed") if name == "rules test" else ()
    done = itomm_at_the_door(*name.split(), *extra, "--output", "json", "--config", workspace)

    assert done.document["schema"].startswith("itomm/")
    assert done.err == ""
