"""From the configuration's ``overrides`` to the policy that decisions are held to."""

from __future__ import annotations

from datetime import timedelta

from itomm.cli.workspace import Workspace
from itomm.config.errors import InvalidInputError, Problem
from itomm.config.structure import closest
from itomm.evidence.decision_policy import ApprovalRight, DecisionPolicy, names_of_people


def policy_of(workspace: Workspace) -> DecisionPolicy:
    """The policy of a configuration.

    Raises:
        InvalidInputError: an approver is named for a part that the questionnaire does not have.
    """
    settings = workspace.configuration.settings.overrides
    model = workspace.rule_set.model
    parts = {each.id: frozenset({each.id, each.practice, each.area}) for each in model.criteria}
    known = frozenset().union(*parts.values())
    document = workspace.configuration.document
    problems = [
        Problem(
            document.place(("overrides", "approvers", number, "parts", position)),
            f"the questionnaire has no area, practice or criterion '{part}'",
            closest(part, known),
        )
        for number, approver in enumerate(settings.approvers)
        for position, part in enumerate(approver.parts)
        if part not in known
    ]
    if problems:
        raise InvalidInputError(problems)
    return DecisionPolicy(
        longest_life=timedelta(days=settings.longest_days),
        without_approval=frozenset(settings.without_approval),
        rights=tuple(
            ApprovalRight(each.people, frozenset(each.parts), frozenset(each.kinds))
            for each in settings.approvers
        ),
        names=names_of_people(settings.people),
        parts=parts,
    )
