"""One thing that a check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from itomm.config.errors import Place, Problem
from itomm.config.yaml_source import PathInDocument
from itomm.rules.rule import Rule


class Severity(StrEnum):
    """How bad a finding is. An error makes answers wrong or rules unreadable; a note only informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """What was found, where, and what to do about it. ``about`` names a rule or a criterion."""

    severity: Severity
    code: str
    about: str
    place: Place
    text: str
    hint: str = ""

    @property
    def order(self) -> tuple[Place, str, str]:
        """By place, then by code and text."""
        return self.place, self.code, self.text


def in_rule(
    rule: Rule, path: PathInDocument, severity: Severity, code: str, *, text: str, hint: str = ""
) -> Finding:
    """A finding about one part of a rule."""
    return Finding(severity, code, rule.name, rule.document.place(path), text, hint)


def of_problem(problem: Problem) -> Finding:
    """A fault that keeps the rules from being read."""
    return Finding(Severity.ERROR, "unreadable", "", problem.place, problem.message, problem.hint)
