"""What a plug-in's author tells the suite about the tool: how it answers on a good day, and what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from itomm.collectors.conformance.exchange import Answer, Asked, Tool
from itomm.collectors.conformance.paging import Paging

CANARY = "canary-secret-7c0e1f"
"""The token that is used where the tool does not want a certain one."""


@dataclass(frozen=True)
class HealthyTool:
    """A tool on a good day, as a function, for the suite to put faults in front of.

    Attributes:
        answer: answers every request as the tool does; links in its answers begin with ``asked.base``.
        empty: answers as the tool does when there is nothing in it that the collector reads.
        scopes: for each scope that the collector names (project, repository), text that is in the path,
            query or body of its requests and of no others, such as ``/projects/17/``. At least two, or none
            when the collector does not know scopes.
        people: names, logins and addresses that ``answer`` mentions, none of which may be stored.
        paging: how its lists are paged; None when it does not page.
        links: addresses, besides the source's own, that records may link to.
        until: the instant of the collection.
        history: how long before ``until`` events are read.
        token: what the settings' token refers to.
    """

    answer: Tool
    empty: Tool | None = None
    scopes: Mapping[str, str] = field(default_factory=dict)
    people: tuple[str, ...] = ()
    paging: Paging | None = None
    links: tuple[str, ...] = ()
    until: datetime = datetime(2026, 11, 1, 6, tzinfo=UTC)
    history: timedelta = timedelta(days=60)
    token: str = CANARY

    def __post_init__(self) -> None:
        if len(self.scopes) == 1:
            raise ValueError("name at least two scopes, so that one can be refused and another still be read")
        if self.until.tzinfo is None:
            raise ValueError("until must have a time zone")


def scripted(answers: Mapping[str, Answer], otherwise: Answer | None = None) -> Tool:
    """A tool that answers by path (without the query); other paths with ``otherwise``, a 404."""
    missing = otherwise or Answer(404, b'{"message": "404 Not Found"}')

    def answer(asked: Asked) -> Answer:
        return answers.get(asked.raw_path, missing)

    return answer
