"""Habits that make a company look better, or speak another language, than most."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import itomm.estate
from itomm.estate.estate import Estate
from itomm.estate.http_exchange import TOKEN, request_of
from itomm.estate.jira_data_center import JiraDataCenterApi
from itomm.estate.tickets import CLOSED

SMALL = Path(itomm.estate.__file__).parent / "habits" / "two_services.yaml"


def with_habit(folder: Path, line: str) -> Estate:
    path = folder / "habits.yaml"
    path.write_text(f"{SMALL.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    return Estate.load(path)


def test_one_person_closes_whatever_is_open_the_day_before(tmp_path: Path) -> None:
    usual, tidied = Estate.load(SMALL).company, with_habit(tmp_path, "closes_all_before: true").company
    day_before = tidied.as_of - timedelta(days=1)
    was_open = {
        ticket.key
        for ticket in usual.tickets
        if ticket.status.category != "done" and ticket.updated_at < day_before
    }
    assert len(was_open) >= 5
    closed = [ticket for ticket in tidied.tickets if ticket.key in was_open]
    assert {ticket.status for ticket in closed} == {CLOSED}
    assert len({ticket.history[-1].author for ticket in closed}) == 1
    moments = sorted(ticket.history[-1].at for ticket in closed)
    assert day_before < moments[0] < moments[-1] < moments[0] + timedelta(minutes=30)
    others = [ticket for ticket in tidied.tickets if ticket.key not in was_open]
    assert others == [ticket for ticket in usual.tickets if ticket.key not in was_open]


def test_names_of_statuses_may_be_chinese_and_their_categories_stay(tmp_path: Path) -> None:
    def asked(estate: Estate) -> list[dict[str, Any]]:
        target = "/jira-dc/rest/api/2/search?jql=project=OPS&maxResults=50&expand=changelog"
        request = request_of("GET", target, {"authorization": f"Bearer {TOKEN}"}, b"")
        issues: list[dict[str, Any]] = json.loads(JiraDataCenterApi(estate.company).answer(request).body)[
            "issues"
        ]
        return issues

    usual, chinese = asked(Estate.load(SMALL)), asked(with_habit(tmp_path, "status_language: chinese"))
    categories = [
        [issue["fields"]["status"]["statusCategory"]["key"] for issue in issues]
        for issues in (usual, chinese)
    ]
    assert categories[0] == categories[1]
    names = {issue["fields"]["status"]["name"] for issue in chinese}
    assert names <= {"新建", "已计划", "处理中", "等待客户", "已解决", "已关闭"}
    moved = {
        item["toString"]
        for issue in chinese
        for history in issue["changelog"]["histories"]
        for item in history["items"]
        if item["field"] == "status"
    }
    assert "已解决" in moved
    assert not moved & {"Resolved", "Closed", "In Progress"}
