"""``itomm export``: what others need to check an assessment without us."""

from __future__ import annotations

import json
from pathlib import Path

import click

from itomm.cli.export_tickets import command as tickets_command
from itomm.cli.options import Invocation, common_options
from itomm.cli.progress import working
from itomm.cli.recording import signer_of
from itomm.cli.report import report_page
from itomm.cli.tables import print_paragraph, write_out
from itomm.cli.workspace import Scored, Workspace, score
from itomm.config.clock import format_instant
from itomm.config.errors import ExitCode, UsageError
from itomm.evidence.store import Store
from itomm.evidence.trust.bundle import stored_files, write_bundle
from itomm.evidence.trust.inclusion import find_record, provable, proven_records
from itomm.evidence.trust.recorded_assessments import RecordedAssessment, document_of, recorded_assessments
from itomm.evidence.trust.signing import Signer
from itomm.reports.assessment_bundle import (
    RECORDS_AT_MOST,
    RecordsChosen,
    bundle_contents,
    bundle_notes,
    choose_records,
    record_lines_of,
    record_with_proof,
    records_that_counted,
)
from itomm.reports.assessment_statement import document_bytes
from itomm.reports.bundle_readme import bundle_readme
from itomm.reports.document import to_json


@click.group("export")
def command() -> None:
    """Export an assessment so that others can check it, and a roadmap as tickets."""


command.add_command(tickets_command)


@command.command("bundle")
@click.option("--to", "target", default="bundle.zip", show_default=True, metavar="FILE", help="Where to.")
@click.option("--assessment", "named", metavar="ID", help="A recorded assessment.  [default: the newest]")
@click.option("--with-evidence", is_flag=True, help="Add all stored records and raw payloads.")
@click.option(
    "--records", default=RECORDS_AT_MOST, show_default=True, help="Records at most; a sample beyond."
)
@common_options
def bundle_command(
    invocation: Invocation, *, target: str, named: str | None, with_evidence: bool, records: int
) -> int:
    """Write a recorded assessment with its proofs and a verifier as one zip file."""
    workspace = Workspace(invocation)
    store = workspace.existing_store
    recorded = _recorded(store, named)
    signer = _manifest_signer(workspace, store)
    with working("Writing the bundle", quiet=invocation.quiet):
        scored = _scored_again(workspace, recorded, document_of(store, recorded))
        chosen = _chosen(store, scored, recorded, records) if scored else None
        lines = record_lines_of(store, chosen) if chosen else b""
        report = report_page(scored, recorded) if scored else None
        readme = bundle_readme(recorded, signer.id if signer else None)
        contents: dict[str, bytes | Path] = {**bundle_contents(store, recorded, lines, report, readme)}
        if with_evidence:
            contents |= stored_files(store)
        notes = list(bundle_notes(recorded, chosen, lines))
        write_bundle(Path(target), contents, notes, signer)
    print_paragraph(f"The bundle of {recorded.id} is in {target}: {len(contents)} files.")
    for note in notes[1:]:
        print_paragraph(f"  {note}")
    if recorded.key_id is None:
        print_paragraph("  It is not signed: anybody could have made it. 'itomm keys create' makes a key.")
    elif signer is None:
        print_paragraph("  Its list of files is not signed: the private part of the key is not here.")
    print_paragraph(f"Check it with 'itomm verify {target}', or with the verify_bundle.py in it.")
    return ExitCode.OK


@command.command("proof")
@click.argument("identity", metavar="EVIDENCE_ID")
@common_options
def proof_command(invocation: Invocation, identity: str) -> int:
    """Print the proof that a record was collected, as JSON.

    EVIDENCE_ID is the SHA-256 of SOURCE|TYPE|REFERENCE, which may be given instead.
    """
    store = Workspace(invocation).existing_store
    collection, place = find_record(store, identity)
    record = next(proven_records(store, collection, {place}), None)
    if record is None:
        raise UsageError("There is no proof of this record any more: the person in it was forgotten.")
    root = next(each.merkle_root for each in store.recorded_collections() if each.id == collection)
    write_out(
        to_json(
            {
                "schema": "itomm/inclusion-proof/1",
                **record_with_proof(record),
                "root": root,
            }
        )
    )
    return ExitCode.OK


def _recorded(store: Store, named: str | None) -> RecordedAssessment:
    everything = recorded_assessments(store)
    if not everything:
        raise UsageError("No assessment is recorded yet. 'itomm assess' or 'itomm score --record' does it.")
    for each in everything:
        if named is not None and each.id == named.upper():
            return each
    if named is not None:
        raise UsageError(f"There is no assessment '{named}'. Recorded: S1 to {everything[-1].id}.")
    return everything[-1]


def _manifest_signer(workspace: Workspace, store: Store) -> Signer | None:
    """The key in force when its private part is at hand; a bundle can be made without it."""
    try:
        return signer_of(workspace, store)
    except UsageError:
        return None


def _scored_again(workspace: Workspace, recorded: RecordedAssessment, document: bytes) -> Scored | None:
    """The same assessment, made again from the same inputs; None when these are there no more."""
    scored = score(
        workspace,
        as_of=format_instant(recorded.as_of),
        snapshot=str(recorded.run),
        profile=json.loads(document)["profile"],
    )
    return scored if document_bytes(scored.assessment) == document else None


def _chosen(store: Store, scored: Scored, recorded: RecordedAssessment, at_most: int) -> RecordsChosen:
    counted = records_that_counted(scored.snapshot, scored.workspace.rule_set, scored.assessment)
    return choose_records(counted, provable(store), recorded.sha256, at_most)
