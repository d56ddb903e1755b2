"""Issues that were deleted, moved or given another type are noticed by a run that reads what changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from itomm.estate.http_exchange import TOKEN
from itomm.estate.tickets import HistoryEntry, Ticket
from itomm.evidence.reading.compaction import READINGS_BEHIND_A_BASE
from itomm.evidence.reading.held import held_records
from itomm.evidence.reading.snapshot import snapshot_of
from tests.collectors.jira_stand_in import Diary, JiraStandIn, company, diary

FIRST = company().as_of
SECOND = FIRST + timedelta(hours=6)
SEEN_LATER = FIRST + timedelta(hours=2)


@pytest.fixture
def edition() -> str:
    return "jira"


@pytest.fixture
def written(edition: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Diary]:
    monkeypatch.setenv("ESTATE_TOKEN", TOKEN)
    with diary(tmp_path, JiraStandIn(edition)) as opened:
        yield opened


def old(kind: str) -> Ticket:
    """One that the second run has no other reason to read."""
    return min((one for one in company().tickets if one.kind == kind), key=lambda one: one.created_at)


def changed(ticket: Ticket, **fields: object) -> Ticket:
    """The ticket as somebody left it after the first run: Jira notes that it was updated."""
    step = HistoryEntry(SEEN_LATER, ticket.reporter, "priority", None, None)
    return replace(ticket, history=(*ticket.history, step), **fields)  # type: ignore[arg-type]  # fields of a ticket


def instead_of(ticket: Ticket, *others: Ticket) -> list[Ticket]:
    return [one for one in company().tickets if one.key != ticket.key] + list(others)


@pytest.mark.parametrize("edition", ["jira", "jira-dc"])
def test_a_deleted_issue_counts_no_more(written: Diary) -> None:
    victim = old("Incident")
    written.run(FIRST, "incident")
    before = written.records("incident", SECOND)
    written.jira.tickets = instead_of(victim)
    (result,) = written.run(SECOND, "incident")
    assert result.outcome.complete, result.outcome.error
    assert result.outcome.continues
    assert written.records("incident", SECOND) == [name for name in before if name != victim.key]
    assert written.records("incident", SECOND, run=1) == before  # the older snapshot reads as it did


@pytest.mark.parametrize("edition", ["jira", "jira-dc"])
def test_a_moved_issue_counts_once_by_its_new_key(written: Diary) -> None:
    moved = old("Incident")
    written.run(FIRST, "incident")
    before = written.records("incident", SECOND)
    written.jira.tickets = instead_of(moved, changed(moved, project="SEC", key="SEC-900"))
    (result,) = written.run(SECOND, "incident")
    assert result.outcome.complete, result.outcome.error
    after = written.records("incident", SECOND)
    assert moved.key not in after
    assert after.count("SEC-900") == 1
    assert len(after) == len(before)


AN_HOUR_LATER = FIRST + timedelta(hours=1)


def test_a_deleted_issue_is_there_as_of_an_instant_before_anybody_noticed(written: Diary) -> None:
    victim = old("Incident")
    written.run(FIRST, "incident")
    before = written.records("incident", AN_HOUR_LATER)
    written.jira.tickets = instead_of(victim)
    written.run(SECOND, "incident")
    written.run(SECOND + timedelta(hours=6), "incident")
    assert written.records("incident", AN_HOUR_LATER) == before
    assert victim.key not in written.records("incident", SECOND + timedelta(minutes=5))
    assert victim.key not in written.records("incident", victim.created_at - timedelta(minutes=1))


def test_a_moved_issue_counts_once_as_of_an_instant_before_it_was_moved(written: Diary) -> None:
    moved = old("Incident")
    written.run(FIRST, "incident")
    before = written.records("incident", AN_HOUR_LATER)
    written.jira.tickets = instead_of(moved, changed(moved, project="SEC", key="SEC-900"))
    written.run(SECOND, "incident")
    as_of_then = written.records("incident", AN_HOUR_LATER)
    assert len(as_of_then) == len(before)
    assert "SEC-900" in as_of_then
    assert moved.key not in as_of_then


def test_what_other_settings_leave_out_is_gone_as_of_every_instant(written: Diary) -> None:
    written.run(FIRST, "incident")
    assert any(key.startswith("SEC-") for key in written.records("incident", AN_HOUR_LATER))
    written.source = written.jira.source(written.source.address.removesuffix("/jira"), projects=["OPS"])
    written.run(SECOND, "incident")
    assert all(key.startswith("OPS-") for key in written.records("incident", AN_HOUR_LATER))


def test_a_deleted_issue_is_there_as_of_before_also_when_the_readings_since_were_compacted(
    written: Diary,
) -> None:
    victim = old("Incident")
    written.run(FIRST, "incident")
    before = written.records("incident", AN_HOUR_LATER)
    written.jira.tickets = instead_of(victim)
    for number in range(READINGS_BEHIND_A_BASE + 1):
        written.run(SECOND + timedelta(hours=number), "incident")
    assert written.store.compactions()
    assert written.records("incident", AN_HOUR_LATER) == before
    assert victim.key not in written.records("incident", SECOND + timedelta(days=1))


def test_an_issue_of_another_type_leaves_its_old_stream(written: Diary) -> None:
    retyped = old("Incident")
    written.run(FIRST, "incident", "service_request")
    written.jira.tickets = instead_of(retyped, changed(retyped, kind="Service Request"))
    written.run(SECOND, "incident", "service_request")
    assert retyped.key not in written.records("incident", SECOND)
    assert retyped.key in written.records("service_request", SECOND)


def test_the_clocks_of_a_deleted_issue_count_no_more(written: Diary) -> None:
    victim = next(one for one in company().tickets if one.clocks and one.clocks[0].stopped_at)
    written.run(FIRST, "sla_cycle")
    before = written.records("sla_cycle", SECOND)
    written.jira.tickets = instead_of(victim)
    (result,) = written.run(SECOND, "sla_cycle")
    assert result.outcome.continues
    after = written.records("sla_cycle", SECOND)
    assert after == [name for name in before if not name.startswith(f"{victim.key}/")]
    assert len(after) < len(before)


def test_a_proof_without_its_label_counts_no_more(written: Diary) -> None:
    proof = next(one for one in company().tickets if "access-review" in one.labels)
    written.run(FIRST, "access_review")
    assert proof.key in written.records("access_review", SECOND)
    written.jira.tickets = instead_of(proof, changed(proof, labels=()))
    written.run(SECOND, "access_review")
    assert proof.key not in written.records("access_review", SECOND)


def test_what_stayed_is_not_read_again(written: Diary) -> None:
    written.run(FIRST, "incident")
    first = len(written.jira.searches())
    (result,) = written.run(SECOND, "incident")
    assert result.records == 0
    asked = [one for one in written.jira.searches() if "updated >=" in one]
    assert len(asked) == 1
    assert len(written.jira.searches()) <= first + 1


def test_an_account_without_a_time_zone_costs_a_list_of_keys_and_finds_the_same(
    written: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("itomm.collectors.jira.client.JiraClient.zone", lambda _: None)
    victim = old("Incident")
    written.run(FIRST, "incident")
    written.jira.tickets = instead_of(victim)
    (result,) = written.run(SECOND, "incident")
    assert result.outcome.complete, result.outcome.error
    assert victim.key not in written.records("incident", SECOND)


def test_a_project_that_is_refused_does_not_look_deleted(written: Diary) -> None:
    written.run(FIRST, "incident")
    before = written.records("incident", SECOND)
    assert any(name.startswith("SEC-") for name in before)
    written.jira.refused = "SEC"
    (result,) = written.run(SECOND, "incident")
    assert result.outcome.denied == ("SEC",)
    assert written.records("incident", SECOND) == before
    assert not [one for one in written.jira.asked if "maxResults=5000" in one.target]


def test_what_is_held_is_what_is_read_of_the_source_alone(written: Diary) -> None:
    written.run(FIRST, "incident", "sla_cycle")
    snapshot = snapshot_of(written.store)
    held = held_records(snapshot, "jira", "incident", SECOND)
    opened = {one.key: one.created_at for one in company().tickets if one.kind == "Incident"}
    assert held == {key: at.replace(microsecond=at.microsecond // 1000 * 1000) for key, at in opened.items()}
    assert sorted(held) == written.records("incident", SECOND)
    assert held_records(snapshot, "another", "incident", SECOND) == {}
    assert held_records(snapshot, "jira", "repository", SECOND) == {}
