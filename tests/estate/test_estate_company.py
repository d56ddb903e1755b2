from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from itomm.config.errors import UsageError
from itomm.estate.company import company_of
from itomm.estate.company_habits import DEFAULT_HABITS, HABITS_DIRECTORY, load_habits
from itomm.estate.estate import Estate
from itomm.estate.http_exchange import TOKEN
from itomm.estate.server import EstateServer

SMALL = HABITS_DIRECTORY / "two_services.yaml"
SAMPLE = (
    "/prometheus/api/v1/rules",
    "/prometheus/api/v1/targets",
    "/prometheus/api/v1/query?query=probe_ssl_earliest_cert_expiry",
    "/alertmanager/api/v2/status",
    "/alertmanager/api/v2/silences",
    "/gitlab/api/v4/projects",
    "/gitlab/api/v4/projects/11/merge_requests?per_page=100",
    "/gitlab/api/v4/projects/11/deployments?per_page=100",
    "/gitlab/api/v4/projects/11/jobs?per_page=100",
    "/gitlab/api/v4/projects/11/vulnerabilities",
    "/jira-dc/rest/api/2/search?jql=project+in+(OPS,SEC)&maxResults=1000&fields=*all&expand=changelog",
)


def _answers(estate: Estate) -> dict[str, bytes]:
    with EstateServer(estate) as server, requests.Session() as session:
        # The same Host for both, because links repeat it.
        session.headers.update({"Host": "estate.test", "Authorization": f"Bearer {TOKEN}"})
        return {path: session.get(server.url + path, timeout=10).content for path in SAMPLE}


def test_two_estates_of_the_same_habits_answer_with_the_same_bytes() -> None:
    assert _answers(Estate.load(SMALL)) == _answers(Estate.load(SMALL))


def test_another_seed_gives_another_company(tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(SMALL.read_text(encoding="utf-8").replace("seed: 7", "seed: 8"), encoding="utf-8")
    assert company_of(load_habits(other)).tickets != company_of(load_habits(SMALL)).tickets


def test_changing_one_habit_leaves_unrelated_things_alone(tmp_path: Path) -> None:
    text = SMALL.read_text(encoding="utf-8")
    changed = tmp_path / "changed.yaml"
    changed.write_text(text.replace("per_month: 5, detected", "per_month: 9, detected"), encoding="utf-8")
    before, after = company_of(load_habits(SMALL)), company_of(load_habits(changed))
    assert len(after.of_kind("Incident")) > len(before.of_kind("Incident"))
    assert [project.commits for project in after.projects] == [project.commits for project in before.projects]
    assert [project.findings for project in after.projects] == [
        project.findings for project in before.projects
    ]


def test_an_earlier_instant_shows_the_same_events_without_the_later_ones() -> None:
    habits = load_habits(SMALL)
    whole, early = company_of(habits), company_of(habits, habits.as_of - timedelta(days=30))
    known = {(ticket.ref, ticket.created_at) for ticket in whole.tickets}
    assert {(ticket.ref, ticket.created_at) for ticket in early.tickets} <= known
    assert max(ticket.updated_at for ticket in early.tickets) <= early.as_of
    for project in early.projects:
        assert all(request.updated_at <= early.as_of for request in project.merge_requests)
        assert all(run.finished_at is None or run.finished_at <= early.as_of for run in project.pipelines)
        assert all(one.finished_at <= early.as_of for one in project.deployments)


def test_acme_looks_like_a_company() -> None:
    company = company_of(load_habits(DEFAULT_HABITS))
    assert company.as_of == datetime(2026, 11, 1, 6, tzinfo=UTC)
    assert len(company.habits.services) == 12
    assert {service.tier for service in company.habits.services} == {1, 2, 3}
    assert len({team.utc_offset_hours for team in company.habits.teams.values()}) == 3
    assert any(not service.name.isascii() for service in company.habits.services)
    assert sum(project.archived for project in company.projects) == 1
    assert sum("outage" in ticket.labels for ticket in company.tickets) == 6


def test_weekends_are_quiet_for_deployments() -> None:
    company = company_of(load_habits(SMALL))
    planned = [
        one.started_at
        for project in company.projects
        for one in project.deployments
        if not one.rollback and not one.hotfix
    ]
    weekend = [moment for moment in planned if (moment + timedelta(hours=1)).weekday() >= 5]
    assert len(weekend) <= len(planned) * 0.03  # only the repetition of a failed one may fall there


def test_incidents_caused_by_deployments_name_the_change() -> None:
    company = company_of(load_habits(SMALL))
    caused = [link for ticket in company.of_kind("Incident") for link in ticket.links]
    assert caused
    assert {company.keys[link.to].split("-")[0] for link in caused} == {"OPS"}


def test_wrong_habits_are_explained_without_a_traceback(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(SMALL.read_text(encoding="utf-8") + "\ncolour: red\n", encoding="utf-8")
    with pytest.raises(UsageError, match="colour"):
        load_habits(wrong)
    with pytest.raises(UsageError, match="Cannot read"):
        load_habits(tmp_path / "missing.yaml")


def test_the_configuration_names_every_source_and_service(small_estate: Estate, tmp_path: Path) -> None:
    text = small_estate.configuration("http://127.0.0.1:1", tmp_path)
    for word in ("collector: local_git", "env:ITOMM_ESTATE_TOKEN", "acme/checkout", "- id: legacy-erp"):
        assert word in text
    assert TOKEN not in text
    assert "local_git" not in small_estate.configuration("http://127.0.0.1:1", None)


def test_a_ticket_that_was_only_closed_later_keeps_its_first_resolution() -> None:
    company = company_of(load_habits(SMALL))
    closed = [ticket for ticket in company.of_kind("Incident") if ticket.status.name == "Closed"]
    assert closed
    for ticket in closed:
        assert ticket.resolved_at == [entry for entry in ticket.history if entry.field == "status"][-2].at
    reopened = dataclasses.replace(closed[0], history=closed[0].history[:-2])
    assert reopened.resolved_at is None
