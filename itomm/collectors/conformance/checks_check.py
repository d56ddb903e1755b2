"""Checks of ``check()``, by which ``itomm doctor`` tells what is missing."""

from __future__ import annotations

from collections.abc import Iterator

from itomm.collectors.conformance.faults import FAULTS
from itomm.collectors.conformance.meeting import faulty, meeting_tool, refused_scope
from itomm.collectors.conformance.trial import Subject
from itomm.collectors.contract import CheckState

_TRIED = ("401", "403", "404", "a web page with 200", "503 for ever", "an empty object", "null")


def check_finds_a_healthy_source_healthy(subject: Subject) -> Iterator[str]:
    """On a good day nothing has failed, and something was tried."""
    checks, asked = subject.check()
    if not checks or not asked:
        yield "it tried nothing"
    for check in checks:
        if check.state is CheckState.FAILED:
            yield f"'{check.title}' failed on a good day: {check.detail}"


def check_tells_what_is_wrong_and_what_to_do(subject: Subject) -> Iterator[str]:
    """Whatever a source answers, what is wrong is told; for a refused token also the right to grant."""
    for name in _TRIED:
        checks, _ = subject.check(faulty(subject, FAULTS[name]))
        failed = [check for check in checks if check.state is CheckState.FAILED]
        if not failed:
            yield f"after {name}, no check has failed"
        for check in failed:
            if not check.detail:
                yield f"after {name}, '{check.title}' does not say what is wrong"
            if name in {"401", "403"} and not check.remedy:
                yield f"after {name}, '{check.title}' does not say what to do"
        shown = repr(checks)
        if subject.tool.token in shown or "Traceback" in shown:
            yield f"after {name}, a check shows the token or a traceback"


def check_names_the_scope_that_is_refused(subject: Subject) -> Iterator[str]:
    """Where one scope is refused, that one is named with the right to grant."""
    scope = refused_scope(subject)
    checks, _ = subject.check(meeting_tool(subject, FAULTS["403 on one scope"]))
    named = [check for check in checks if check.state is not CheckState.OK and scope in repr(check)]
    if not named:
        yield f"no check says that {scope} is refused"
    yield from (f"'{check.title}' does not say what to grant" for check in named if not check.remedy)
