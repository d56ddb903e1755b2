"""Proof that people attach to what they say: a link, or a file that the store keeps under its own hash."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from itomm.config.errors import StoreError, UsageError
from itomm.evidence.catalogue.fingerprints import record_fingerprint
from itomm.evidence.durable_file import write_durably
from itomm.evidence.store import Store

FOLDER = "attachments"
MOST_BYTES = 10 * 1024 * 1024
"""Enough for a scanned contract; a store is no file share."""

_LINK = re.compile(r"https?://[^\s/]\S*", re.IGNORECASE)
_TEXT = frozenset({".txt", ".md", ".csv", ".json", ".eml"})
_BEGINS_WITH = {
    ".pdf": (b"%PDF-",),
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".docx": (b"PK\x03\x04",),
    ".xlsx": (b"PK\x03\x04",),
    ".odt": (b"PK\x03\x04",),
    ".ods": (b"PK\x03\x04",),
}
"""What a file of each kind begins with: a name alone tells nothing. No kind runs when it is opened."""


def kept_attachments(store: Store, written: Iterable[str], *, at: datetime, actor: str) -> tuple[str, ...]:
    """Links as they are; files are copied into the store, and named ``attachments/<SHA-256>.pdf (name.pdf)``.

    Raises:
        UsageError: one is neither a link nor a file, or a file of a kind or size that is not taken.
        StoreError: one cannot be kept.
    """
    return tuple(_kept(store, each, at, actor) for each in written)


def path_of(attachment: str) -> str | None:
    """Where in the store's folder an attached file lies; None for a link."""
    return attachment.partition(" ")[0] if attachment.startswith(f"{FOLDER}/") else None


def _kept(store: Store, written: str, at: datetime, actor: str) -> str:
    if _LINK.fullmatch(written):
        return written
    file = Path(written)
    content = _read(file)
    suffix = file.suffix.lower()
    _check_kind(file, suffix, content)
    target = store.folder / FOLDER / f"{hashlib.sha256(content).hexdigest()}{suffix}"
    try:
        target.parent.mkdir(exist_ok=True)
        if not target.exists():
            write_durably(target, content, through=".partial")
    except OSError as error:
        raise StoreError(f"Cannot keep {file.name} in the store: {error.strerror}.") from None
    with store.transaction() as connection:
        record_fingerprint(connection, store.folder, target, at=at, actor=actor)
    return f"{FOLDER}/{target.name} ({_plain_name(file)})"


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise UsageError(f"'{file}' is neither a link (https://…) nor a file.") from None
    except OSError as error:
        raise UsageError(f"Cannot read {file}: {error.strerror}.") from None
    if len(content) > MOST_BYTES:
        raise UsageError(f"{file.name} is larger than {MOST_BYTES // 1024 // 1024} MB; attach a link to it.")
    if not content:
        raise UsageError(f"{file.name} is empty.")
    return content


def _check_kind(file: Path, suffix: str, content: bytes) -> None:
    if suffix in _TEXT:
        if b"\0" in content or not _is_text(content):
            raise UsageError(f"{file.name} is not the text that its name says.")
    elif suffix not in _BEGINS_WITH:
        kinds = ", ".join(sorted((*_TEXT, *_BEGINS_WITH)))
        raise UsageError(f"{file.name} cannot be attached; what is taken: {kinds}. Or attach a link.")
    elif not content.startswith(_BEGINS_WITH[suffix]):
        raise UsageError(f"{file.name} is no {suffix} file, whatever its name says.")


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _plain_name(file: Path) -> str:
    """The file's name without what could be taken for something else where it is shown."""
    return "".join(each for each in file.name if each.isprintable() and each not in "()<>")[:100]
