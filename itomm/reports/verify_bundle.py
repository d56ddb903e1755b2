"""Check a bundle: python verify_bundle.py BUNDLE.zip|FOLDER [--key PUBLIC.pem]; exit code 4: it was changed."""

import json
import sys
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from cryptography.hazmat.primitives.serialization import load_pem_public_key


def _claims(names: list[str], read: Any, given: str, told: list[str]) -> Any:
    lines = [line for line in read("MANIFEST.sha256").decode().split("\n") if not line.startswith("#")]
    listed = {line[66:]: line[:64] for line in lines if line}
    for name in sorted({*listed, *names} - {"MANIFEST.sha256", "MANIFEST.sig"}):
        yield name in names, f"{name}: removed"
        yield name in listed and names.count(name) < 2, f"{name}: added"
        yield name not in names or _hex(read(name)) == listed.get(name), f"{name}: changed"
    rows, keys, trees, stored, newest = [], {}, {}, {}, ""
    for row in map(json.loads, read("ledger.jsonl").splitlines()):
        seq, prev, body = row["seq"], rows[-1]["hash"] if rows else "0" * 64, json.loads(row["body"])
        yield (seq, row["prev"]) == (len(rows) + 1, prev), f"ledger row {seq}: removed, added or moved"
        content = {name: value for name, value in row.items() if name != "hash"}
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))  # RFC 8785
        yield _hex(b"\x00" + text.encode()) == row["hash"], f"ledger row {seq}: changed"
        rows.append(row)
        if row["kind"] == "signing_key":
            key: Any = load_pem_public_key(read(f"keys/{body['id']}.pem"))
            vouched = not keys or _signed(keys[newest][1], b64decode(body["signature"]), body["id"].encode())
            right = (_hex(key.public_bytes_raw()), body.get("replaces") or "") == (body["id"], newest)
            yield vouched and right, f"ledger row {seq}: the key before it does not vouch for {body['id']}"
            newest, keys[body["id"]] = body["id"], (seq, key)
        if row["kind"] == "collection":
            trees[body["collection"]["id"]] = body["collection"]
            stored |= {
                f"raw/{r[:2]}/{r[2:]}.json.gz": r for r in [page["raw_sha256"] for page in body["pages"]]
            }
        for part in [*body.get("segments", ()), *body.get("removals", ())]:
            stored[part.get("replaced_by", part["path"])] = part.get("replacement_sha256", part["sha256"])
    for name in [name for name in names if name.startswith(("evidence/", "raw/"))]:
        yield _hex(read(name)) == stored.get(name), f"{name}: not what the ledger recorded"
    envelope = json.loads(text := read("statement.dsse.json").decode())
    kind, payload = envelope["payloadType"].encode(), b64decode(envelope["payload"])
    said, message = json.loads(payload), b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    subject, head = said["subject"][0]["digest"]["sha256"], said["predicate"]["ledger_head"]
    yield subject == _hex(read("assessment.json")), "statement.dsse.json: speaks of another assessment"
    row = rows[head["seq"]] if head["seq"] < len(rows) else {"prev": "", "body": "{}"}
    holds = (row["prev"], json.loads(row["body"]).get("envelope")) == (head["hash"], text)
    yield holds, f"ledger row {head['seq'] + 1}: does not hold this statement on the head that was signed"
    then = [name for name, (seq, _) in keys.items() if seq <= head["seq"]]  # the last one was in force
    for name, signature in [(each["keyid"], b64decode(each["sig"])) for each in envelope["signatures"]]:
        right = name == then[-1] and given in {"", *then} and _signed(keys[name][1], signature, message)
        yield (
            right,
            f"statement.dsse.json: the signature by {name} is wrong, or that key is not to be trusted",
        )
    yield envelope["signatures"] or not given, "statement.dsse.json: not signed, though a key was given"
    if "MANIFEST.sig" in names:
        signature, message = read("MANIFEST.sig"), read("MANIFEST.sha256")
        right = given in {"", *keys} and _signed(keys[newest][1], signature, message)
        yield right, "MANIFEST.sig: the list of files is not signed by a key that is to be trusted"
    for number, record in enumerate(map(json.loads, read("records.jsonl").splitlines()), 1):
        tree, proof = trees[record["collection"]], [bytes.fromhex(each) for each in record["proof"]]
        leaf = sha256(b"\x00" + record["line"].encode()).digest()
        right = _root(leaf, record["index"], tree["records"], proof).hex() == tree["merkle_root"]
        yield right, f"records.jsonl line {number}: not record {record['index']} of {tree['id']}"
    by = (
        f"Signed with key {then[-1]}."
        if envelope["signatures"]
        else "NOT SIGNED: anybody could have made this."
    )
    told += [
        said["predicate"]["verdict"],
        f"{len(names)} files, {len(rows)} ledger rows: nothing was changed.",
        by,
    ]


def _hex(data: bytes) -> str:
    return sha256(data).hexdigest()


def _signed(key: Any, signature: bytes, message: bytes) -> bool:
    try:
        return key.verify(signature, message) is None
    except Exception:  # noqa: BLE001  every way of not being a signature is the same here
        return False


def _root(node: bytes, index: int, leaves: int, proof: list[bytes]) -> bytes:
    if leaves == 1:
        return b"" if proof else node
    half = 1 << (leaves - 1).bit_length() - 1  # RFC 9162: the left tree is the largest full one
    if index < half:
        return sha256(b"\x01" + _root(node, index, half, proof[:-1]) + proof[-1]).digest()
    return sha256(b"\x01" + proof[-1] + _root(node, index - half, leaves - half, proof[:-1])).digest()


def check(bundle: Path, key: bytes | None = None) -> tuple[list[str], list[str]]:
    """What was changed, and what to know of a bundle; ``key`` is a public key (PEM) that came another way."""
    archive, faults, told = None if bundle.is_dir() else ZipFile(bundle), list[str](), list[str]()
    names = [each.relative_to(bundle).as_posix() for each in bundle.rglob("*") if each.is_file()]
    read = archive.read if archive else lambda name: (bundle / name).read_bytes()
    given: Any = load_pem_public_key(key).public_bytes_raw() if key else b""  # type: ignore[union-attr]
    try:
        checks = _claims(archive.namelist() if archive else names, read, given and _hex(given), told)
        faults.extend(said for holds, said in checks if not holds)
    except Exception as error:  # noqa: BLE001  whatever a changed file does to its reader is a finding
        faults.append(f"not in the form that itomm writes: {error!r}")
    return faults, told


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--key"]
    changed, known = check(Path(words[0]), Path(words[1]).read_bytes() if words[1:] else None)
    sys.stdout.write("\n".join(changed or known) + "\n")
    sys.exit(4 if changed else 0)
