"""A bundle checks without us, and any change to it is found and named."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from base64 import b64decode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cryptography
import pytest

from itomm.cli.main import itomm
from itomm.evidence.canonical import canonical_bytes
from itomm.evidence.catalogue.ledger import row_hash
from itomm.evidence.trust.signing import Signer
from itomm.evidence.trust.statement import seal
from itomm.reports.verify_bundle import check
from tests.journeys.door import DAY_OF_ASSESSMENT, Door

pytestmark = pytest.mark.usefixtures("answers_found_once")

ROOT = Path(__file__).parents[2]
FILES_ALWAYS = {
    "MANIFEST.sha256",
    "MANIFEST.sig",
    "README.txt",
    "assessment.json",
    "ledger.jsonl",
    "records.jsonl",
    "report.html",
    "statement.dsse.json",
    "verify_bundle.py",
}


def called(*arguments: str | Path) -> None:
    """Call itomm where no test asks for what it prints."""
    itomm.main([str(each) for each in arguments], standalone_mode=False)


@pytest.fixture(scope="module")
def signed_workspace(collected_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collected store with a signed assessment; the configuration's path."""
    folder = shutil.copytree(collected_once, tmp_path_factory.mktemp("signed") / "work")
    config = folder / "itomm.yaml"
    called("keys", "create", "--config", config, "--now", DAY_OF_ASSESSMENT)
    called("score", "--record", "--config", config, "--now", DAY_OF_ASSESSMENT)
    return config


@pytest.fixture(scope="module")
def bundle(signed_workspace: Path) -> Path:
    """A bundle with evidence; not to be written to."""
    target = signed_workspace.parent / "bundle.zip"
    called(
        "export", "bundle", "--config", signed_workspace, "--to", target, "--with-evidence", "--records", "60"
    )
    return target


@pytest.fixture(scope="module")
def public_key(bundle: Path) -> bytes:
    with zipfile.ZipFile(bundle) as archive:
        (name,) = [name for name in archive.namelist() if name.startswith("keys/")]
        return archive.read(name)


@pytest.fixture
def unpacked(bundle: Path, tmp_path: Path) -> Path:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path / "bundle")
    return tmp_path / "bundle"


def faults(folder: Path, key: bytes | None = None) -> list[str]:
    return check(folder, key)[0]


def listed_again(folder: Path) -> None:
    """Do what somebody who changes a bundle would do: list what is there now, drop the list's signature."""
    (folder / "MANIFEST.sig").unlink(missing_ok=True)
    (folder / "MANIFEST.sha256").unlink(missing_ok=True)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in files
    ]
    (folder / "MANIFEST.sha256").write_text("".join(lines))


def ledger_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "ledger.jsonl").read_bytes().splitlines()]


def write_ledger(folder: Path, rows: list[dict[str, Any]], *, chained: bool = False) -> None:
    """Write a ledger; ``chained``: with every number and hash made right again."""
    prev = "0" * 64
    for seq, row in enumerate(rows, 1):
        if chained:
            row |= {"seq": seq, "prev": prev}
            row["hash"] = row_hash(**{name: row[name] for name in row if name != "hash"})
            prev = row["hash"]
    (folder / "ledger.jsonl").write_bytes(b"".join(canonical_bytes(row) + b"\n" for row in rows))


def records_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "records.jsonl").read_bytes().splitlines()]


def write_records(folder: Path, records: list[dict[str, Any]]) -> None:
    (folder / "records.jsonl").write_bytes(b"".join(canonical_bytes(each) + b"\n" for each in records))


# What is in it


def test_a_bundle_holds_what_it_says_and_no_secret(bundle: Path, signed_workspace: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    store = signed_workspace.parent / ".itomm"

    assert {name for name in contents if "/" not in name} == FILES_ALWAYS
    assert {name.split("/")[0] for name in contents if "/" in name} == {"keys", "evidence", "raw"}
    (private,) = (store / "keys").glob("*.pem")
    secrets = [(store / "pseudonym.key").read_bytes(), private.read_bytes().splitlines()[1], b"estate-token"]
    assert not [name for name, content in contents.items() for secret in secrets if secret in content]
    assert not [name for name in contents if name.endswith(".key")]


def test_the_report_in_it_says_who_signed(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        report = archive.read("report.html").decode()
        statement = json.loads(archive.read("statement.dsse.json"))
    key = statement["signatures"][0]["keyid"]

    assert f"Signed with key {key[:16]}…" in report
    assert f"<code>{key}</code>" in report


def test_two_bundles_of_one_assessment_are_the_same_bytes(bundle: Path, signed_workspace: Path) -> None:
    again = signed_workspace.parent / "again.zip"
    more = ("--with-evidence", "--records", "60")
    called("export", "bundle", "--config", signed_workspace, "--to", again, "--assessment", "s2", *more)

    assert again.read_bytes() == bundle.read_bytes()


def test_more_records_than_wanted_are_a_sample_that_says_so(unpacked: Path) -> None:
    head = [line for line in (unpacked / "MANIFEST.sha256").read_text().splitlines() if line.startswith("#")]

    assert len(records_of(unpacked)) == 60
    assert any("records.jsonl holds 60 of " in line for line in head)
    assert any("they are a sample" in line for line in head)


def test_a_statement_says_what_was_assessed_and_on_what(unpacked: Path) -> None:
    envelope = json.loads((unpacked / "statement.dsse.json").read_text())
    statement = json.loads(b64decode(envelope["payload"]))
    document = json.loads((unpacked / "assessment.json").read_text())
    said: Mapping[str, Any] = statement["predicate"]
    collections = [
        json.loads(row["body"])["collection"] for row in ledger_of(unpacked) if row["kind"] == "collection"
    ]

    assert statement["predicateType"] == "urn:itomm:assessment:v1"
    assert said["verdict"] == document["verdict"]
    assert said["inputs"] == document["inputs"]
    assert set(said["levels"]) == {"evidence", "stated", "overrides"}
    assert said["evidence"]["newest_roots"] == {each["id"]: each["merkle_root"] for each in collections}
    lines = "".join(f"{each['merkle_root']}  {each['id']}\n" for each in collections)
    assert said["evidence"]["roots_sha256"] == hashlib.sha256(lines.encode()).hexdigest()


# It checks, whoever asks and however


def test_an_untouched_bundle_checks(bundle: Path, unpacked: Path, public_key: bytes) -> None:
    for place in (bundle, unpacked):
        for key in (None, public_key):
            wrong, told = check(place, key)
            assert wrong == []
            assert told[0].startswith("Signed with key ")
            assert told[1].endswith("Files signed: True.")


def test_itomm_verify_checks_a_bundle(
    bundle: Path, public_key: bytes, tmp_path: Path, itomm_at_the_door: Door
) -> None:
    (tmp_path / "key.pem").write_bytes(public_key)

    with_key = itomm_at_the_door("verify", bundle, "--key", tmp_path / "key.pem")
    without = itomm_at_the_door("verify", bundle, "--output", "json")

    assert (with_key.code, without.code) == (0, 0)
    assert "Signed with key" in with_key.out
    assert "No key was given" not in with_key.out
    assert without.document["faults"] == []


def test_the_verifier_is_a_page_and_needs_nothing_of_ours(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        source = archive.read("verify_bundle.py").decode()

    assert len(source.splitlines()) <= 100
    imported = {
        line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))
    }
    assert imported - sys.stdlib_module_names == {"cryptography"}


def test_the_verifier_in_the_bundle_runs_in_a_bare_python(
    unpacked: Path, tmp_path: Path, public_key: bytes
) -> None:
    """No site-packages but a folder with ``cryptography`` and what that needs."""
    only = tmp_path / "only"
    only.mkdir()
    packages = Path(cryptography.__file__).parents[1]
    for name in ("cryptography", "cffi"):
        (only / name).symlink_to(packages / name)
    for extension in packages.glob("_cffi_backend*"):
        (only / extension.name).symlink_to(extension)
    (tmp_path / "key.pem").write_bytes(public_key)
    start = (
        f"import sys, runpy; sys.path.append({str(only)!r}); sys.argv = sys.argv[1:]; "
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    python = [sys.executable, "-I", "-S", "-c", start, str(unpacked / "verify_bundle.py")]

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*python, *map(str, arguments)], capture_output=True, text=True, check=False)

    done = run(unpacked, "--key", tmp_path / "key.pem")
    assert (done.returncode, done.stdout.splitlines()[0][:16]) == (0, "Signed with key "), done.stderr
    (unpacked / "README.txt").write_text("another")
    assert run(unpacked).stdout.splitlines() == ["README.txt: changed"]
    assert run(unpacked).returncode == 4
    assert run(tmp_path / "nothing").returncode == 1


def test_the_recipes_in_the_bundle_work_with_sha256sum_and_openssl_alone(
    unpacked: Path, tmp_path: Path
) -> None:
    readme = (unpacked / "README.txt").read_text()
    recipe = readme.split("sha256sum and openssl only\n")[1].split("The digest of assessment.json")[0]
    script = "set -eu\n" + recipe.replace("/tmp/", f"{tmp_path}/")  # noqa: S108  it is replaced

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(["sh", "-c", script], cwd=unpacked, capture_output=True, text=True, check=False)

    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Signature Verified Successfully") == 2
    assert json.loads((tmp_path / "payload").read_bytes())["_type"] == "https://in-toto.io/Statement/v1"
    envelope = (unpacked / "statement.dsse.json").read_text()
    (unpacked / "statement.dsse.json").write_text(envelope.replace('"payload":"ey', '"payload":"eX'))
    listed_again(unpacked)
    assert run().returncode != 0


def test_the_recipes_in_the_documentation_work(unpacked: Path, public_key: bytes) -> None:
    page = (ROOT / "docs" / "how-to" / "verify-without-us.md").read_text(encoding="utf-8")
    recipes = re.findall(r"```sh\n(.*?)```", page, flags=re.DOTALL)
    (unpacked / "key.pem").write_bytes(public_key)
    (key,) = (unpacked / "keys").iterdir()

    def run() -> subprocess.CompletedProcess[str]:
        script = "\n".join(["set -eu", *recipes])
        return subprocess.run(["sh", "-c", script], cwd=unpacked, capture_output=True, text=True, check=False)

    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(recipes) == 4
    assert done.stdout.count("Signature Verified Successfully") == 2
    assert done.stdout.split()[-2] == key.stem
    (unpacked / "README.txt").write_text("another")
    assert run().returncode != 0


# Every change is found and named


def test_a_changed_byte_in_every_file_is_found_and_named(unpacked: Path) -> None:
    kinds: dict[str, Path] = {}
    for path in sorted(path for path in unpacked.rglob("*") if path.is_file()):
        kinds.setdefault(path.relative_to(unpacked).parts[0], path)
    assert len(kinds) == len(FILES_ALWAYS) + 3
    for path in kinds.values():
        name = path.relative_to(unpacked).as_posix()
        whole = path.read_bytes()
        for place in (0, len(whole) // 2, len(whole) - 2):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            found = faults(unpacked)
            if name != "MANIFEST.sha256":
                assert any(each.startswith(f"{name}: ") for each in found), (place, found)
            assert found
        path.write_bytes(whole)
    assert faults(unpacked) == []


def test_a_removed_and_an_added_file_are_named(unpacked: Path) -> None:
    (unpacked / "report.html").unlink()
    (unpacked / "notes.txt").write_text("trust me")

    assert faults(unpacked) == ["notes.txt: added", "report.html: removed"]


@pytest.mark.parametrize("name", ["MANIFEST.sha256", "ledger.jsonl", "statement.dsse.json", "records.jsonl"])
def test_without_one_of_its_parts_a_bundle_is_not_whole(unpacked: Path, name: str) -> None:
    (unpacked / name).unlink()
    assert any(name in each for each in faults(unpacked))


def test_a_file_that_is_in_a_zip_twice_is_named(bundle: Path, tmp_path: Path) -> None:
    twice = Path(shutil.copy(bundle, tmp_path / "twice.zip"))
    with zipfile.ZipFile(twice, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("report.html", "another")
    assert "report.html: added" in faults(twice)


def test_a_flipped_byte_inside_a_zip_is_found(bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        entry = archive.getinfo("assessment.json")
    content = bytearray(bundle.read_bytes())
    content[entry.header_offset + 200] ^= 1
    (tmp_path / "flipped.zip").write_bytes(content)
    assert any("assessment.json" in each or "decompress" in each for each in faults(tmp_path / "flipped.zip"))


def swapped(rows: list[dict[str, Any]]) -> None:
    rows[2], rows[3] = rows[3], rows[2]


def doubled(rows: list[dict[str, Any]]) -> None:
    rows.insert(4, dict(rows[3]))


def cut_off(rows: list[dict[str, Any]]) -> None:
    del rows[-1]


def taken_out(rows: list[dict[str, Any]]) -> None:
    del rows[4]


def reworded(rows: list[dict[str, Any]]) -> None:
    rows[3]["actor"] = "somebody"


LEDGER_CHANGES: list[tuple[Callable[[list[dict[str, Any]]], None], str]] = [
    (swapped, "ledger row 4: out of its place"),
    (doubled, "ledger row 4: out of its place"),
    (taken_out, "ledger row 6: out of its place"),
    (reworded, "ledger row 4: changed"),
]


@pytest.mark.parametrize(("change", "named"), LEDGER_CHANGES)
def test_a_changed_ledger_is_found_though_the_list_of_files_was_made_again(
    unpacked: Path, change: Callable[[list[dict[str, Any]]], None], named: str
) -> None:
    rows = ledger_of(unpacked)
    change(rows)
    write_ledger(unpacked, rows)
    listed_again(unpacked)
    assert named in faults(unpacked)


@pytest.mark.parametrize("change", [swapped, doubled, taken_out, reworded, cut_off])
def test_a_ledger_that_was_chained_again_is_found_by_the_signed_head(
    unpacked: Path, change: Callable[[list[dict[str, Any]]], None]
) -> None:
    rows = ledger_of(unpacked)
    last = rows[-1]["seq"]
    change(rows)
    write_ledger(unpacked, rows, chained=True)
    listed_again(unpacked)
    assert f"ledger row {last}: does not hold this statement" in faults(unpacked)


@pytest.mark.parametrize("what", ["line", "index", "proof", "collection", "ledger_seq"])
def test_a_changed_record_is_found_and_named(unpacked: Path, what: str) -> None:
    records = records_of(unpacked)
    one = next(each for each in reversed(records) if each["leaves"] > 3)
    place = records.index(one)
    one[what] = {
        "line": one["line"].replace('"page":1', '"page":2').replace('"page":', '"page":1'),
        "index": one["index"] ^ 1,
        "proof": one["proof"][:-1],
        "collection": records[0]["collection"],
        "ledger_seq": one["ledger_seq"] + 1,
    }[what]
    write_records(unpacked, records)
    listed_again(unpacked)
    found = faults(unpacked)
    assert any(each.startswith((f"records.jsonl line {place + 1}: ", "not in the form")) for each in found)


def test_swapped_records_are_found_and_named(unpacked: Path) -> None:
    records = records_of(unpacked)
    one, other = [place for place, each in enumerate(records) if each["leaves"] > 3][:2]
    records[one]["line"], records[other]["line"] = records[other]["line"], records[one]["line"]
    write_records(unpacked, records)
    listed_again(unpacked)
    assert [each.split(":")[0] for each in faults(unpacked)] == [
        f"records.jsonl line {one + 1}",
        f"records.jsonl line {other + 1}",
    ]


@pytest.mark.parametrize("part", ["evidence", "raw"])
def test_exchanged_evidence_is_found_and_named(unpacked: Path, part: str) -> None:
    one, other = sorted(path for path in (unpacked / part).rglob("*") if path.is_file())[:2]
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)
    listed_again(unpacked)
    names = [path.relative_to(unpacked).as_posix() for path in (one, other)]
    assert sorted(faults(unpacked)) == [f"{name}: never recorded" for name in sorted(names)]


def test_a_statement_for_another_assessment_is_found(unpacked: Path) -> None:
    document = (unpacked / "assessment.json").read_text()
    (unpacked / "assessment.json").write_text(document.replace('"level"', '"Level"', 1) + " ")
    listed_again(unpacked)
    assert faults(unpacked) == ["statement.dsse.json: speaks of another assessment"]


def test_a_signature_that_was_taken_away_is_found(unpacked: Path, public_key: bytes) -> None:
    envelope = json.loads((unpacked / "statement.dsse.json").read_text())
    (unpacked / "statement.dsse.json").write_bytes(canonical_bytes({**envelope, "signatures": []}))
    listed_again(unpacked)
    assert "statement.dsse.json: not signed, though a key was given" in faults(unpacked, public_key)
    assert any("does not hold this statement" in each for each in faults(unpacked))


def test_a_bundle_checks_with_no_other_key(bundle: Path) -> None:
    found = faults(bundle, Signer.generate().public_pem.encode())
    assert [each.split(":")[0] for each in found] == ["statement.dsse.json", "MANIFEST.sig"]


def test_a_bundle_made_anew_with_another_key_does_not_check_with_the_right_one(
    unpacked: Path, public_key: bytes
) -> None:
    """Everything is made again and signed by a stranger; only a key from elsewhere tells."""
    stranger, rows = Signer.generate(), ledger_of(unpacked)
    envelope = json.loads((unpacked / "statement.dsse.json").read_text())
    for row in rows:
        if row["kind"] == "signing_key":
            body = {**json.loads(row["body"]), "id": stranger.id, "public_key": stranger.public_pem}
            row["body"] = canonical_bytes(body).decode()
    write_ledger(unpacked, rows[:-1], chained=True)
    head = rows[-2]
    content = json.loads(b64decode(envelope["payload"]))
    content["predicate"]["ledger_head"] = {"seq": head["seq"], "hash": head["hash"]}
    text = seal(content, stranger)
    body = {**json.loads(rows[-1]["body"]), "envelope": text, "key_id": stranger.id}
    rows[-1]["body"] = canonical_bytes(body).decode()
    write_ledger(unpacked, rows, chained=True)
    (unpacked / "statement.dsse.json").write_text(text)
    shutil.rmtree(unpacked / "keys")
    (unpacked / "keys").mkdir()
    (unpacked / "keys" / f"{stranger.id}.pem").write_text(stranger.public_pem)
    listed_again(unpacked)
    (unpacked / "MANIFEST.sig").write_bytes(stranger.sign((unpacked / "MANIFEST.sha256").read_bytes()))

    assert faults(unpacked) == []
    assert [each.split(":")[0] for each in faults(unpacked, public_key)] == [
        "statement.dsse.json",
        "MANIFEST.sig",
    ]


def test_what_is_no_bundle_is_said_plainly(tmp_path: Path, itomm_at_the_door: Door) -> None:
    (tmp_path / "text.zip").write_text("no zip")
    for path in (tmp_path / "text.zip", tmp_path / "nothing.zip"):
        done = itomm_at_the_door("verify", path)
        assert (done.code, "Traceback" in done.err) == (2, False)
        assert path.name in done.err
