"""``itomm explain``: why a criterion has its answer, down to the records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from itomm.cli.answer import known_criterion
from itomm.cli.options import Invocation, common_options, output_option, scoring_options
from itomm.cli.overview import VIEW_NAMES, find_scope
from itomm.cli.tables import print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace, score
from itomm.config.clock import format_instant
from itomm.config.errors import ExitCode
from itomm.reports.caveats import CaveatHere, caveat_document, caveats_here
from itomm.reports.document import plain, to_json
from itomm.reports.evidence_behind import evidence_behind, requests_of
from itomm.reports.sensitivity import criterion_moves, distance_document, move_document, move_text
from itomm.reports.wording import confidence_text, counted_text, words_for
from itomm.rules.model import Criterion
from itomm.rules.rule import Rule
from itomm.rules.rule_set import RuleSet
from itomm.scoring.assess import rules_for
from itomm.scoring.assessment import (
    CriterionAnswer,
    EvidenceRecord,
    InferredAnswer,
    ScopeKind,
    StatedAnswer,
    View,
)
from itomm.scoring.planning.distance import distance_of
from itomm.scoring.planning.sensitivity import Move
from itomm.scoring.planning.standing import Standing

RECORDS_SHOWN = 20


@click.command()
@click.argument("criterion_id", metavar="CRITERION")
@click.option("--service", "--scope", "scope_id", metavar="ID", help="A service or group.  [default: all]")
@click.option("--records", default=RECORDS_SHOWN, show_default=True, help="Records to list at most.")
@click.option(
    "--sample",
    type=click.IntRange(1, 10_000),
    metavar="N",
    help="List N of the records that counted, drawn by --seed, instead of the first ones.",
)
@click.option("--seed", default=0, show_default=True, help="Draws the sample; the same seed draws the same.")
@scoring_options
@output_option("table", "json")
@common_options
def command(
    invocation: Invocation,
    *,
    criterion_id: str,
    scope_id: str | None,
    records: int,
    sample: int | None,
    seed: int,
    as_of: str | None,
    snapshot: str | None,
    profile: str | None,
    output: str,
) -> int:
    """Show why a criterion has its answer: question, rule, measure, records and their requests."""
    scored = score(Workspace(invocation), as_of=as_of, snapshot=snapshot, profile=profile)
    workspace, assessment = scored.workspace, scored.assessment
    criterion = assessment.model.by_id[known_criterion(workspace.rule_set, criterion_id)]
    scope = find_scope(assessment, scope_id)
    answer = next(each for each in scope.answers if each.criterion == criterion.id)
    behind = evidence_behind(
        workspace.existing_store,
        scored.snapshot,
        workspace.rule_set,
        assessment,
        criterion=criterion.id,
        scope=scope.id,
        at_most=dict.fromkeys(ScopeKind, sample or records),
        seed=seed if sample else None,
    ).get((criterion.id, scope.id), ())
    caveats = caveats_here(assessment, criterion.id, scope.id)
    rule = _rule_text(workspace.rule_set, answer, criterion.id)
    rules = rules_for(assessment.model, assessment.profile, workspace.configuration.settings)
    standing = Standing.of(assessment.model, rules, scope, View.OVERRIDES)
    moves = criterion_moves(standing, criterion)
    if output == "json":
        document = {
            "schema": "itomm/explanation/1",
            "as_of": plain(assessment.as_of),
            "scope": scope.id,
            "criterion": plain(criterion),
            "answer": plain(answer),
            "rule": rule,
            "distance": distance_document(answer.inferred),
            "moves": [move_document(each) for each in moves],
            "records": plain(behind),
            "caveats": [caveat_document(each, requests_of(workspace.existing_store)) for each in caveats],
            **({"sample": {"size": len(behind), "seed": seed}} if sample else {}),
        }
        write_out(to_json(document))
    else:
        for line, style in _lines(criterion, scope.name, answer, rule):
            print_paragraph(line, style=style)
        for line in _sensitivity_lines(answer, moves):
            print_paragraph(line)
        drawn = f"A sample of those that counted, {len(behind)} of {{counted}}, seed {seed}" if sample else ""
        _print_records(answer.inferred, behind, drawn)
        _print_caveats(caveats, records)
    return ExitCode.OK


def _sensitivity_lines(answer: CriterionAnswer, moves: Sequence[Move]) -> Iterator[str]:
    yield ""
    distance = distance_of(answer.inferred)
    if distance is not None:
        yield f"Distance: {distance.text}."
    for each in moves:
        yield f"Were it {words_for({}, each.to.value)}: {move_text(each)}."
    if not moves:
        yield "No other answer to it alone would move a level."


def _rule_text(rule_set: RuleSet, answer: CriterionAnswer, criterion: str) -> str:
    rules = rule_set.answering(criterion)
    if answer.inferred is not None:
        rules = [rule for rule in rules if rule.name == answer.inferred.rule]
    return "\n".join(rule_as_applied(rule) for rule in rules)


def rule_as_applied(rule: Rule) -> str:
    """A rule as written, without its tests, and below it the values that the configuration sets."""
    chosen = [
        f"# set in the configuration: {each.used.text}" for each in rule.parameters.values() if each.is_set
    ]
    return "\n".join([rule_without_tests(rule.document.text), *chosen])


def rule_without_tests(text: str) -> str:
    """A rule as written, without the tests beside it."""
    kept: list[str] = []
    skipping = False
    for line in text.splitlines():
        if line.startswith("tests:"):
            skipping = True
        elif skipping and line[:1] not in {" ", "-", "#", ""}:
            skipping = False
        if not skipping and line != "---":
            kept.append(line)
    return "\n".join(kept).strip()


def _lines(criterion: Criterion, scope: str, answer: CriterionAnswer, rule: str) -> Iterator[tuple[str, str]]:
    mandatory = ", mandatory" if criterion.mandatory else ""
    yield f"{criterion.id} {criterion.title}", "bold"
    yield f"level {criterion.level}{mandatory}, weight {criterion.weight}; {scope}", ""
    yield "", ""
    yield criterion.question, ""
    yield f"Why it matters: {criterion.why}", ""
    yield f"A yes looks like this: {criterion.evidence_of_yes}", ""
    yield "", ""
    for view in View:
        counts = answer.in_force[view]
        why = f": {words_for({}, counts.reason.value)}" if counts.reason else ""
        words = f"{words_for({}, counts.verdict.value)}{why} (by {words_for({}, counts.layer)})"
        yield f"{VIEW_NAMES[view]:<20} {words}", ""
    yield "", ""
    yield from _inferred_lines(answer.inferred, rule)
    yield from _people_lines(answer)


def _inferred_lines(inferred: InferredAnswer | None, rule: str) -> Iterator[tuple[str, str]]:
    if inferred is None:
        yield (rule or "No rule answers this criterion; it awaits a rule or a person ('itomm answer')."), ""
        return
    yield f"Inferred: {words_for({}, inferred.verdict.value)}", "bold"
    if inferred.reason is not None:
        yield f"  because of {words_for({}, inferred.reason.value)}: {inferred.detail}", ""
    elif inferred.detail:
        yield f"  {inferred.detail}", ""
    partial = f", partial {inferred.grade_partial}" if inferred.grade_partial else ""
    yield f"  measured   {inferred.measured or 'nothing'}   (yes {inferred.grade_yes}{partial})", ""
    matched = f", {inferred.matched} of them matched" if inferred.matched is not None else ""
    seen = " records seen" if inferred.counted <= inferred.seen else ""
    yield f"  counted    {counted_text(inferred)}{seen}{matched}", ""
    yield f"  confidence {confidence_text(inferred.confidence)} ({inferred.base} evidence)", ""
    for parameter in inferred.loosened:
        yield f"  set here   {parameter.text}", "yellow"
    yield f"  {inferred.what_would_change_it}", ""
    yield "", ""
    yield "The rule as written:", "bold"
    for line in rule.splitlines():
        yield f"  {line}", ""


def _people_lines(answer: CriterionAnswer) -> Iterator[tuple[str, str]]:
    if answer.stated is not None:
        stated = answer.stated
        yield "", ""
        yield (
            f"Stated {stated.id}: {stated.verdict} by {stated.author}, until {_ends(stated)}",
            "bold",
        )
        yield f"  {stated.reason}", ""
        for attachment in stated.attachments:
            yield f"  attached: {attachment}", ""
    if answer.lapsed is not None:
        ended = answer.lapsed
        yield "", ""
        yield (
            f"Stated {ended.id}, no longer counts: {ended.verdict} by {ended.author}, until {_ends(ended)}",
            "bold",
        )
    for override in answer.overrides:
        approver = f", approved by {override.approver}" if override.approver else ""
        yield "", ""
        yield f"Override {override.id} ({override.state}): {override.verdict}, {override.kind}", "bold"
        yield f"  proposed by {override.proposer}{approver}; until {format_instant(override.expires_at)}", ""
        yield f"  {override.reason}", ""
        yield f"  it saw: {override.saw_verdict} ({override.saw_measured or 'nothing measured'})", ""
        if override.renews:
            yield f"  it renews {override.renews}", ""
        if override.origin:
            yield f"  it came from {override.origin}", ""
        for attachment in override.attachments:
            yield f"  attached: {attachment}", ""


def _ends(stated: StatedAnswer) -> str:
    return format_instant(stated.expires_at)


def _print_records(
    inferred: InferredAnswer | None, records: Sequence[EvidenceRecord], drawn: str = ""
) -> None:
    if inferred is None:
        return
    print_paragraph("")
    first = f"Records ({len(records)} of {inferred.seen} seen, those that counted first)"
    print_paragraph(f"{drawn.format(counted=inferred.counted) or first}:", style="bold")
    if not records:
        print_paragraph("  none")
        return
    names = list(records[0].fields)
    rows = [
        (_standing(record), record.service or "", *(record.fields.get(name, "") for name in names[:4]))
        for record in records
    ]
    print_table("", ("", "service", *names[:4]), rows)
    _print_reasons(records)
    print_paragraph("")
    print_paragraph("Where they are and how they were fetched:", style="bold")
    for url in dict.fromkeys(record.url or record.source_ref for record in records):
        print_paragraph(f"  {url}")
    for request in dict.fromkeys(f"{record.source}: {record.request}" for record in records):
        print_paragraph(f"  {request}")


def _print_caveats(caveats: Sequence[CaveatHere], at_most: int) -> None:
    """What was seen that should make one look twice, and in which records."""
    if not caveats:
        return
    print_paragraph("")
    print_paragraph("Caveats. They change no answer, no level and no other number.", style="bold")
    for each in caveats:
        print_paragraph(each.sentence, style="yellow")
        print_paragraph(f"  Why from there: {each.caveat.because}")
        for record in each.records[:at_most]:
            print_paragraph(f"  {record.url or record.source_ref} ({record.source}): {record.said}")
        if len(each.records) > at_most:
            print_paragraph(f"  and {len(each.records) - at_most} more; --records lists more.")


def _print_reasons(records: Sequence[EvidenceRecord]) -> None:
    """Why records did not count: each reason once, with the records it holds for."""
    reasons: dict[str, list[str]] = {}
    for record in records:
        if record.why_not:
            reasons.setdefault(record.why_not, []).append(
                next(iter(record.fields.values()), record.source_ref)
            )
    if reasons:
        print_paragraph("")
        print_paragraph("Why some did not count:", style="bold")
    for reason, named in reasons.items():
        more = f" and {len(named) - 5} more" if len(named) > 5 else ""
        print_paragraph(f"  {', '.join(named[:5])}{more}: {reason}")


def _standing(record: EvidenceRecord) -> str:
    return ", ".join([_counted(record), *record.caveats])


def _counted(record: EvidenceRecord) -> str:
    if not record.counted:
        return "not counted"
    if record.matched is None:
        return "counted"
    return "matched" if record.matched else "not matched"
