"""Checks of readings that go on: behind a killed run, or with what changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from itomm.collectors.conformance.memory_sink import MemorySink
from itomm.collectors.conformance.trial import SOURCE, Asking, Reading, Subject
from itomm.collectors.framework.continuing import Continuation, Resumption
from itomm.collectors.framework.kept_answers import AnswersFolder
from itomm.evidence.record_types import record_types

_MOST_INTERRUPTIONS = 4


def what_changed_is_a_part_of_everything(subject: Subject) -> Iterator[str]:
    """With a cursor, every record has the fields that it has when everything is read."""
    for kind in _cursor_streams(subject):
        everything = subject.healthy.records(kind)
        found = _changed_since(subject, kind, subject.tool.until - subject.tool.history / 2).records(kind)
        for name, fields in found.items():
            if name not in everything:
                yield f"{kind} {name} is brought as changed, but not when everything is read"
            elif fields != everything[name]:
                yield f"{kind} {name} differs from what reading everything brings"


def everything_changed_is_everything(subject: Subject) -> Iterator[str]:
    """With a cursor at the beginning of the window, nothing is left out."""
    for kind in _cursor_streams(subject):
        beginning = subject.tool.until - subject.tool.history + timedelta(seconds=1)
        found = _changed_since(subject, kind, beginning).records(kind)
        missing = sorted(_occurred_since(subject, kind, beginning) - set(found))
        if missing:
            yield f"{kind} leaves out {len(missing)} records that changed since, such as {missing[0]}"


def a_killed_run_ends_as_if_it_had_not_been(subject: Subject) -> Iterator[str]:
    """After Ctrl-C behind any page, going on brings the same records in the end."""
    for kind, behind, _, resumed in _interrupted(subject):
        if resumed.records(kind) != subject.healthy.records(kind):
            yield f"{kind}, interrupted behind page {behind}, ends with other records"
        if not resumed.result(kind).outcome.complete:
            yield f"{kind}, interrupted behind page {behind}: {resumed.result(kind).outcome.error}"
        requested = subject.healthy.result(kind).outcome.requested
        if sorted(resumed.result(kind).outcome.requested) != sorted(requested):
            yield f"{kind}, interrupted behind page {behind}, names other scopes as asked for"


def a_killed_run_asks_for_one_page_twice_at_most(subject: Subject) -> Iterator[str]:
    """Where a page has a checkpoint, going on begins behind it."""
    for kind, behind, kept, resumed in _interrupted(subject):
        pages = [repr((page.request, page.observations)) for page in resumed.sink.of(kind).pages]
        again = sum(page in pages[:kept] for page in pages[kept:])
        if again > 1:
            yield f"{kind}, interrupted behind page {behind}, asks for {again} pages a second time"


def what_was_answered_is_not_asked_again(subject: Subject) -> Iterator[str]:
    """After a kill the same is asked in the same words, so no answer that had come is asked for again."""
    with TemporaryDirectory() as folder, subject.server() as server:
        answers = AnswersFolder(Path(folder), "the same as before")
        everything = subject.read_from(server, Asking(answers=answers))
        before = len(everything.asked)
        # Each stream by itself: those before it were finished when the run was killed.
        for kind in [one.record_type for one in everything.results]:
            again = subject.read_from(server, Asking(answers=answers, record_types=frozenset({kind})))
            for asked in again.asked[before:]:
                yield f"{kind}: {asked.method} {asked.target} is asked again, or in other words than before"
            before = len(again.asked)
            if again.records(kind) != subject.healthy.records(kind):
                yield f"{kind}, read from answers that were kept, has other records"


def has_cursors(subject: Subject) -> bool:
    """Whether a stream is read by what changed."""
    return bool(_cursor_streams(subject))


def _cursor_streams(subject: Subject) -> list[str]:
    return [
        stream.record_type
        for stream in subject.offered
        if stream.cursor_field is not None and stream.record_type in subject.streams
    ]


def _occurred_since(subject: Subject, kind: str, instant: datetime) -> set[str]:
    """Records of the good day that happened since; what stands longer may be unchanged."""
    healthy, occurred = subject.healthy, record_types()[kind].occurred
    return {
        healthy.neutral(one.source_ref)
        for page in healthy.pages.get(kind, ())
        for one in page.observations
        if isinstance(at := one.fields.get(occurred or ""), datetime) and at >= instant
    }


def _changed_since(subject: Subject, kind: str, instant: datetime) -> Reading:
    since = Continuation(instant, "an earlier collection", subject.tool.until - subject.tool.history)
    asking = Asking(record_types=frozenset({kind}), continue_from={(SOURCE, kind): since})
    return subject.read(None, asking)


def _interrupted(subject: Subject) -> Iterator[tuple[str, int, int, Reading]]:
    """For each stream and place: how many pages were kept there, and the reading that went on."""
    for kind in subject.streams:
        pages = subject.healthy.result(kind).pages
        for behind in range(1, min(pages, _MOST_INTERRUPTIONS + 1)):
            sink = MemorySink()
            with subject.server() as server:
                asking = Asking(record_types=frozenset({kind}), progress=_Interruption(behind))
                with suppress(KeyboardInterrupt):
                    subject.read_from(server, asking, sink=sink)
                kept = sink.kept_pages()
                held = kept[SOURCE, kind].pages if kept else 0
                sink = sink if kept else MemorySink()
                resuming = Asking(record_types=frozenset({kind}), resumption=Resumption(kept=kept))
                yield kind, behind, held, subject.read_from(server, resuming, sink=sink)


class _Interruption:
    """Progress that is interrupted behind a page."""

    def __init__(self, behind: int) -> None:
        self._behind = behind
        self._pages = 0

    def __call__(self, _source: str, _record_type: str, _pages: int, _records: int) -> None:
        self._pages += 1
        if self._pages == self._behind:
            raise KeyboardInterrupt
