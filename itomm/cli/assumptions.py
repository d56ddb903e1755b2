"""Assumptions as people type them: ``SS-INC-4.2=yes``, or ``SS-INC-4.2@checkout=no`` for one scope."""

from __future__ import annotations

from itomm.cli.names import as_written, nearest_case
from itomm.config.errors import UsageError
from itomm.config.settings import Configuration
from itomm.config.structure import closest, nearest
from itomm.rules.rule_set import RuleSet
from itomm.scoring.assess import subjects
from itomm.scoring.assessment import Assumption, Verdict


def read_assumption(typed: str, rule_set: RuleSet, configuration: Configuration) -> Assumption:
    """One assumption; without a scope, of the whole organisation and all that is in it.

    Raises:
        UsageError: it is not written so, or names a criterion, scope or answer that is not there.
    """
    place, equals, answer = typed.partition("=")
    criterion, at, scope = place.partition("@")
    if not equals or not criterion.strip() or (at and not scope.strip()):
        raise UsageError(f"'{typed}' is no assumption. Write for example --assume SS-INC-4.2=yes.")
    known = rule_set.model.by_id
    written = as_written(criterion.strip(), known)
    if written is None:
        hint = closest(nearest_case(criterion.strip(), known), known)
        raise UsageError(f"There is no criterion '{criterion.strip()}'. {hint}".strip())
    scopes = [subject.id for subject in subjects(configuration.settings)]
    chosen = scope.strip() or scopes[0]
    if chosen not in scopes:
        raise UsageError(f"There is no scope '{chosen}'. {nearest(chosen, scopes)}")
    verdicts = [verdict.value for verdict in Verdict]
    if answer.strip() not in verdicts:
        raise UsageError(f"'{answer.strip()}' is no answer; use {', '.join(verdicts)}.")
    return Assumption(written, chosen, Verdict(answer.strip()))
