"""Checks that no answer leads a collector elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from itomm.collectors.conformance.exchange import Answer
from itomm.collectors.conformance.forgery import FORMS, misleading, redirecting
from itomm.collectors.conformance.misbehaving_server import MisbehavingServer
from itomm.collectors.conformance.trial import Subject

_TRIED = ("another port", "the host as a user name", "no scheme")


def redirects_elsewhere_are_not_followed(subject: Subject) -> Iterator[str]:
    """However the address of another host is written, nothing is sent there, least of all the token."""
    for form in FORMS:
        with MisbehavingServer(Answer()) as elsewhere:
            subject.read(redirecting(form, elsewhere.port))
        if elsewhere.connections:
            yield f"it followed a redirect elsewhere ({form})"


def addresses_in_answers_are_not_asked(subject: Subject) -> Iterator[str]:
    """Links to next pages, base URLs and the like are never followed off the source's host."""
    for form in _TRIED:
        with MisbehavingServer(Answer()) as elsewhere:
            subject.read(misleading(subject.tool.answer, form, elsewhere.port))
        if elsewhere.connections:
            yield f"it asked an address that stood in an answer ({form})"
