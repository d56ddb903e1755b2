"""Keys, their rotation, signed statements, and recorded assessments; other implementations agree."""

from __future__ import annotations

import base64
import json
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from securesystemslib.dsse import Envelope as OtherEnvelope
from securesystemslib.signer._key import SSlibKey

from itomm.config.errors import StoreError, UsageError, VerificationError
from itomm.config.secrets import Secret
from itomm.evidence.store import Store
from itomm.evidence.trust.key_register import (
    create_key,
    keys_of,
    private_key_path,
    rotate_key,
    rotation_faults,
    signer_in_force,
)
from itomm.evidence.trust.recorded_assessments import (
    AssessmentToRecord,
    RecordedAssessment,
    assessment_faults,
    document_of,
    ledger_head,
    record_assessment,
    recorded_as,
    recorded_assessments,
)
from itomm.evidence.trust.signing import Signer, read_public_key
from itomm.evidence.trust.statement import Envelope, LedgerHead, seal, statement
from itomm.evidence.trust.verification import verify
from itomm.evidence.trust.witness import head_faults, read_head
from tests.evidence.stores import DAY, NOON, collect, scan
from tests.evidence.whole_store import without_triggers

PASSPHRASE = Secret("correct horse")
DOCUMENT = b'{"schema": "itomm/assessment/1"}\n'


@pytest.fixture
def store(tmp_path: Path) -> Store:
    opened = Store.open(tmp_path / "store", create=True)
    collect(opened, "security_scan", {"a": scan("a")})
    return opened


def create(store: Store, **more: Any) -> str:
    with store.writing("test"):
        return create_key(store, at=NOON, actor="ada", **more).id


def rotate(store: Store, old: Signer | None, **more: Any) -> str:
    with store.writing("test"):
        return rotate_key(store, old, at=NOON + DAY, actor="ada", **more).id


def record(store: Store, document: bytes = DOCUMENT, *, signed: bool = True) -> RecordedAssessment:
    def predicate(head: LedgerHead) -> Mapping[str, Any]:
        return {"ledger_head": {"seq": head.seq, "hash": head.hash}}

    made = AssessmentToRecord(document, NOON, 1, "Acme is at level 2.", NOON + DAY, predicate)
    signer = signer_in_force(store) if signed else None
    with store.writing("test"):
        return record_assessment(store, made, signer)


def private_pem(signer: Signer, passphrase: Secret | None = None) -> Secret:
    return Secret(signer.private_pem(passphrase).decode())


def test_a_store_has_no_key_at_first(store: Store) -> None:
    assert keys_of(store) == []
    assert signer_in_force(store) is None


def test_a_key_is_kept_for_its_owner_alone(store: Store) -> None:
    path = private_key_path(store, create(store))

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_text().startswith("-----BEGIN PRIVATE KEY-----")


def test_the_private_part_never_enters_the_database(store: Store) -> None:
    path = private_key_path(store, create(store))
    store.engine.dispose()
    secret = path.read_text().splitlines()[1]

    stored = b"".join(file.read_bytes() for file in store.folder.rglob("itomm.db*"))
    assert secret.encode() not in stored


def test_a_key_with_a_passphrase_needs_it(store: Store) -> None:
    path = private_key_path(store, create(store, passphrase=PASSPHRASE))

    assert "ENCRYPTED" in path.read_text()
    assert signer_in_force(store, passphrase=PASSPHRASE) is not None
    with pytest.raises(UsageError, match=r"signing\.passphrase"):
        signer_in_force(store)
    with pytest.raises(UsageError, match="passphrase is wrong"):
        signer_in_force(store, passphrase=Secret("wrong"))


def test_openssl_reads_a_key_and_names_the_same_public_key(store: Store) -> None:
    key = create(store)

    told = subprocess.run(
        ["openssl", "pkey", "-in", str(private_key_path(store, key)), "-pubout"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert told.stdout == keys_of(store)[0].public_key


def test_a_second_key_is_refused_unless_it_replaces_the_first(store: Store) -> None:
    create(store)

    with pytest.raises(UsageError, match="itomm keys rotate"):
        create(store)
    assert len(keys_of(store)) == 1


def test_what_could_not_be_registered_leaves_no_private_key(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise StoreError("the disk is full")

    with store.writing("test"):
        monkeypatch.setattr(store, "transaction", refuse)
        with pytest.raises(StoreError):
            create_key(store, at=NOON, actor="ada")
    assert list((store.folder / "keys").iterdir()) == []


def test_a_rotated_key_is_vouched_for_by_the_one_before(store: Store) -> None:
    first = create(store)
    second = rotate(store, signer_in_force(store))
    third = rotate(store, signer_in_force(store))

    keys = keys_of(store)
    assert [key.id for key in keys] == [first, second, third]
    assert [key.replaces for key in keys] == [None, first, second]
    assert rotation_faults(keys) == []
    assert verify(store).faults == ()
    old = read_public_key(keys[1].public_key)
    old.verify(base64.b64decode(keys[2].signature or ""), third.encode())


def test_only_the_key_in_force_vouches_for_the_next(store: Store) -> None:
    create(store)
    with pytest.raises(UsageError, match="is in force"):
        rotate(store, Signer.generate())


def test_there_is_nothing_to_rotate_without_a_key(store: Store) -> None:
    with pytest.raises(UsageError, match="itomm keys create"):
        rotate(store, None)


def test_a_key_that_nobody_vouches_for_is_found(store: Store) -> None:
    create(store)
    rotate(store, signer_in_force(store))
    first, second = keys_of(store)
    stranger = Signer.generate()

    for faulty in (
        [first, type(second)(**{**vars(second), "signature": first.signature})],
        [first, type(second)(**{**vars(second), "signature": "no base64"})],
        [first, type(second)(**{**vars(second), "replaces": None})],
        [first, type(second)(**{**vars(second), "public_key": stranger.public_pem})],
        [first, type(second)(**{**vars(second), "public_key": "no key"})],
        [second],
    ):
        assert rotation_faults(faulty)


def test_a_key_may_be_kept_elsewhere(store: Store) -> None:
    elsewhere = Signer.generate()

    key = create(store, configured=elsewhere)

    assert key == elsewhere.id
    assert not private_key_path(store, key).exists()
    assert signer_in_force(store, elsewhere) is elsewhere


def test_nothing_is_signed_with_another_key_when_the_private_part_is_gone(store: Store) -> None:
    private_key_path(store, create(store)).unlink()

    with pytest.raises(UsageError, match="cannot be found"):
        signer_in_force(store)
    with pytest.raises(UsageError, match=r"signing\.key refers to key"):
        signer_in_force(store, Signer.generate())


def test_a_file_with_another_key_is_not_used(store: Store) -> None:
    path = private_key_path(store, create(store))
    path.write_bytes(Signer.generate().private_pem(None))

    with pytest.raises(UsageError, match="holds another key"):
        signer_in_force(store)


def test_a_configured_key_must_be_registered_first(store: Store) -> None:
    with pytest.raises(UsageError, match="itomm keys create"):
        signer_in_force(store, Signer.generate())


@pytest.mark.parametrize(
    "text", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_what_is_no_key_is_refused_in_words_that_do_not_repeat_it(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        Signer.from_pem(Secret(text))
    assert "AAAA" not in str(refused.value)


def test_another_kind_of_key_is_refused() -> None:
    rsa = generate_private_key(65537, 2048)
    pem = rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(UsageError, match="no ed25519 key"):
        Signer.from_pem(Secret(pem))


def test_a_signer_is_printed_without_its_secret() -> None:
    signer = Signer.generate()
    assert repr(signer) == f"Signer({signer.id})"
    assert Signer.from_pem(private_pem(signer)).id == signer.id


def test_another_implementation_verifies_our_envelope() -> None:
    signer = Signer.generate()
    envelope = OtherEnvelope.from_dict(json.loads(seal(statement("ab" * 32, {"x": "ü"}), signer)))
    public = read_public_key(signer.public_pem).public_bytes_raw().hex()
    key = SSlibKey(signer.id, "ed25519", "ed25519", {"public": public})

    assert envelope.verify([key], 1).keys() == {signer.id}
    stranger = read_public_key(Signer.generate().public_pem).public_bytes_raw().hex()
    with pytest.raises(Exception, match=r"(?i)threshold|verif"):
        envelope.verify([SSlibKey(signer.id, "ed25519", "ed25519", {"public": stranger})], 1)


def test_what_is_signed_is_what_another_implementation_says_is_signed() -> None:
    text = seal(statement("ab" * 32, {"verdict": "Grüße"}), Signer.generate())
    ours = Envelope.read(text)

    assert ours.signed == OtherEnvelope.from_dict(json.loads(text)).pae()
    assert ours.statement["_type"] == "https://in-toto.io/Statement/v1"
    assert ours.document_sha256 == "ab" * 32


def test_openssl_verifies_our_envelope(tmp_path: Path) -> None:
    signer = Signer.generate()
    envelope = Envelope.read(seal(statement("ab" * 32, {}), signer))
    (tmp_path / "key.pem").write_text(signer.public_pem)
    (tmp_path / "pae.bin").write_bytes(envelope.signed)
    (tmp_path / "sig.bin").write_bytes(envelope.signatures[signer.id])
    recipe = "openssl pkeyutl -verify -rawin -pubin -inkey key.pem -in pae.bin -sigfile sig.bin"

    assert subprocess.run(recipe.split(), cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "pae.bin").write_bytes(envelope.signed + b" ")
    assert subprocess.run(recipe.split(), cwd=tmp_path, capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"payload": "e30=", "payloadType": "x"}',
        '{"payload": "W10=", "payloadType": "x", "signatures": []}',
        '{"payload": "!", "payloadType": "x", "signatures": []}',
    ],
)
def test_what_is_no_envelope_is_refused(text: str) -> None:
    with pytest.raises(VerificationError):
        Envelope.read(text)


def test_a_recorded_assessment_is_signed_on_the_ledger_as_it_was_before(store: Store) -> None:
    key = create(store)
    with store.engine.connect() as connection:
        before = ledger_head(connection)

    recorded = record(store)

    envelope = Envelope.read(recorded.envelope)
    assert (recorded.id, recorded.key_id, recorded.head.seq) == ("S1", key, before.seq + 1)
    assert envelope.head == before
    assert envelope.is_signed_by(key, read_public_key(keys_of(store)[0].public_key))
    assert document_of(store, recorded) == DOCUMENT
    assert recorded_as(store, DOCUMENT) == recorded
    assert (assessment_faults(store), verify(store).faults) == ([], ())


def test_a_store_without_key_records_without_a_signature(store: Store) -> None:
    recorded = record(store)

    assert recorded.key_id is None
    assert json.loads(recorded.envelope)["signatures"] == []
    assert (assessment_faults(store), verify(store).faults) == ([], ())


def test_the_same_assessment_is_recorded_once_until_something_changes(store: Store) -> None:
    first = record(store)
    assert record(store) == first
    create(store)
    signed = record(store)
    assert (signed.id, record(store)) == ("S2", signed)
    assert record(store, signed=False).id == "S3"
    other = record(store, b"another")
    assert [each.id for each in recorded_assessments(store)] == ["S1", "S2", "S3", other.id]


def test_recording_does_not_move_the_instant_as_of_which_is_scored(store: Store) -> None:
    before = store.newest_instant()
    create(store)
    record(store)
    assert store.newest_instant() == before


def test_a_run_that_died_while_recording_leaves_a_store_that_verifies(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(store, "transaction", die)
        with pytest.raises(KeyboardInterrupt):
            record(store)
    left = sorted(path.suffix for path in (store.folder / "assessments").iterdir())
    assert left == [".json", ".recording"]
    assert (verify(store).faults, recorded_assessments(store)) == ((), [])

    record(store, b"another")
    assert [path.suffix for path in (store.folder / "assessments").iterdir()] == [".json"]
    assert verify(store).faults == ()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE assessments SET key_id = NULL", "knows of no key"),
        ("UPDATE assessments SET envelope = '{}'", "no DSSE envelope"),
        ("UPDATE assessments SET sha256 = 'ab'", "another assessment"),
        ("UPDATE ledger SET hash = 'ab' WHERE seq = 3", "is not the row before"),
        ("UPDATE signing_keys SET public_key = 'none'", "is not by key"),
        ("UPDATE assessments SET made_at = 'never'", "what itomm never writes"),
        ("UPDATE assessments SET as_of = x'c328'", "what itomm never writes"),
    ],
)
def test_a_changed_statement_is_found_and_named(store: Store, change: str, fault: str) -> None:
    create(store)
    record(store)
    store.engine.dispose()
    without_triggers(store.folder, "PRAGMA foreign_keys = OFF", change)

    assert any(fault in each for each in assessment_faults(store))


def test_a_signature_by_another_key_is_found(store: Store) -> None:
    create(store)
    recorded = record(store)
    forged = seal(Envelope.read(recorded.envelope).statement, Signer.generate())
    store.engine.dispose()
    without_triggers(store.folder, f"UPDATE assessments SET envelope = '{forged}'")  # noqa: S608  made here

    assert assessment_faults(store) == [f"S1: the signature is not by key {recorded.key_id[:16]}…"]  # type: ignore[index]


def test_a_ledger_that_was_cut_off_is_found_by_a_head_handed_out_earlier(store: Store) -> None:
    record(store)
    record(store, b"another")
    head = recorded_assessments(store)[-1].head
    assert head_faults(store, head) == []
    store.engine.dispose()
    without_triggers(
        store.folder,
        "DELETE FROM assessments WHERE id = 'S2'",
        f"DELETE FROM ledger WHERE seq = {head.seq}",  # noqa: S608  a number
    )

    (fault,) = head_faults(store, head)
    assert fault.endswith(f"rows {head.seq} to {head.seq} were cut off")


def test_a_rewritten_ledger_is_found_by_a_head_handed_out_earlier(store: Store) -> None:
    seen = record(store).head

    assert head_faults(store, LedgerHead(seen.seq, seen.hash[:16])) == []
    (fault,) = head_faults(store, LedgerHead(seen.seq, "0" * 16))
    assert fault.endswith("the ledger was rewritten")


@pytest.mark.parametrize("text", ["", "12", "12:abc", "x:" + "a" * 16, "12:" + "g" * 16, "12:" + "a" * 65])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no ledger head"):
        read_head(text)


def test_a_head_is_read_as_reports_print_it() -> None:
    assert read_head(f"12:{'ab' * 8}…") == LedgerHead(12, "ab" * 8)
    assert str(LedgerHead(12, "ab" * 32)) == f"12:{'ab' * 32}"
