"""``itomm override import`` and ``export``: overrides in a YAML file that is reviewed in git.

The author of the commit that wrote an entry proposes it; an approver approves it with ``override approve``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click
import yaml
from pydantic import Field

from itomm.cli.answer import known_criterion, known_scope
from itomm.cli.options import Invocation, common_options
from itomm.cli.overriding.policy import policy_of
from itomm.cli.overriding.proposing import said_of, seen, what_is_next
from itomm.cli.overriding.written_by import Commit, commits_of
from itomm.cli.tables import print_paragraph, write_out
from itomm.cli.workspace import Workspace, score
from itomm.config.clock import format_instant, parse_instant
from itomm.config.errors import ExitCode, InvalidInputError, Problem, UsageError
from itomm.config.settings import OverrideKind
from itomm.config.structure import StrictModel, checked
from itomm.config.yaml_source import Document, read_document
from itomm.evidence.attachments import kept_attachments, path_of
from itomm.evidence.decisions import OVERRIDE_VERDICTS, Override, all_decisions, propose
from itomm.scoring.assessment import Assessment


class OverrideEntry(StrictModel):
    """One override as a reviewed file writes it."""

    criterion: str
    answer: str
    kind: OverrideKind
    reason: str
    until: str
    scope: str | None = None
    begins: str | None = Field(default=None, alias="from")
    attach: tuple[str, ...] = ()


class OverrideFile(StrictModel):
    """A reviewed file of overrides."""

    overrides: tuple[OverrideEntry, ...]


@dataclass(frozen=True)
class _Reviewed:
    """An entry of a file, and the commit that wrote it; ``number`` counts from 0."""

    entry: OverrideEntry
    number: int
    commit: Commit


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@common_options
def import_command(invocation: Invocation, *, file: Path) -> int:
    """Propose what a reviewed YAML file in git says; each entry's commit author proposes it.

    Entries that are there already are left as they are, so that it can be run again after each change.
    """
    workspace = Workspace(invocation)
    now = invocation.clock()
    document = read_document(file)
    proposals = _proposals(workspace, document, _reviewed(file, document), now)
    policy, store = policy_of(workspace), workspace.store
    known = {_content(each) for each in all_decisions(store).overrides}
    new = [each for each in proposals if _content(each) not in known]
    for each in new:
        recorded = propose(store, each, policy)
        print_paragraph(f"{said_of(recorded)} {recorded.proposer} wrote it. {what_is_next(recorded)}")
    if len(new) < len(proposals):
        print_paragraph(f"{len(proposals) - len(new)} of {len(proposals)} were proposed before.")
    return ExitCode.OK


@click.command("export")
@click.option("--to", "target", type=click.Path(path_type=Path), help="File.  [default: stdout]")
@common_options
def export_command(invocation: Invocation, *, target: Path | None) -> int:
    """Write the overrides that stand as a YAML file for review, as ``import`` reads it."""
    workspace = Workspace(invocation)
    states = _states(score(workspace).assessment)
    standing = [
        each
        for each in all_decisions(workspace.existing_store).overrides
        if states.get(each.id) in {"active", "proposed", "drifted"}
    ]
    text = yaml.safe_dump(
        {"overrides": [_written(each) for each in standing]}, sort_keys=False, allow_unicode=True, width=100
    )
    if target is None:
        write_out(text)
        return ExitCode.OK
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"Cannot write {target}: {error.strerror}.") from None
    print_paragraph(f"{target}: {len(standing)} overrides.")
    return ExitCode.OK


def _reviewed(file: Path, document: Document) -> list[_Reviewed]:
    entries = checked(OverrideFile, document).overrides
    places = [document.place(("overrides", number)).line for number in range(len(entries))]
    commits = commits_of(file, [line for line in places if line is not None])
    return [_Reviewed(entry, number, commits[number]) for number, entry in enumerate(entries)]


def _proposals(
    workspace: Workspace, document: Document, reviewed: list[_Reviewed], now: datetime
) -> list[Override]:
    """The overrides of a file; raises InvalidInputError with every entry's fault at its place."""
    assessment = score(workspace).assessment
    proposals: list[Override] = []
    problems: list[Problem] = []
    for each in reviewed:
        try:
            proposals.append(_proposal(workspace, assessment, each, now, Path(document.file)))
        except UsageError as error:
            problems.append(Problem(document.place(("overrides", each.number)), str(error)))
    if problems:
        raise InvalidInputError(problems)
    return proposals


def _proposal(
    workspace: Workspace, assessment: Assessment, reviewed: _Reviewed, now: datetime, file: Path
) -> Override:
    entry, commit = reviewed.entry, reviewed.commit
    if entry.answer not in OVERRIDE_VERDICTS:
        raise UsageError(f"'{entry.answer}' is no answer; use {', '.join(OVERRIDE_VERDICTS)}.")
    criterion = known_criterion(workspace.rule_set, entry.criterion)
    scope = known_scope(workspace.configuration, entry.scope)
    saw_verdict, saw_measured = seen(assessment, criterion, scope)
    attached = [_beside(file, each) for each in entry.attach]
    return Override(
        id="",
        scope=scope,
        criterion=criterion,
        verdict=entry.answer,
        kind=entry.kind,
        reason=" ".join(entry.reason.split()),
        proposer=commit.author,
        proposed_at=now,
        effective_from=parse_instant(entry.begins) if entry.begins else now,
        expires_at=parse_instant(entry.until),
        saw_verdict=saw_verdict,
        saw_measured=saw_measured,
        decisions=(),
        attachments=kept_attachments(workspace.store, attached, at=now, actor=commit.author),
        origin=f"{file.name} at {commit.id}",
    )


def _beside(file: Path, attached: str) -> str:
    """A file that is named relative to the reviewed one."""
    return attached if "://" in attached else str(file.resolve().parent / attached)


def _content(override: Override) -> tuple[object, ...]:
    """What makes two proposals the same."""
    return (
        override.scope,
        override.criterion,
        override.verdict,
        override.kind,
        override.reason,
        override.expires_at,
        tuple(path_of(each) or each for each in override.attachments),
    )


def _states(assessment: Assessment) -> dict[str, str]:
    return {
        override.id: override.state
        for scope in assessment.scopes
        for answer in scope.answers
        for override in answer.overrides
    }


def _written(override: Override) -> dict[str, object]:
    entry: dict[str, object] = {
        "criterion": override.criterion,
        "scope": override.scope,
        "answer": override.verdict,
        "kind": override.kind,
        "reason": override.reason,
        "from": format_instant(override.effective_from),
        "until": format_instant(override.expires_at),
    }
    links = [each for each in override.attachments if path_of(each) is None]
    return {**entry, "attach": links} if links else entry
