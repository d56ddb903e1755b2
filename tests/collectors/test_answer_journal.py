"""The journal of answers: what was kept is found again, and nothing else ever is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from itomm.collectors.framework.answer_journal import AnswerJournal, JournalKey

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
KEY = JournalKey((b"the store's key", b"the source's token"), "run 7")
ANSWERS = {b"first": b"Ada Lovelace", b"second": b'{"token": "s3cr3t"}', b"third": b"x" * 300}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers" / "tool"


def opened(path: Path, key: JournalKey = KEY, *, now: datetime = NOW) -> AnswerJournal:
    return AnswerJournal(path, key, now=lambda: now, kept_for=timedelta(hours=24), patience_seconds=0)


def kept(path: Path, key: JournalKey = KEY, *, now: datetime = NOW) -> list[int]:
    """Keep three answers; where in the file each of them ends."""
    journal, ends = opened(path, key, now=now), []
    for asked, answer in ANSWERS.items():
        journal.keep("ticket", asked, answer)
        ends.append(path.stat().st_size)
    journal.close()
    return ends


def found(path: Path, key: JournalKey = KEY, *, now: datetime = NOW) -> dict[bytes, bytes]:
    """What a later process finds of the three answers."""
    journal = opened(path, key, now=now)
    answers = {asked: journal.find("ticket", asked) for asked in ANSWERS}
    journal.close()
    return {asked: answer for asked, answer in answers.items() if answer is not None}


def test_a_later_process_finds_each_answer_once(path: Path) -> None:
    kept(path)
    journal = opened(path)
    assert [journal.find("ticket", b"second") for _ in range(2)] == [ANSWERS[b"second"], None]
    assert journal.find("ticket", b"never asked") is None
    journal.close()
    assert found(path) == ANSWERS


def test_the_process_that_kept_an_answer_asks_again(path: Path) -> None:
    journal = opened(path)
    journal.keep("ticket", b"state", b"now")
    assert journal.find("ticket", b"state") is None, "twice the same question is two questions"
    journal.close()


def test_the_same_question_is_answered_in_the_order_of_asking_to_the_stream_that_asked_it(path: Path) -> None:
    journal = opened(path)
    for stream, answer in (("ticket", b"1"), ("release", b"2"), ("ticket", b"3")):
        journal.keep(stream, b"count", answer)
    journal.close()
    later = opened(path)
    assert [later.find("ticket", b"count") for _ in range(4)] == [b"1", b"3", b"2", None]
    later.close()


def test_nothing_stands_in_clear_in_the_file(path: Path) -> None:
    kept(path)
    content = path.read_bytes()
    for clear in (*ANSWERS, *ANSWERS.values(), b"ticket", *KEY.secrets):
        assert clear not in content
    assert path.stat().st_mode & 0o077 == 0


def test_an_answer_that_was_cut_short_is_dropped_and_the_next_stands_in_its_place(path: Path) -> None:
    ends = kept(path)
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        whole = dict(list(ANSWERS.items())[: sum(end <= size for end in ends)])
        assert found(path) == whole, size
        journal = opened(path)
        journal.keep("ticket", b"third", b"anew")
        journal.close()
        assert found(path) == {**whole, b"third": b"anew"}, size


def test_a_changed_byte_never_becomes_an_answer(path: Path) -> None:
    kept(path)
    content = path.read_bytes()
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        left = found(path)
        assert left.items() <= ANSWERS.items(), at
        assert len(left) < len(ANSWERS), at


@pytest.mark.parametrize(
    "other",
    [
        JournalKey((b"the store's key", b"another token"), "run 7"),
        JournalKey((b"another key", b"the source's token"), "run 7"),
        JournalKey((b"the store's keyt", b"he source's token"), "run 7"),
        JournalKey(KEY.secrets, "run 7 with other settings"),
    ],
)
def test_with_another_token_or_another_question_all_begins_anew(path: Path, other: JournalKey) -> None:
    kept(path)
    assert found(path, other) == {}
    assert found(path) == {}, "the file was begun anew"


@pytest.mark.parametrize(
    ("hours", "is_used"), [(0, True), (24, True), (24.1, False), (-0.1, True), (-24.1, False)]
)
def test_an_answer_is_used_for_as_long_as_a_run_can_be_gone_on_with(
    path: Path, hours: float, *, is_used: bool
) -> None:
    kept(path)
    assert bool(found(path, now=NOW + timedelta(hours=hours))) is is_used


def test_two_never_write_to_one_file(path: Path) -> None:
    kept(path)
    first = opened(path)
    assert found(path) == {}, "such as a process that outlives the killed run for a moment"
    assert first.find("ticket", b"first") == ANSWERS[b"first"]
    first.close()
    assert found(path) == ANSWERS


def test_where_no_file_can_be_written_nothing_is_kept_and_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "answers").write_text("no folder")
    journal = opened(tmp_path / "answers" / "tool")
    journal.keep("ticket", b"first", b"answer")
    assert journal.find("ticket", b"first") is None
    journal.close()
