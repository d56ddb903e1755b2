"""Checks of a reading on a good day."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

from itomm.collectors.conformance.exchange import Answer, Asked
from itomm.collectors.conformance.judging import problems_of_secrets
from itomm.collectors.conformance.trial import Asking, Reading, Subject
from itomm.collectors.conformance.watching import Watch
from itomm.collectors.framework.provenance import same_origin
from itomm.evidence.observation import Observation
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.columns import RecordRefusedError, column_values

_READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST"})


def a_healthy_source_is_complete(subject: Subject) -> Iterator[str]:
    """Everything is read, without a complaint."""
    for result in subject.healthy.results:
        if not result.outcome.complete:
            yield f"{result.record_type} is incomplete: {result.outcome.error}"


def every_stream_brings_records(subject: Subject) -> Iterator[str]:
    """The tool that the suite is given holds something for each stream; else nothing is proven."""
    for result in subject.healthy.results:
        if not result.records:
            yield f"{result.record_type} brought no record; let the healthy tool hold one"


def two_readings_give_the_same_pages(subject: Subject) -> Iterator[str]:
    """The same answers give the same pages, byte for byte."""
    with subject.server() as server:  # one for both: pseudonyms of people's addresses differ by host
        first, again = subject.read_from(server), subject.read_from(server)
    for kind in subject.streams:
        if repr(first.sink.of(kind).pages) != repr(again.sink.of(kind).pages):
            yield f"{kind} differs between two readings of the same answers"


def records_fit_their_type(subject: Subject) -> Iterator[str]:
    """Every record has the fields of its type, in the right types and units."""
    for kind, one in _observations(subject.healthy):
        try:
            column_values(record_types()[kind], one.fields)
        except RecordRefusedError as error:
            yield f"{kind} {one.source_ref}: {error}"


def what_it_cannot_tell_is_empty(subject: Subject) -> Iterator[str]:
    """A field that a stream says it cannot tell is empty, false or unknown in every record."""
    for result in subject.healthy.results:
        named = {each.field for each in result.outcome.untold}
        for name in sorted(named - record_types()[result.record_type].fields.keys()):
            yield f"{result.record_type} has no field {name}, which it says that it cannot tell"
    untold = {stream.record_type: stream.cannot_tell for stream in subject.collector.streams}
    for kind, one in _observations(subject.healthy):
        for name in untold.get(kind, ()):
            value = one.fields.get(name)
            if value and value != "unknown":
                yield f"{kind} {one.source_ref} tells {name}, which the stream says it cannot"


def records_have_names_of_their_own(subject: Subject) -> Iterator[str]:
    """A record's name is the tool's own, and no other record's."""
    for kind in subject.streams:
        names = Counter(one.source_ref for other, one in _observations(subject.healthy) if other == kind)
        yield from (f"{kind} {name!r} is handed over {n} times" for name, n in names.items() if n > 1)
        if any(not name.strip() for name in names):
            yield f"{kind} has a record without a name"


def records_link_to_the_source(subject: Subject) -> Iterator[str]:
    """Every record leads to a page of the source, by an absolute http(s) address."""
    reading = subject.healthy
    hosts = (reading.base, *subject.tool.links)
    for kind, one in _observations(reading):
        if urlsplit(one.url).scheme not in {"http", "https"}:
            yield f"{kind} {one.source_ref} has the address {one.url!r}, which nobody can open"
        elif not any(same_origin(one.url, host) for host in hosts):
            yield f"{kind} {one.source_ref} leads to {one.url}, which is not the source's host"


def pages_name_requests_that_were_made(subject: Subject) -> Iterator[str]:
    """The request given with a page is one that was sent."""
    reading = subject.healthy
    sent = {(asked.method, f"{reading.base}{asked.raw_path}") for asked in reading.asked}
    for kind, pages in reading.pages.items():
        for page in pages:
            if (page.request.method, page.request.url) not in sent:
                yield f"{kind} names a request that was never sent: {page.request.method} {page.request.url}"


def nothing_is_changed_in_the_tool(subject: Subject) -> Iterator[str]:
    """Only methods that can read are used."""
    used = {asked.method for asked in subject.healthy.asked}
    yield from (f"it sends {method} requests" for method in sorted(used - _READING_METHODS))


def no_secret_leaves(subject: Subject) -> list[str]:
    """The token stands in headers only: in no address, no page, nothing stored."""
    return problems_of_secrets(subject, subject.healthy)


def scopes_are_named_before_they_are_asked(subject: Subject) -> Iterator[str]:
    """``context.asked`` comes before a scope's first request, and for every scope that is read."""
    watch, early = Watch(), set[str]()

    def answer(asked: Asked) -> Answer:
        for scope, text in subject.tool.scopes.items():
            if text in asked.text and scope not in watch.asked:
                early.add(f"{scope} is asked for before it is named: {asked.method} {asked.target}")
        return subject.tool.answer(asked)

    reading = subject.read(answer, watch=watch)
    yield from sorted(early)
    for result in reading.results:
        missing = sorted(set(subject.tool.scopes) - set(result.outcome.requested))
        if missing:
            yield f"{result.record_type} does not say that it asked for {', '.join(missing)}"


def people_stand_in_fields_for_people_only(subject: Subject) -> Iterator[str]:
    """Where people are pseudonyms, no name of one is stored, in no field and no payload."""
    stored = repr(subject.read(None, Asking({"people": "pseudonym"})).sink.collections)
    yield from (
        f"the name {name!r} would be stored" for name in subject.tool.people if is_named(name, stored)
    )


def is_named(name: str, text: str) -> bool:
    """Whether a name stands in a text by itself: a pseudonym may have its letters by chance."""
    return re.search(rf"(?<![0-9A-Za-z]){re.escape(name)}(?![0-9A-Za-z])", text) is not None


def an_empty_source_is_complete_and_empty(subject: Subject) -> Iterator[str]:
    """Asked and nothing there is a fact, and neither a fault nor a guess."""
    reading = subject.read(subject.tool.empty, Asking())
    for result in reading.results:
        if not result.outcome.complete:
            yield f"{result.record_type} of an empty source is incomplete: {result.outcome.error}"
        if result.records:
            yield f"{result.record_type} of an empty source has {result.records} records"


def _observations(reading: Reading) -> Iterator[tuple[str, Observation]]:
    for kind, pages in reading.pages.items():
        for page in pages:
            yield from ((kind, one) for one in page.observations)
