"""Rows of a made-up GitLab and Jira: one real-looking sample each, with numbers and times put in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import itomm.estate
from itomm.estate.estate import Estate
from itomm.estate.gitlab_api import GitLabApi
from itomm.estate.http_exchange import TOKEN, Request, request_of
from itomm.estate.jira_data_center import JiraDataCenterApi

AS_OF = datetime(2026, 11, 1, 6, tzinfo=UTC)
BEGIN = AS_OF - timedelta(days=400)
HABITS = Path(itomm.estate.__file__).parent / "habits" / "two_services.yaml"
_INSTANT = re.compile(r'"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)"')


@dataclass(frozen=True)
class Template:
    """A sample row as text, in which numbers and times are replaced.

    ``number`` is the sample's id as it stands in the text, also within addresses.
    """

    parts: tuple[str, ...]

    @classmethod
    def of(cls, row: object, *numbers: str) -> Template:
        """The template of a row; each of ``numbers`` becomes the number of the row that is written."""
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        text = _INSTANT.sub('"\x01"', text)
        for number in sorted(numbers, key=len, reverse=True):
            text = text.replace(number, "\x02")
        return cls(tuple(re.split("(\x01|\x02)", text)))

    def write(self, number: object, instant: str) -> str:
        """A row with this number, all of whose times are this instant."""
        filled = {"\x01": instant, "\x02": str(number)}
        return "".join(filled.get(part, part) for part in self.parts)


class Samples:
    """Answers of the small stand-in estate, to make rows from."""

    def __init__(self) -> None:
        company = Estate.load(HABITS).company
        self._gitlab, self._jira = GitLabApi(company), JiraDataCenterApi(company)
        self.project = max(company.projects, key=lambda one: len(one.pipelines))

    def gitlab(self, path: str, body: bytes = b"") -> object:
        """The stand-in's answer to a path below its API, as JSON."""
        whole = path if path.startswith("/gitlab") else f"/gitlab/api/v4{path}"
        request = _request("POST" if body else "GET", whole, {"private-token": TOKEN}, body)
        return json.loads(self._gitlab.answer(request).body)

    def jira(self, path: str) -> object:
        """The stand-in's answer to a path below its API, as JSON."""
        request = _request("GET", f"/jira-dc{path}", {"authorization": f"Bearer {TOKEN}"}, b"")
        return json.loads(self._jira.answer(request).body)


def _request(method: str, target: str, headers: dict[str, str], body: bytes) -> Request:
    return request_of(method, target, {"host": "bench.example", **headers}, body)


def spread(number: int, of: int) -> str:
    """The instant of the ``number``-th of so many events, spread evenly over the history."""
    at = BEGIN + (AS_OF - BEGIN) * (number + 0.5) / of
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def listed(rows: Iterable[str]) -> bytes:
    """A JSON list of rows that are JSON already."""
    return ("[" + ",".join(rows) + "]").encode()
