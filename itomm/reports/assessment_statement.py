"""What a signed statement says of an assessment, and what a report says of the statement."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from itomm import __version__
from itomm.config.clock import format_instant
from itomm.evidence.collection import Collection
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.trust.recorded_assessments import AssessmentToRecord, RecordedAssessment
from itomm.evidence.trust.statement import LedgerHead
from itomm.reports.document import assessment_document, plain, to_json
from itomm.reports.verdict import organisation_of, verdict_sentence
from itomm.scoring.assessment import Assessment

UNSIGNED = "Not signed: this store has no signing key. 'itomm keys create' makes one."
_DIGITS = 16  # of a digest where a person compares two by eye


@dataclass(frozen=True)
class Attested:
    """Whether an assessment was recorded and signed, in words; ``head`` is the ledger row that says so."""

    sentence: str
    statement: str = ""
    key_id: str = ""
    head: str = ""


def document_bytes(assessment: Assessment) -> bytes:
    """The assessment document: exactly what ``itomm score --output json`` prints."""
    return to_json(assessment_document(assessment)).encode()


def assessment_to_record(assessment: Assessment, snapshot: Snapshot, made_at: datetime) -> AssessmentToRecord:
    """All that is recorded of an assessment."""
    return AssessmentToRecord(
        document=document_bytes(assessment),
        as_of=assessment.as_of,
        run=snapshot.run,
        verdict=verdict_sentence(assessment),
        made_at=made_at,
        predicate=lambda head: _predicate(assessment, snapshot, made_at, head),
    )


def _predicate(
    assessment: Assessment, snapshot: Snapshot, made_at: datetime, head: LedgerHead
) -> Mapping[str, Any]:
    organisation = organisation_of(assessment)
    newest = {(each.source, each.record_type): each for each in snapshot.collections}
    return {
        "organisation": assessment.organisation,
        "as_of": format_instant(assessment.as_of),
        "made_at": format_instant(made_at),
        "itomm_version": __version__,
        "profile": assessment.profile,
        "verdict": verdict_sentence(assessment),
        "levels": {view.value: plain(score.level) for view, score in organisation.views.items()},
        "inputs": dict(assessment.inputs),
        "ledger_head": {"seq": head.seq, "hash": head.hash},
        "evidence": {
            "run": snapshot.run,
            "collections": len(snapshot.collections),
            "roots_sha256": roots_digest(snapshot.collections),
            "newest_roots": {each.id: each.merkle_root for each in newest.values()},
        },
    }


def roots_digest(collections: Iterable[Collection]) -> str:
    """SHA-256 over a line for each collection, in the ledger's order: its Merkle root, two blanks, its id.

    One of an older store version has no root; ``none`` stands for it.
    """
    lines = "".join(f"{each.merkle_root or 'none'}  {each.id}\n" for each in collections)
    return hashlib.sha256(lines.encode()).hexdigest()


def attested(recorded: RecordedAssessment | None, *, has_key: bool) -> Attested:
    """What to say of an assessment that was recorded, or was not."""
    if recorded is None:
        if not has_key:
            return Attested(UNSIGNED)
        return Attested("Not signed: this assessment was not recorded. 'itomm score --record' does it.")
    head = f"ledger head {recorded.head.seq}:{recorded.head.hash[:_DIGITS]}…"
    if recorded.key_id is None:
        told = "Not signed: recorded without a signing key" if has_key else UNSIGNED.rstrip(".")
        sentence = f"{told}; recorded as {recorded.id}, {head}."
    else:
        sentence = f"Signed with key {recorded.key_id[:_DIGITS]}…; recorded as {recorded.id}, {head}."
    return Attested(sentence, recorded.id, recorded.key_id or "", str(recorded.head))
