"""Bundles: a zip file with a list of its files' digests; the same contents give the same bytes."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sqlalchemy import select

from itomm.config.errors import StoreError, VerificationError
from itomm.evidence.canonical import canonical_bytes
from itomm.evidence.catalogue.database import ledger as ledger_table
from itomm.evidence.store import Store
from itomm.evidence.trust.signing import Signer

MANIFEST = "MANIFEST.sha256"
MANIFEST_SIGNATURE = "MANIFEST.sig"
_NO_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can say
_CHUNK_BYTES = 1 << 20
_PACKED_ALREADY = (".parquet", ".gz", ".zz")


def write_bundle(
    target: Path,
    contents: Mapping[str, bytes | Path],
    notes: Sequence[str],
    signer: Signer | None,
) -> None:
    """Write a bundle; a file that is there is replaced only when the new one is whole.

    Args:
        target: where to.
        contents: name in the bundle -> its bytes, or the file that holds them.
        notes: lines for the head of the manifest.
        signer: signs the manifest; None leaves it unsigned.

    Raises:
        StoreError: it could not be written, or a file of the store could not be read.
    """
    partial = target.with_name(f".{target.name}.partial")
    try:
        with zipfile.ZipFile(partial, "w") as archive:
            digests = {name: _add(archive, name, contents[name]) for name in sorted(contents)}
            lines = [*(f"# {note}\n" for note in notes), *(f"{digests[name]}  {name}\n" for name in digests)]
            listed = "".join(lines).encode()
            _add(archive, MANIFEST, listed)
            if signer is not None:
                _add(archive, MANIFEST_SIGNATURE, signer.sign(listed))
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StoreError(f"The bundle could not be written to {target}: {error.strerror}.") from None


def _add(archive: zipfile.ZipFile, name: str, content: bytes | Path) -> str:
    """Add one file; its SHA-256."""
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.create_system = 3  # Unix, wherever it is written
    entry.external_attr = 0o100644 << 16
    entry.compress_type = zipfile.ZIP_STORED if name.endswith(_PACKED_ALREADY) else zipfile.ZIP_DEFLATED
    hasher = hashlib.sha256()
    with archive.open(entry, "w", force_zip64=True) as file:
        for chunk in _chunks(content):
            hasher.update(chunk)
            file.write(chunk)
    return hasher.hexdigest()


def _chunks(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def ledger_lines(store: Store) -> bytes:
    """All rows in order, each as RFC 8785 JSON with its hash; ``body`` is text, as it was hashed."""
    with store.engine.connect() as connection:
        rows = connection.execute(select(ledger_table).order_by(ledger_table.c.seq)).mappings()
        return b"".join(canonical_bytes(dict(row)) + b"\n" for row in rows)


def stored_files(store: Store) -> dict[str, Path]:
    """Segments and raw payloads by their path in the store; what was let go by rule is left out.

    Raises:
        VerificationError: a file is missing that was not let go.
    """
    wanted: dict[str, Path] = {}
    let_go: set[str] = set()
    with store.engine.connect() as connection:
        rows = connection.execute(select(ledger_table.c.kind, ledger_table.c.body)).all()
    for kind, text in rows:
        body = json.loads(text)
        if kind == "collection":
            parts = body.get("segments") or [body.get("segment")]
            paths = [str(part["path"]) for part in parts if part]
            raw = [store.raw.path(page["raw_sha256"]) for page in body["pages"]]
            wanted |= {path: store.folder / path for path in paths}
            wanted |= {path.relative_to(store.folder).as_posix(): path for path in raw}
        elif kind == "removal":
            for each in [*body.get("removals", ()), *body.get("again", ())]:
                let_go.add(each["path"])
                if each.get("replaced_by"):
                    wanted[each["replaced_by"]] = store.folder / each["replaced_by"]
    there = {name: path for name, path in wanted.items() if path.is_file()}
    lost = sorted(name for name in wanted if name not in there and name not in let_go)
    if lost:
        raise VerificationError(f"{lost[0]}: this file is missing. Run 'itomm verify'.")
    return there
