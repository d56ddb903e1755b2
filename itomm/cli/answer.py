"""``itomm answer``: state an answer that no source can give."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

import click

from itomm.cli.interview import Keep, interview
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
from itomm.evidence.decisions import STATED_VERDICTS, Answer, find_answer, newest_answer, record_answer
from itomm.rules.rule_set import RuleSet


@click.command()
@click.argument("criterion", metavar="[CRITERION]", required=False)
@click.argument("verdict", metavar=f"[{'|'.join(STATED_VERDICTS)}]", required=False)
@click.option(
    "--renew", "renewed", metavar="ID", help="State again what this stated answer says, for longer."
)
@click.option("--by", "author", required=True, metavar="PERSON", help="Who answers.")
@click.option("--reason", help="On what the answer rests.  [--renew: as before]")
@click.option("--service", "--scope", "scope", metavar="ID", help="A service or group.  [default: all]")
@click.option("--attach", "attachments", multiple=True, metavar="LINK|FILE", help="Proof; repeatable.")
@click.option("--until", metavar="INSTANT", help="When it expires.  [default: in 180 days]")
@common_options
def command(
    invocation: Invocation,
    *,
    criterion: str | None,
    verdict: str | None,
    renewed: str | None,
    author: str,
    reason: str | None,
    scope: str | None,
    attachments: tuple[str, ...],
    until: str | None,
) -> int:
    """State an answer that no source can give; shown as stated, never as evidence.

    Without a criterion, asks what is open one question at a time; leave with q and go on later. With --renew,
    an answer that was stated before is stated again, by whoever says now that it still holds.
    """
    workspace = Workspace(invocation)
    now = invocation.clock()
    if (criterion, verdict, renewed) == (None, None, None) and sys.stdin.isatty():
        if reason or attachments or until:
            raise UsageError("Name a criterion and an answer; without them, all else is asked for.")
        interview(workspace, known_scope(workspace.configuration, scope), author, _keeper(workspace))
        return ExitCode.OK
    if renewed is not None:
        if criterion is not None or verdict is not None or scope is not None:
            raise UsageError("--renew states again what was said; leave out criterion, answer and scope.")
        before = _renewable(workspace, renewed)
    else:
        before = _new(workspace, criterion, verdict, scope)
    if not (reason or before.reason).strip():
        raise UsageError("Say on what the answer rests with --reason.")
    kept = kept_attachments(workspace.store, attachments, at=now, actor=author)
    answer = replace(
        before,
        id="",
        author=author,
        reason=(reason or before.reason).strip(),
        attachments=(*before.attachments, *kept),
        at=now,
        expires_at=instant_or_none(until) or now + LONGEST_LIFE,
    )
    recorded = record_answer(workspace.store, answer)
    print_paragraph(
        f"{recorded.id}: {recorded.criterion} for {recorded.scope} is stated as {recorded.verdict} "
        f"until {format_instant(recorded.expires_at)}{f', renewing {renewed}' if renewed else ''}."
    )
    return ExitCode.OK


def _keeper(workspace: Workspace) -> Keep:
    """What keeps an answer of an interview with its proof."""

    def keep(answer: Answer, attachments: Sequence[str]) -> Answer:
        store = workspace.existing_store
        kept = kept_attachments(store, attachments, at=answer.at, actor=answer.author)
        return record_answer(store, replace(answer, attachments=kept))

    return keep


def _new(workspace: Workspace, criterion: str | None, verdict: str | None, scope: str | None) -> Answer:
    """An answer that nobody has given yet; its author, its reason and its times are still open."""
    if criterion is None or verdict is None:
        raise UsageError("Name a criterion and an answer, such as SS-CHG-3.1 yes, or --renew ID.")
    if verdict not in STATED_VERDICTS:
        raise UsageError(f"'{verdict}' is no answer; use {', '.join(STATED_VERDICTS)}.")
    open_time = workspace.invocation.clock()
    return Answer(
        id="",
        scope=known_scope(workspace.configuration, scope),
        criterion=known_criterion(workspace.rule_set, criterion),
        verdict=verdict,
        author="",
        reason="",
        attachments=(),
        at=open_time,
        expires_at=open_time,
    )


def _renewable(workspace: Workspace, answer_id: str) -> Answer:
    """The answer with an id, when nothing else was stated since about the same.

    Raises:
        UsageError: there is none, or something newer was stated.
    """
    before = find_answer(workspace.existing_store, answer_id)
    newest = newest_answer(workspace.existing_store, before.scope, before.criterion)
    if newest is not None and newest.id != before.id:
        raise UsageError(
            f"{newest.id} was stated since about {before.criterion} for {before.scope} ({newest.verdict}); "
            f"renew that one, or state an answer anew."
        )
    return before


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
