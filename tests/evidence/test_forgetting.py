"""Forgetting takes a pseudonym out of every stored byte, and what is left still proves itself."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from itomm.config.identity import FORGOTTEN, Pseudonyms, forgotten_hash
from itomm.config.secrets import Secret
from itomm.evidence.decisions import Answer, record_answer
from itomm.evidence.letting_go import forgetting
from itomm.evidence.letting_go.forgetting import Forgotten, forget
from itomm.evidence.letting_go.removals import forgotten_people
from itomm.evidence.observation import Observation, Page
from itomm.evidence.store import Store
from itomm.evidence.trust.verification import verify
from tests.evidence.stores import DAY, NOON, REQUEST, files_under, finished, known

ADA = "person-0123456789ab"
GRACE = "person-ba9876543210"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path, create=True)


@pytest.fixture
def either(tmp_path: Path, database: Secret | None) -> Iterator[Store]:
    """An empty store, once with each kind of database."""
    opened = Store.open(tmp_path, create=True, database=database)
    yield opened
    opened.engine.dispose()


def issue(key: str, reporter: str, assignee: str | None = None, **fields: object) -> Observation:
    own = {
        "key": key,
        "kind": "incident",
        "title": f"{key} as told by {reporter}",
        "status": "Open",
        "status_category": "open",
        "labels": [reporter, "urgent"],
        "reporter": reporter,
        "assignee": assignee,
        "created_at": NOON - DAY,
        "updated_at": NOON - DAY,
        "reopened_count": 0,
        "reassignment_count": 0,
        "links": [],
        "ci_ids": [],
        "security": False,
        "transitions": [{"at": "2026-11-01T00:00:00Z", "by": reporter, "from": "a", "to": "b"}],
        **fields,
    }
    return Observation(key, own, {"key": key, "fields": {"reporter": reporter}}, f"https://x.example/{key}")


def collect(store: Store, *pages: list[Observation], day: int = 0) -> None:
    writer = store.begin_collection(
        run=store.next_run(), source="tool", collector="test", record_type="issue", started_at=NOON
    )
    for page in pages:
        writer.add_page(Page(tuple(page), REQUEST), ["shop"] * len(page))
    writer.finish(finished(day, window_start=NOON - 9 * DAY))


def forgot(store: Store, *people: str) -> Forgotten:
    with store.writing("forget"):
        return forget(store, people, at=NOON + 9 * DAY, actor="grace", reason="asked for it")


def stored_bytes(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file of a store; what is packed also unpacked."""
    for path in files_under(folder):
        content = path.read_bytes()
        yield path, content
        if path.suffix == ".gz":
            yield path, gzip.decompress(content)
        elif path.suffix == ".zz":
            yield path, zlib.decompress(content[32:])
        elif path.suffix == ".parquet":
            rows = duckdb.connect().execute(f"SELECT * FROM read_parquet('{path}')").fetchall()  # noqa: S608  a test's own path
            yield path, repr(rows).encode()


def holding(folder: Path, text: str) -> list[str]:
    return sorted({path.name for path, content in stored_bytes(folder) if text.encode() in content})


def test_no_stored_byte_holds_who_was_forgotten(store: Store) -> None:
    collect(store, [issue("A-1", ADA), issue("A-2", GRACE, ADA)], [issue("A-3", GRACE)])
    collect(store, [issue("A-3", GRACE)], day=1)
    assert len(holding(store.folder, ADA)) == 2

    done = forgot(store, ADA)

    assert (done.segments, done.records, done.raw_payloads, done.kept) == (1, 2, 1, ())
    assert holding(store.folder, ADA) == []
    assert len(holding(store.folder, GRACE)) > 2


def test_a_pseudonym_is_found_wherever_it_stands(store: Store) -> None:
    source_ref = Observation(
        f"of-{ADA}", issue("A-1", GRACE).fields, {"by": ADA}, f"https://x.example/u/{ADA}"
    )
    collect(store, [source_ref, issue("A-2", GRACE, custom={"deep": [{"er": ADA}]}), issue("A-3", GRACE)])

    assert forgot(store, ADA).records == 2
    assert holding(store.folder, ADA) == []
    assert known(store, "issue", NOON, "source_ref", "url", "custom")[2] == (
        f"of-{FORGOTTEN}",
        f"https://x.example/u/{FORGOTTEN}",
        None,
    )


def test_all_else_of_every_row_stays_as_it_was(store: Store) -> None:
    collect(store, [issue("A-1", ADA), issue("A-2", GRACE, None), issue("A-3", ADA, GRACE)])
    query = "SELECT * FROM read_parquet('{}')"

    def rows() -> tuple[list[str], list[tuple[object, ...]]]:
        path = store.folder / store.collections()[0].segments[0].path
        found = duckdb.connect().execute(query.format(path))
        return [str(column[1]) for column in found.description or ()], found.fetchall()

    kinds, before = rows()
    forgot(store, ADA)
    kinds_after, after = rows()

    assert kinds_after == kinds
    assert [repr(row).replace(ADA, FORGOTTEN) for row in before] == [repr(row) for row in after]


def test_what_is_left_verifies_down_to_the_merkle_root(either: Store) -> None:
    collect(either, [issue("A-1", ADA), issue("A-2", GRACE, ADA)], [issue("A-3", GRACE)])
    forgot(either, ADA)
    assert verify(either, records=True).faults == ()
    forgot(either, GRACE)
    assert verify(either, records=True).faults == ()
    assert holding(either.folder, "person-") == []
    assert either.raw_record("000001-tool-issue", 1, 1) == {"key": "A-2", "fields": {"reporter": FORGOTTEN}}


def test_a_change_of_what_is_left_is_found(store: Store) -> None:
    collect(store, [issue("A-1", ADA)])
    forgot(store, ADA)
    replaced = store.folder / store.collections()[0].segments[0].path
    replaced.write_bytes(replaced.read_bytes() + b"\x00")
    (fault,) = verify(store).faults
    assert fault.endswith("this segment was changed")


def test_two_names_of_one_person_are_forgotten_together(store: Store) -> None:
    collect(store, [issue("A-1", ADA, GRACE)])
    assert forgot(store, ADA, GRACE).records == 1
    assert holding(store.folder, "person-") == []


def test_who_is_not_stored_is_remembered_as_forgotten(store: Store) -> None:
    collect(store, [issue("A-1", GRACE)])
    assert forgot(store, ADA) == Forgotten(0, 0, 0, ())
    assert forgotten_people(store) == {forgotten_hash(store.pseudonym_key(), ADA)}
    assert holding(store.folder, ADA) == []


def test_a_later_collection_does_not_bring_anybody_back(store: Store) -> None:
    key = store.pseudonym_key()
    pseudonym = Pseudonyms(key).person("Ada@example.com")
    forgot(store, pseudonym)
    forgotten = forgotten_people(store)

    assert Pseudonyms(key, forgotten=forgotten).person("ada@example.com ") == FORGOTTEN
    assert Pseudonyms(key, forgotten=forgotten).person(pseudonym) == FORGOTTEN
    assert Pseudonyms(key, forgotten=forgotten).person(FORGOTTEN) == FORGOTTEN
    assert Pseudonyms(key, forgotten=forgotten, named=True).person("ADA@example.com") == FORGOTTEN
    assert Pseudonyms(key, forgotten=forgotten, named=True).person("Grace") == "Grace"
    assert Pseudonyms(key, forgotten=forgotten).person("Grace") == Pseudonyms(key).person("Grace")


def test_decisions_that_speak_of_the_person_are_kept_and_named(store: Store) -> None:
    record_answer(store, Answer("", "acme", "A-P-2.1", "yes", ADA, "mine", (), NOON, NOON + DAY))
    assert forgot(store, ADA).kept == ("ledger row 1 (answer)",)


def test_a_payload_of_no_page_is_taken_away_at_once(store: Store) -> None:
    store.raw.put([{"by": ADA}])
    assert forgot(store, ADA).raw_payloads == 0
    assert holding(store.folder, ADA) == []
    assert verify(store).faults == ()


@pytest.mark.parametrize("where", ["record_removals", "finish_removals"])
def test_a_crash_while_forgetting_loses_nothing_and_can_be_repeated(
    store: Store, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    collect(store, [issue("A-1", ADA), issue("A-2", GRACE)])

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(forgetting, where, killed)
        with pytest.raises(KeyboardInterrupt):
            forgot(store, ADA)
    assert verify(store, records=True).faults == ()
    assert [key for (key,) in known(store, "issue", NOON, "key")] == ["A-1", "A-2"]

    forgot(store, ADA)

    assert verify(store, records=True).faults == ()
    assert holding(store.folder, ADA) == []
    assert [key for (key,) in known(store, "issue", NOON, "key")] == ["A-1", "A-2"]
    assert not list(store.folder.glob("**/*.partial"))


def test_what_is_not_a_pseudonym_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="not a pseudonym"):
        forgot(store, "Ada")
