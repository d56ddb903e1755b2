"""What is taken away from an organisation's evidence: a source, a permission, history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

SOURCES = ("prometheus", "alertmanager", "jira", "gitlab", "handbook")
DENIED: Mapping[str, str] = {
    "branch protection": "/gitlab/api/v4/projects/{project}/protected_branches",
    "members": "/gitlab/api/v4/projects/{project}/members",
    "vulnerabilities": "/gitlab/api/v4/projects/{project}/vulnerabilities",
    "alert rules": "/prometheus/api/v1/rules",
    "ticket search": "/jira/rest/api/3/search",
}
"""Which path answers 403; ``{project}`` stands for the first project's, else it is the whole tool's."""


@dataclass(frozen=True)
class Variation:
    """One way to know less: a change of the configuration, or a path that is refused."""

    name: str
    change: Callable[[dict[str, Any]], None] | None = None
    refused: str | None = None


def _without(source: str) -> Callable[[dict[str, Any]], None]:
    def change(configuration: dict[str, Any]) -> None:
        del configuration["sources"][source]
        for service in configuration["services"]:
            service["keys"].pop(source, None)

    return change


def _short_history(configuration: dict[str, Any]) -> None:
    configuration["history_days"] = 30


BASE = Variation("everything")
VARIATIONS = (
    *(Variation(f"without {source}", change=_without(source)) for source in SOURCES),
    *(Variation(f"denied: {name}", refused=path) for name, path in DENIED.items()),
    Variation("history of 30 days", change=_short_history),
)
