"""Check a bundle: python verify_bundle.py BUNDLE.zip|FOLDER [--key PUBLIC.pem]; exit code 4: was changed."""

import json
import sys
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from cryptography.hazmat.primitives.serialization import load_pem_public_key


def _claims(names: list[str], read: Any, given: str, told: list[str]) -> Any:
    listed = {x[66:]: x[:64] for x in read("MANIFEST.sha256").decode().split("\n") if x[:1] not in {"", "#"}}
    for name in sorted({*listed, *names} - {"MANIFEST.sha256", "MANIFEST.sig"}):
        yield names.count(name) == 1 and name in listed, f"{name}: {'added' if name in names else 'removed'}"
        yield name not in listed or name not in names or _hex(read(name)) == listed[name], f"{name}: changed"
    rows, keys, kept, last = [dict[str, Any](seq=0, hash="0" * 64, body={})], {"": (0, read)}, {"": ""}, ""
    for row in map(json.loads, read("ledger.jsonl").splitlines()):
        seq, old, content = row["seq"], rows[-1], {k: row[k] for k in row if k != "hash"}
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))  # RFC 8785
        yield _hex(b"\x00" + text.encode()) == row["hash"], f"ledger row {seq}: changed"
        yield (seq - 1, row["prev"]) == (old["seq"], old["hash"]), f"ledger row {seq}: out of its place"
        body = json.loads(row["body"])
        rows.append({**row, "body": body})
        if row["kind"] == "signing_key":
            key: Any = load_pem_public_key(read(f"keys/{body['id']}.pem"))
            vouched = not last or _signed(keys[last][1], b64decode(body["signature"]), body["id"].encode())
            right = (_hex(key.public_bytes_raw()), body.get("replaces") or "") == (body["id"], last)
            yield vouched and right, f"ledger row {seq}: the key before it does not vouch for {body['id']}"
            last, keys[body["id"]] = body["id"], (seq, key)
        for part in [*body.get("segments", ()), *body.get("removals", ()), *body.get("pages", ())]:
            name = part.get("replaced_by") or part.get("path") or part["raw_sha256"]
            kept[name] = part.get("replacement_sha256") or part.get("sha256") or name
    for name in [name for name in names if name.startswith(("evidence/", "raw/"))]:
        yield _hex(read(name)) == kept.get(name, kept.get(name[4:6] + name[7:69])), f"{name}: never recorded"
    envelope = json.loads(text := read("statement.dsse.json").decode())
    kind, payload = envelope["payloadType"].encode(), b64decode(envelope["payload"])
    said, message = json.loads(payload), b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    subject, head = said["subject"][0]["digest"]["sha256"], said["predicate"]["ledger_head"]
    yield subject == _hex(read("assessment.json")), "statement.dsse.json: speaks of another assessment"
    after = next((row for row in rows[1:] if row["prev"] == head["hash"]), rows[0])
    yield after["body"].get("envelope") == text, f"ledger row {head['seq'] + 1}: does not hold this statement"
    then = [name for name, (seq, _) in keys.items() if seq <= head["seq"]]  # the last one was in force
    for name, signature in [(each["keyid"], b64decode(each["sig"])) for each in envelope["signatures"]]:
        right = name == then[-1] and given in then and _signed(keys[name][1], signature, message)
        yield right, f"statement.dsse.json: not signed by {name}, or that key is not to be trusted"
    yield envelope["signatures"] or not given, "statement.dsse.json: not signed, though a key was given"
    if "MANIFEST.sig" in names:
        right = _signed(keys[last][1], read("MANIFEST.sig"), read("MANIFEST.sha256"))
        yield right and given in keys, "MANIFEST.sig: not signed by a key that is to be trusted"
    for number, record in enumerate(map(json.loads, read("records.jsonl").splitlines()), 1):
        tree = rows[record["ledger_seq"]]["body"]["collection"]
        root = _root(record["line"].encode(), record["index"], tree["records"], record["proof"]).hex()
        right = (root, record["collection"]) == (tree["merkle_root"], tree["id"])
        yield right, f"records.jsonl line {number}: not record {record['index']} of {record['collection']}"
    told += [f"Signed with key {each['keyid']}." for each in envelope["signatures"]] or ["NOT SIGNED."]
    told += [f"{head['seq']} of {len(rows) - 1} ledger rows stated. Files signed: {'MANIFEST.sig' in names}."]


def _hex(data: bytes) -> str:
    return sha256(data).hexdigest()


def _signed(key: Any, signature: bytes, message: bytes) -> bool:
    try:
        return key.verify(signature, message) is None
    except Exception:  # noqa: BLE001  every way of not being a signature is the same here
        return False


def _root(line: bytes, index: int, leaves: int, proof: list[str]) -> bytes:
    if leaves == 1:
        return b"" if proof or index else sha256(b"\x00" + line).digest()
    half, beside = 1 << (leaves - 1).bit_length() - 1, bytes.fromhex(proof[-1])  # RFC 9162, section 2.1
    if index < half:
        return sha256(b"\x01" + _root(line, index, half, proof[:-1]) + beside).digest()
    return sha256(b"\x01" + beside + _root(line, index - half, leaves - half, proof[:-1])).digest()


def check(bundle: Path, key: bytes | None = None) -> tuple[list[str], list[str]]:
    """What was changed, and what to know of a bundle; ``key`` is a public key (PEM) that came another way."""
    archive, faults, told = None if bundle.is_dir() else ZipFile(bundle), list[str](), list[str]()
    names = [each.relative_to(bundle).as_posix() for each in bundle.rglob("*") if each.is_file()]
    read = archive.read if archive else lambda name: (bundle / name).read_bytes()
    loaded: Any = load_pem_public_key(key) if key is not None else None
    given = _hex(loaded.public_bytes_raw()) if loaded else ""
    claims = _claims(archive.namelist() if archive else names, read, given, told)
    try:
        faults.extend(said for holds, said in claims if not holds)
    except Exception as error:  # noqa: BLE001  whatever a changed file does to its reader is a finding
        faults.append(f"not in the form that itomm writes: {type(error).__name__}: {error}")
    return faults, told


if __name__ == "__main__":
    changed, known = check(Path(sys.argv[1]), Path(sys.argv[-1]).read_bytes() if sys.argv[2:] else None)
    sys.stdout.write("\n".join(changed or known) + "\n")
    sys.exit(4 if changed else 0)
