"""``itomm answer``: state an answer that no source can give."""

from __future__ import annotations

import click

from itomm.cli.names import as_written, nearest_case
from itomm.cli.options import Invocation, common_options, instant_or_none
from itomm.cli.tables import print_paragraph
from itomm.cli.workspace import Workspace
from itomm.config.clock import format_instant
from itomm.config.errors import ExitCode, UsageError
from itomm.config.settings import Configuration
from itomm.config.structure import closest, nearest
from itomm.evidence.attachments import kept_attachments
from itomm.evidence.decision_policy import LONGEST_LIFE
from itomm.evidence.decisions import STATED_VERDICTS, Answer, record_answer
from itomm.rules.rule_set import RuleSet


@click.command()
@click.argument("criterion", metavar="CRITERION")
@click.argument("verdict", type=click.Choice(STATED_VERDICTS))
@click.option("--by", "author", required=True, metavar="PERSON", help="Who answers.")
@click.option("--reason", required=True, help="On what the answer rests.")
@click.option("--service", "--scope", "scope", metavar="ID", help="A service or group.  [default: all]")
@click.option("--attach", "attachments", multiple=True, metavar="LINK|FILE", help="Proof; repeatable.")
@click.option("--until", metavar="INSTANT", help="When it expires.  [default: in 180 days]")
@common_options
def command(
    invocation: Invocation,
    *,
    criterion: str,
    verdict: str,
    author: str,
    reason: str,
    scope: str | None,
    attachments: tuple[str, ...],
    until: str | None,
) -> int:
    """State an answer that no source can give; shown as stated, never as evidence."""
    workspace = Workspace(invocation)
    now = invocation.clock()
    answer = Answer(
        id="",
        scope=known_scope(workspace.configuration, scope),
        criterion=known_criterion(workspace.rule_set, criterion),
        verdict=verdict,
        author=author,
        reason=reason,
        attachments=kept_attachments(workspace.store, attachments, at=now, actor=author),
        at=now,
        expires_at=instant_or_none(until) or now + LONGEST_LIFE,
    )
    recorded = record_answer(workspace.store, answer)
    print_paragraph(
        f"{recorded.id}: {recorded.criterion} for {recorded.scope} is stated as {recorded.verdict} "
        f"until {format_instant(recorded.expires_at)}."
    )
    return ExitCode.OK


def known_criterion(rule_set: RuleSet, criterion: str) -> str:
    """The criterion's id as the questionnaire writes it.

    Raises:
        UsageError: the questionnaire has no such criterion.
    """
    known = rule_set.model.by_id
    written = as_written(criterion, known)
    if written is None:
        hint = closest(nearest_case(criterion, known), known)
        raise UsageError(f"There is no criterion '{criterion}'. {hint}".strip())
    return written


def known_scope(configuration: Configuration, scope: str | None) -> str:
    """The id of a configured scope; the organisation when none is named.

    Raises:
        UsageError: there is no such scope.
    """
    settings = configuration.settings
    known = [settings.organisation.id]
    known += [group.id for group in settings.groups]
    known += [service.id for service in settings.services]
    if scope is not None and scope not in known:
        raise UsageError(f"There is no scope '{scope}'. {nearest(scope, known)}")
    return scope or settings.organisation.id
