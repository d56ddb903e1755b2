"""Bundles straight from small stores: keys that were replaced, content that was let go, either database."""

from __future__ import annotations

import base64
import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from itomm.config.clock import format_instant
from itomm.config.errors import StoreError, UsageError, VerificationError
from itomm.config.secrets import Secret
from itomm.evidence.canonical import canonical_bytes
from itomm.evidence.catalogue.ledger import row_hash
from itomm.evidence.letting_go.forgetting import forget
from itomm.evidence.letting_go.removals import Removal, record_removals
from itomm.evidence.store import Store
from itomm.evidence.trust.bundle import ledger_lines, stored_files, write_bundle
from itomm.evidence.trust.inclusion import find_record, provable, proven_records
from itomm.evidence.trust.key_register import create_key, keys_of, rotate_key, signer_in_force
from itomm.evidence.trust.recorded_assessments import (
    AssessmentToRecord,
    RecordedAssessment,
    assessment_faults,
    record_assessment,
)
from itomm.evidence.trust.statement import LedgerHead
from itomm.evidence.trust.verification import verify
from itomm.reports.assessment_bundle import bundle_contents, record_with_proof
from itomm.reports.assessment_statement import roots_digest
from itomm.reports.verify_bundle import check
from tests.evidence.stores import DAY, NOON, collect, finding, finished, scan
from tests.evidence.whole_store import without_triggers

PERSON = "person-0123456789ab"


@pytest.fixture
def either(tmp_path: Path, database: Secret | None) -> Iterator[Store]:
    """An empty store, once with each kind of database."""
    opened = Store.open(tmp_path / "store", create=True, database=database)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def filled(tmp_path: Path) -> Store:
    """Two collections: seven states on pages of three, and two events of which one names a person."""
    return with_records(Store.open(tmp_path / "store", create=True))


def with_records(store: Store) -> Store:
    collect(store, "security_scan", {each: scan(each) for each in "abcdefg"}, page_size=3)
    events = {"1": finding(NOON - DAY, identifier=f"told by {PERSON}"), "2": finding(NOON - DAY)}
    collect(store, "vulnerability", events, outcome=finished(1))
    return store


def create(store: Store) -> str:
    with store.writing("test"):
        return create_key(store, at=NOON, actor="ada").public_key


def rotate(store: Store) -> str:
    old = signer_in_force(store)
    with store.writing("test"):
        return rotate_key(store, old, at=NOON + DAY, actor="ada").public_key


def record(store: Store, text: str = "one") -> RecordedAssessment:
    collections = store.recorded_collections()

    def predicate(head: LedgerHead) -> Mapping[str, Any]:
        return {"ledger_head": vars(head), "evidence": {"roots_sha256": roots_digest(collections)}}

    made = AssessmentToRecord(text.encode(), NOON, 2, "Acme is at level 2.", NOON + DAY, predicate)
    signer = signer_in_force(store)
    with store.writing("test"):
        return record_assessment(store, made, signer)


def bundled(store: Store, recorded: RecordedAssessment, *, evidence: bool = False) -> Path:
    """A bundle with all records that can be proven."""
    places = {(page, position) for page in range(1, 5) for position in range(10)}
    records = b"".join(
        canonical_bytes(record_with_proof(each)) + b"\n"
        for name in provable(store)
        for each in proven_records(store, name, places)
    )
    contents: dict[str, bytes | Path] = {**bundle_contents(store, recorded, records, None, "")}
    if evidence:
        contents |= stored_files(store)
    target = store.folder.parent / "bundle.zip"
    write_bundle(target, contents, ["a note"], signer_in_force(store))
    return target


def rewritten(bundle: Path, name: str, content: bytes) -> Path:
    """The same bundle with another file in the place of one, and the list made again without signature."""
    with zipfile.ZipFile(bundle) as archive:
        contents: dict[str, bytes | Path] = {
            each: archive.read(each) for each in archive.namelist() if not each.startswith("MANIFEST")
        }
    target = bundle.with_name("rewritten.zip")
    write_bundle(target, {**contents, name: content}, [], None)
    return target


def records_in(bundle: Path) -> list[dict[str, Any]]:
    with zipfile.ZipFile(bundle) as archive:
        return [json.loads(line) for line in archive.read("records.jsonl").splitlines()]


def test_keys_statements_and_bundles_are_the_same_on_either_database(either: Store) -> None:
    with_records(either)
    key = create(either)
    bundle = bundled(either, record(either), evidence=True)

    assert (verify(either).faults, assessment_faults(either)) == ((), [])
    assert check(bundle, key.encode())[0] == []
    assert len(records_in(bundle)) == 9


def test_who_trusts_a_key_trusts_those_that_follow_from_it(filled: Store) -> None:
    first = create(filled)
    early = record(filled)
    second = rotate(filled)
    late = record(filled)

    for recorded, key, trusted in (
        (early, first, True),
        (late, first, True),
        (late, second, True),
        (early, second, False),
    ):
        faults, _ = check(bundled(filled, recorded), key.encode())
        assert (faults == []) is trusted, (recorded.id, faults)


def test_a_key_that_the_one_before_does_not_vouch_for_is_found(filled: Store) -> None:
    create(filled)
    rotate(filled)
    bundle = bundled(filled, record(filled))
    prev, rows = "0" * 64, []
    for line in ledger_lines(filled).splitlines():
        row = json.loads(line)
        body = json.loads(row["body"])
        if body.get("signature"):
            body["signature"] = base64.b64encode(bytes(64)).decode()
        row |= {"prev": prev, "body": canonical_bytes(body).decode()}
        row["hash"] = prev = row_hash(**{name: row[name] for name in row if name != "hash"})
        rows.append(canonical_bytes(row) + b"\n")

    faults, _ = check(rewritten(bundle, "ledger.jsonl", b"".join(rows)))

    newest = keys_of(filled)[-1].id
    assert f"ledger row 5: the key before it does not vouch for {newest}" in faults


def test_another_key_under_a_known_name_is_found(filled: Store) -> None:
    create(filled)
    bundle = bundled(filled, record(filled))
    name = keys_of(filled)[0].id
    other = Store.open(filled.folder.parent / "other", create=True)
    stranger = create(other)

    assert check(rewritten(bundle, f"keys/{name}.pem", stranger.encode()))[0]


def test_an_unsigned_bundle_checks_and_says_so(filled: Store) -> None:
    faults, told = check(bundled(filled, record(filled)))

    assert faults == []
    assert told == ["NOT SIGNED.", "2 of 3 ledger rows stated. Files signed: False."]


def test_a_bundle_without_the_list_s_signature_says_so(filled: Store) -> None:
    key = create(filled)
    bundle = bundled(filled, record(filled))

    faults, told = check(rewritten(bundle, "README.txt", b"anything"), key.encode())

    assert (faults, told[1]) == ([], "4 of 5 ledger rows stated. Files signed: False.")


def test_what_was_let_go_by_rule_is_not_missed(filled: Store) -> None:
    recorded = record(filled)
    first = filled.recorded_collections()[0]
    (segment,) = first.segments
    removal = Removal(segment.path, segment.sha256, "old", "kept long enough", "ada", format_instant(NOON))
    with filled.writing("test"):
        record_removals(filled, [removal], at=NOON, actor="ada")
    with filled.writing("test"):
        pass  # takes the file away

    bundle = bundled(filled, recorded, evidence=True)

    assert check(bundle)[0] == []
    with zipfile.ZipFile(bundle) as archive:
        assert segment.path not in archive.namelist()
    assert {each["collection"] for each in records_in(bundle)} == {"000002-tool-vulnerability"}
    with pytest.raises(UsageError, match="was let go on"):
        list(proven_records(filled, first.id, {(1, 0)}))


def test_who_was_forgotten_is_in_no_bundle_and_the_rest_still_proves_itself(filled: Store) -> None:
    recorded = record(filled)
    with filled.writing("forget"):
        forget(filled, [PERSON], at=NOON + 2 * DAY, actor="grace", reason="asked for it")

    bundle = bundled(filled, recorded, evidence=True)

    assert check(bundle)[0] == []
    assert len(records_in(bundle)) == 8
    with zipfile.ZipFile(bundle) as archive:
        assert not [name for name in archive.namelist() if PERSON.encode() in archive.read(name)]
    collection, place = find_record(filled, "tool|vulnerability|1")
    assert list(proven_records(filled, collection, {place})) == []


def test_a_file_that_is_missing_without_a_rule_stops_the_export(filled: Store) -> None:
    recorded = record(filled)
    path = filled.folder / filled.recorded_collections()[0].segments[0].path
    path.unlink()

    with pytest.raises(VerificationError, match="is missing"):
        stored_files(filled)
    with pytest.raises(VerificationError, match="itomm verify"):
        bundled(filled, recorded)


def test_records_that_were_changed_have_no_proof(filled: Store) -> None:
    first, second = (filled.folder / each.segments[0].path for each in filled.recorded_collections())
    shutil.copy(second, first)

    with pytest.raises(VerificationError, match="not those that were collected"):
        list(proven_records(filled, "000001-tool-security_scan", {(1, 0)}))


def test_a_collection_of_an_older_store_has_no_proofs(filled: Store) -> None:
    filled.engine.dispose()
    without_triggers(filled.folder, "UPDATE collections SET merkle_root = NULL WHERE run = 1")

    assert provable(filled) == ["000002-tool-vulnerability"]
    with pytest.raises(UsageError, match="has no Merkle root"):
        list(proven_records(filled, "000001-tool-security_scan", {(1, 0)}))


def test_a_record_is_found_by_its_name_in_its_newest_version(filled: Store) -> None:
    collect(filled, "security_scan", {"b": scan("b", enabled=False)}, outcome=finished(2))

    assert find_record(filled, "tool|security_scan|a") == ("000001-tool-security_scan", (1, 0))
    assert find_record(filled, "tool|security_scan|b") == ("000003-tool-security_scan", (1, 0))
    for unknown in ("tool|security_scan|z", "other|security_scan|a", "0" * 64, "b"):
        with pytest.raises(UsageError, match="No stored record"):
            find_record(filled, unknown)


def test_a_bundle_that_cannot_be_written_leaves_nothing(filled: Store) -> None:
    recorded = record(filled)
    (filled.folder.parent / "bundle.zip").mkdir()

    with pytest.raises(StoreError, match="could not be written"):
        bundled(filled, recorded)
    assert list(filled.folder.parent.glob("*.partial")) == []
    assert list(filled.folder.parent.glob(".*.partial")) == []
