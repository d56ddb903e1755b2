"""What is taken away from an organisation's evidence: a source, a permission, history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.validity.findings import EVERYTHING, UNNAMED
from itomm.collectors.discovery import load_collector

SOURCES = ("prometheus", "alertmanager", "jira", "gitlab", "handbook", "registers")
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
    """The tool is there and nobody connects it; the configuration says so."""

    def change(configuration: dict[str, Any]) -> None:
        connected = configuration["sources"].get(source)
        if connected is None:
            return  # not every organisation keeps registers
        configuration["sources"][source] = {
            "collector": "not_connected",
            "record_types": _held_by(connected),
            "why": "Nobody gave us a token.",
        }

    return change


def _held_by(source: dict[str, Any]) -> list[str]:
    """The record types of a source as it is configured."""
    streams = [stream.record_type for stream in load_collector(source["collector"]).streams]
    return list(source.get("record_types") or source.get("records") or streams)


def _never_named(source: str) -> Callable[[dict[str, Any]], None]:
    """Nobody told of the tool, so that nothing says that something is missing."""

    def change(configuration: dict[str, Any]) -> None:
        configuration["sources"].pop(source, None)  # not every organisation keeps registers
        for service in configuration["services"]:
            service["keys"].pop(source, None)

    return change


def _no_folder(configuration: dict[str, Any]) -> None:
    """The share with the registers is not mounted."""
    if "registers" in configuration["sources"]:
        configuration["sources"]["registers"]["path"] += "-elsewhere"


def _cut_off(configuration: dict[str, Any]) -> None:
    """Every export of the registers broke off half-way."""
    source = configuration["sources"].get("registers")
    if source is None:
        return
    whole, broken = Path(source["path"]), Path(f"{source['path']}-broken")
    broken.mkdir(exist_ok=True)
    for file in whole.iterdir():
        (broken / file.name).write_bytes(_first_half(file.read_bytes()))
    source["path"] = str(broken)


def _first_half(content: bytes) -> bytes:
    """Up to somewhere in the middle of a line: of a file that ends between two rows nobody can tell."""
    half = len(content) // 2
    line = content.find(b"\n", half) + 1
    rest = content[line:] if line else b""
    indented = len(rest) - len(rest.lstrip())
    return content[: line + indented + 3] if rest.strip() else content[:half]


def _short_history(configuration: dict[str, Any]) -> None:
    configuration["history_days"] = 30


BASE = Variation(EVERYTHING)
VARIATIONS = (
    *(Variation(f"without {source}", change=_without(source)) for source in SOURCES),
    *(Variation(f"{UNNAMED} {source}", change=_never_named(source)) for source in SOURCES),
    *(Variation(f"denied: {name}", refused=path) for name, path in DENIED.items()),
    Variation("denied: registers", change=_no_folder),
    Variation("cut off: registers", change=_cut_off),
    Variation("history of 30 days", change=_short_history),
)
