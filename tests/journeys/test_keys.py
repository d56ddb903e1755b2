"""Keys, recording and signing at the command line; what is not signed says so everywhere."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from itomm.evidence.segments.merkle import leaf_hash, root_from_proof
from itomm.evidence.segments.record_lines import lines_of_segment
from itomm.evidence.store import Store
from itomm.evidence.trust.bundle import ledger_lines
from itomm.evidence.trust.recorded_assessments import RecordedAssessment, recorded_assessments
from itomm.evidence.trust.signing import Signer
from tests.journeys.door import DAY_OF_ASSESSMENT, Door

pytestmark = pytest.mark.usefixtures("answers_found_once")

NOW = ("--now", DAY_OF_ASSESSMENT)
UNSIGNED = "Not signed: this store has no signing key. 'itomm keys create' makes one"


def flat(text: str) -> str:
    """Printed text without its line breaks."""
    return " ".join(text.split())


def recorded_in(workspace: Path) -> list[RecordedAssessment]:
    store = Store.open(workspace.parent / ".itomm")
    try:
        return recorded_assessments(store)
    finally:
        store.engine.dispose()


def configured_key(workspace: Path, settings: str) -> None:
    text = workspace.read_text(encoding="utf-8")
    without = text.split("\nsigning:")[0]
    workspace.write_text(f"{without}\nsigning: {settings}\n", encoding="utf-8")


def test_what_is_not_signed_says_so(workspace: Path, itomm_at_the_door: Door) -> None:
    assert UNSIGNED in flat(itomm_at_the_door("score", "--config", workspace).out)
    assert UNSIGNED in flat(itomm_at_the_door("verify", "--config", workspace).out)
    assert "no signing key" in itomm_at_the_door("keys", "list", "--config", workspace).out


def test_from_the_first_key_on_assessments_are_signed(workspace: Path, itomm_at_the_door: Door) -> None:
    """Recording changes nothing of what score prints, and what it prints is what is recorded."""
    (assessed,) = recorded_in(workspace)
    later = ("--now", "2030-01-01T00:00:00Z")
    created = itomm_at_the_door("keys", "create", "--config", workspace, *later)
    key = itomm_at_the_door("keys", "list", "--config", workspace, "--output", "json").document["keys"][0][
        "id"
    ]
    assert (created.code, key in created.out.replace("\n", "")) == (0, True)

    printed = itomm_at_the_door("score", "--record", "--output", "json", "--config", workspace, *later).out

    unsigned, signed = recorded_in(workspace)
    assert (unsigned, signed.id, signed.key_id) == (assessed, "S2", key)
    assert unsigned.path == signed.path
    assert (workspace.parent / ".itomm" / signed.path).read_text(encoding="utf-8") == printed
    told = f"Signed with key {key[:16]}…; recorded as S2, ledger head "
    assert told in flat(itomm_at_the_door("score", "--config", workspace).out)
    assert told in flat(itomm_at_the_door("verify", "--config", workspace).out)
    assert itomm_at_the_door("keys", "create", "--config", workspace).code == 2


def test_keys_are_shown_and_rotated(workspace: Path, itomm_at_the_door: Door) -> None:
    for command in ("create", "rotate"):
        assert itomm_at_the_door("keys", command, "--config", workspace, "--by", "ada", *NOW).code == 0

    first, second = itomm_at_the_door("keys", "list", "--config", workspace, "--output", "json").document[
        "keys"
    ]
    shown = itomm_at_the_door("keys", "show", "--public", "--config", workspace).out
    named = itomm_at_the_door("keys", "show", first["id"][:8], "--config", workspace).out

    assert second["replaces"] == first["id"]
    assert shown == second["public_key"]
    assert "replaced" in named
    assert first["public_key"] in named
    assert "in force" in itomm_at_the_door("keys", "list", "--config", workspace).out
    assert itomm_at_the_door("keys", "show", "zz", "--config", workspace).code == 2
    assert itomm_at_the_door("verify", "--config", workspace).code == 0


def test_a_key_may_lie_where_the_configuration_says(
    workspace: Path, itomm_at_the_door: Door, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, second = Signer.generate(), Signer.generate()
    old = tmp_path / "old.pem"
    old.write_bytes(first.private_pem(None))
    monkeypatch.setenv("ITOMM_SIGNING_KEY", first.private_pem(None).decode())
    configured_key(workspace, "{key: env:ITOMM_SIGNING_KEY}")

    assert itomm_at_the_door("score", "--record", "--config", workspace).code == 2  # not registered yet
    assert itomm_at_the_door("keys", "create", "--config", workspace, *NOW).code == 0
    assert not (workspace.parent / ".itomm" / "keys").exists()
    assert itomm_at_the_door("score", "--record", "--config", workspace, *NOW).code == 0
    assert itomm_at_the_door("keys", "rotate", "--config", workspace).code == 2  # still refers to the old one

    monkeypatch.setenv("ITOMM_SIGNING_KEY", second.private_pem(None).decode())
    lost = itomm_at_the_door("score", "--record", "--config", workspace)
    assert (lost.code, "cannot be found" in lost.err) == (2, True)
    rotated = itomm_at_the_door("keys", "rotate", "--old-key", f"file:{old}", "--config", workspace, *NOW)
    assert rotated.code == 0, rotated.err
    assert itomm_at_the_door("score", "--record", "--config", workspace, *NOW).code == 0
    assert [each.key_id for each in recorded_in(workspace)] == [None, first.id, second.id]

    monkeypatch.delenv("ITOMM_SIGNING_KEY")
    text = workspace.read_text(encoding="utf-8")
    workspace.write_text(text.replace("tier: 1", "tier: 2"), encoding="utf-8")  # it cannot be scored again
    bundle = workspace.parent / "bundle.zip"
    exported = itomm_at_the_door("export", "bundle", "--config", workspace, "--to", bundle)
    assert exported.code == 0, exported.err
    assert "records.jsonl is empty" in flat(exported.out)
    assert "Its list of files is not signed" in flat(exported.out)
    (tmp_path / "first.pem").write_text(first.public_pem)
    checked = itomm_at_the_door("verify", bundle, "--key", tmp_path / "first.pem")
    assert (checked.code, "Files signed: False." in checked.out) == (0, True), checked.out


def test_a_literal_key_in_the_configuration_is_refused(workspace: Path, itomm_at_the_door: Door) -> None:
    configured_key(workspace, "{key: MC4CAQAwBQYDK2VwBCIEIJ}")

    refused = itomm_at_the_door("keys", "create", "--config", workspace)

    assert refused.code == 5
    assert "MC4CAQ" not in refused.err


def test_without_its_private_key_nothing_is_collected_and_nothing_signed(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    itomm_at_the_door("keys", "create", "--config", workspace, *NOW)
    (private,) = (workspace.parent / ".itomm" / "keys").glob("*.pem")
    private.unlink()
    store = Store.open(workspace.parent / ".itomm")
    before = ledger_lines(store)

    refused = itomm_at_the_door("assess", "--config", workspace, *NOW)

    assert refused.code == 2
    assert "cannot be found" in refused.err
    assert ledger_lines(store) == before
    store.engine.dispose()


def test_the_proof_of_a_record_leads_to_the_root_in_the_ledger(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    store = Store.open(workspace.parent / ".itomm")
    collected = next(each for each in store.collections() if each.record_type == "merge_request")
    store.engine.dispose()
    line = next(lines_of_segment(store.folder / collected.segments[0].path))
    reference = json.loads(line)["source_ref"]
    identity = f"{collected.source}|merge_request|{reference}"
    hashed = hashlib.sha256(identity.encode()).hexdigest()

    proof = itomm_at_the_door("export", "proof", identity, "--config", workspace).document

    assert itomm_at_the_door("export", "proof", hashed, "--config", workspace).document == proof
    assert proof["line"] == line.decode()
    leaf = leaf_hash(proof["line"].encode())
    assert root_from_proof(leaf, proof["index"], proof["leaves"], proof["proof"]) == proof["root"]
    assert (proof["collection"], proof["root"]) == (collected.id, collected.merkle_root)
    assert itomm_at_the_door("export", "proof", "0" * 64, "--config", workspace).code == 2


def test_a_store_is_compared_with_what_was_handed_out(workspace: Path, itomm_at_the_door: Door) -> None:
    bundle = workspace.parent / "bundle"
    bundle.mkdir()
    store = Store.open(workspace.parent / ".itomm")
    (bundle / "ledger.jsonl").write_bytes(ledger_lines(store))
    store.engine.dispose()
    head = recorded_in(workspace)[-1].head

    def verified(*arguments: str | Path) -> tuple[int, str]:
        done = itomm_at_the_door("verify", "--config", workspace, *arguments)
        return done.code, flat(done.out + done.err)

    assert verified("--head", str(head), "--against", bundle)[0] == 0
    assert verified("--head", f"{head.seq}:{'0' * 16}")[0] == 4
    code, told = verified("--head", f"{head.seq + 3}:{'0' * 16}")
    assert (code, f"rows {head.seq + 1} to {head.seq + 3} were cut off" in told) == (4, True)
    assert verified("--head", "nonsense")[0] == 2
    assert verified("--against", workspace)[0] == 2
    itomm_at_the_door("keys", "create", "--config", workspace, *NOW)
    assert verified("--against", bundle)[0] == 0  # the ledger may have grown since


def test_there_is_nothing_to_export_before_something_is_recorded(
    tmp_path: Path, itomm_at_the_door: Door
) -> None:
    Store.open(tmp_path / "empty", create=True).engine.dispose()

    refused = itomm_at_the_door("export", "bundle", "--store", tmp_path / "empty")

    assert (refused.code, "itomm assess" in refused.err) == (2, True)
