"""What goes into the bundle of a recorded assessment, for somebody who does not trust us."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib import resources

from itomm.config.clock import format_instant
from itomm.evidence.canonical import canonical_bytes
from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.store import Store
from itomm.evidence.trust.bundle import ledger_lines
from itomm.evidence.trust.inclusion import Place, ProvenRecord, proven_records
from itomm.evidence.trust.key_register import keys_of
from itomm.evidence.trust.recorded_assessments import RecordedAssessment, document_of
from itomm.rules.records import places_that_counted
from itomm.rules.rule_set import RuleSet
from itomm.scoring.assessment import Assessment

RECORDS_AT_MOST = 10_000
"""Records in a bundle unless told otherwise: about 10 MB; a sample beyond."""


@dataclass(frozen=True)
class RecordsChosen:
    """Which of the records that counted go into a bundle, by collection; ``counted`` is how many there are.

    ``unproven`` lie in collections for which there is no Merkle root, or whose content was let go.
    """

    places: Mapping[str, frozenset[Place]]
    counted: int
    chosen: int
    unproven: int

    @property
    def sampled(self) -> bool:
        """Whether there are more that could be proven."""
        return self.chosen + self.unproven < self.counted


def records_that_counted(
    snapshot: Snapshot, rule_set: RuleSet, assessment: Assessment
) -> set[tuple[str, Place]]:
    """Collection and place of every record that counted in any inferred answer of an assessment."""
    names = {
        answer.inferred.rule
        for scope in assessment.scopes
        for answer in scope.answers
        if answer.inferred is not None
    }
    rules = [rule for rule in rule_set.rules if rule.name in names]
    types = [record_type for rule in rules for record_type in rule.needed_types]
    found: set[tuple[str, Place]] = set()
    with closing(open_evidence(snapshot, types, assessment.as_of)) as connection:
        for rule in rules:
            for days in rule.windows:
                found |= places_that_counted(connection, rule.over(days).bound(assessment.as_of))
    return found


def choose_records(
    counted: Iterable[tuple[str, Place]], provable: Iterable[str], seed: str, at_most: int
) -> RecordsChosen:
    """All records that counted, or ``at_most`` of them, in the order of SHA-256 over seed and place.

    The seed is the assessment's digest, so that nobody can have chosen the sample.
    """
    everything = set(counted)
    named = set(provable)
    provable_ones = [each for each in everything if each[0] in named]
    chosen = sorted(provable_ones, key=lambda each: _lot(seed, *each))[:at_most]
    places: dict[str, set[Place]] = {}
    for collection, place in chosen:
        places.setdefault(collection, set()).add(place)
    return RecordsChosen(
        {name: frozenset(places[name]) for name in sorted(places)},
        counted=len(everything),
        chosen=len(chosen),
        unproven=len(everything) - len(provable_ones),
    )


def _lot(seed: str, collection: str, place: Place) -> str:
    return hashlib.sha256(f"{seed} {collection} {place[0]} {place[1]}".encode()).hexdigest()


def record_lines_of(store: Store, chosen: RecordsChosen) -> bytes:
    """``records.jsonl``: the chosen records, each with its proof, by collection and place.

    Raises:
        VerificationError: stored records are not those that were collected.
    """
    return b"".join(
        canonical_bytes(record_with_proof(record)) + b"\n"
        for name, places in chosen.places.items()
        for record in proven_records(store, name, places)
    )


def record_with_proof(record: ProvenRecord) -> dict[str, object]:
    """A record as a line of ``records.jsonl``."""
    return {
        "collection": record.collection,
        "ledger_seq": record.ledger_seq,
        "index": record.index,
        "leaves": record.leaves,
        "line": record.line,
        "proof": list(record.proof),
    }


def bundle_contents(
    store: Store, recorded: RecordedAssessment, records: bytes, report: str | None, readme: str
) -> dict[str, bytes]:
    """The files that every bundle holds, by name.

    Raises:
        VerificationError: the assessment's document is missing or was changed.
    """
    contents = {
        "README.txt": readme.encode(),
        "assessment.json": document_of(store, recorded),
        "ledger.jsonl": ledger_lines(store),
        "records.jsonl": records,
        "statement.dsse.json": recorded.envelope.encode(),
        "verify_bundle.py": verifier_source(),
    }
    if report is not None:
        contents["report.html"] = report.encode()
    return contents | {f"keys/{key.id}.pem": key.public_key.encode() for key in keys_of(store)}


def verifier_source() -> bytes:
    """The verifier that goes into each bundle."""
    return resources.files("itomm.reports").joinpath("verify_bundle.py").read_bytes()


def bundle_notes(recorded: RecordedAssessment, chosen: RecordsChosen | None, records: bytes) -> Iterator[str]:
    """What the manifest says at its head."""
    yield f"itomm bundle of assessment {recorded.id}, as of {format_instant(recorded.as_of)}"
    if chosen is None:
        yield "records.jsonl is empty: rules, settings or program are not those of this assessment any more"
        return
    held = records.count(b"\n")
    yield f"records.jsonl holds {held} of {chosen.counted} records that counted in its answers"
    if chosen.sampled:
        yield "they are a sample: the first by SHA-256 over 'DIGEST-OF-ASSESSMENT COLLECTION PAGE POSITION'"
    if chosen.unproven or held < chosen.chosen:
        yield "some cannot be proven one by one: an older itomm wrote them, or their content was let go"
