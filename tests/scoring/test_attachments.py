"""What people attach: links as they are, files kept by hash, and nothing that is not what its name says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from itomm.config.errors import UsageError
from itomm.evidence import attachments
from itomm.evidence.attachments import kept_attachments, path_of
from itomm.evidence.store import Store
from itomm.evidence.trust.verification import verify

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
PDF = b"%PDF-1.7\nthe minutes of the restore test\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "store", create=True)
    yield opened
    opened.engine.dispose()


def written(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    path.write_bytes(content)
    return str(path)


def kept(store: Store, *attached: str) -> tuple[str, ...]:
    return kept_attachments(store, attached, at=NOON, actor="ann")


def test_a_link_stays_a_link(store: Store) -> None:
    assert kept(store, "https://wiki.example/minutes") == ("https://wiki.example/minutes",)
    assert path_of("https://wiki.example/minutes") is None


def test_a_file_is_kept_under_its_own_hash(store: Store, tmp_path: Path) -> None:
    (named,) = kept(store, written(tmp_path, "Minutes (final).PDF", PDF))
    path = f"attachments/{hashlib.sha256(PDF).hexdigest()}.pdf"
    assert named == f"{path} (Minutes final.PDF)"
    assert path_of(named) == path
    assert (store.folder / path).read_bytes() == PDF
    assert kept(store, written(tmp_path, "again.pdf", PDF)) == (f"{path} (again.pdf)",)
    assert verify(store).faults == ()


@pytest.mark.parametrize("change", ["changed", "removed"])
def test_verify_finds_what_became_of_an_attached_file(store: Store, tmp_path: Path, change: str) -> None:
    (named,) = kept(store, written(tmp_path, "minutes.pdf", PDF))
    path = path_of(named)
    assert path is not None
    if change == "changed":
        (store.folder / path).write_bytes(PDF.replace(b"restore", b"Restore"))
    else:
        (store.folder / path).unlink()
    assert [fault.split(":")[0] for fault in verify(store).faults] == [path]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("minutes.pdf", b"<html>no</html>", "minutes.pdf is no .pdf file, whatever its name says"),
        ("minutes.txt", b"\xff\xfe\x00", "minutes.txt is not the text that its name says"),
        ("minutes.html", b"<script>", "minutes.html cannot be attached"),
        ("minutes", b"text", "minutes cannot be attached"),
        ("minutes.pdf", b"", "minutes.pdf is empty"),
    ],
)
def test_what_is_not_what_its_name_says_is_refused(
    store: Store, tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        kept(store, written(tmp_path, name, content))
    assert not (store.folder / "attachments").exists()


def test_a_file_that_is_too_large_is_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MOST_BYTES", len(PDF) - 1)
    with pytest.raises(UsageError, match="is larger than"):
        kept(store, written(tmp_path, "minutes.pdf", PDF))


@pytest.mark.parametrize("attached", ["see the wiki", "ftp://files.example/x", "https://", "gone.pdf"])
def test_what_is_neither_link_nor_file_is_refused(store: Store, attached: str) -> None:
    with pytest.raises(UsageError, match="is neither a link"):
        kept(store, attached)
