"""Judges what came of a fault: never wrong, never silent about what is missing, never beyond its limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from itomm.collectors.conformance.faults import Fault, Must, Where
from itomm.collectors.conformance.meeting import refused_scope
from itomm.collectors.conformance.trial import Reading, Subject
from itomm.collectors.contract import NetworkedSettings
from itomm.collectors.framework.runner import StreamResult
from itomm.evidence.observation import UnknownReason

_ROUNDING = 1.0


def problems_after(subject: Subject, fault: Fault, reading: Reading) -> list[str]:
    """Everything that is wrong with a reading during which ``fault`` held."""
    found = [problem for result in reading.results for problem in _of_stream(subject, fault, reading, result)]
    if fault.where is Where.SCOPE:
        found += _problems_of_scopes(subject, reading)
    found += problems_of_limits(subject, fault, reading)
    found += problems_of_secrets(subject, reading)
    if fault.must is Must.LACK and all(result.outcome.complete for result in reading.results):
        found.append("every stream calls itself complete")
    return found


def _problems_of_scopes(subject: Subject, reading: Reading) -> Iterator[str]:
    """Whether the refused scope is named, it alone, and the others were read."""
    scope = refused_scope(subject)
    for result in reading.results:
        denied = result.outcome.denied
        if denied not in {(), (scope,)}:
            yield f"{result.record_type} names {', '.join(denied)} as denied, and not only {scope}"
    if not any(result.outcome.denied for result in reading.results):
        yield f"no stream names {scope} as denied"
    if not any(result.records for result in reading.results):
        yield "with one scope refused, no other was read"


def problems_of_limits(subject: Subject, fault: Fault, reading: Reading) -> list[str]:
    """Whether the deadline and the request budget were kept."""
    settings = subject.source(reading.base, fault.settings).settings
    if not isinstance(settings, NetworkedSettings):
        return []
    found = []
    if reading.seconds > settings.deadline_minutes * 60 + _last_looks(fault, reading):
        found.append(f"it took {reading.seconds:.0f} s, beyond its deadline")
    if len(reading.asked) > settings.max_requests:
        found.append(f"it sent {len(reading.asked)} requests, beyond its budget")
    return found


def _last_looks(fault: Fault, reading: Reading) -> float:
    """Each stream looks at the clock once or twice more before it gives up."""
    return fault.seconds_per_reading * 3 * (len(reading.results) + 1) + _ROUNDING


def problems_of_secrets(subject: Subject, reading: Reading) -> list[str]:
    """Whether the token stands anywhere but in the requests."""
    token = subject.tool.token
    found = []
    if any(token in repr(page) for pages in reading.pages.values() for page in pages):
        found.append("the token stands in what it hands over")
    if token in repr(reading.sink.collections):
        found.append("the token stands in what would be stored")
    if any(token in asked.target for asked in reading.asked):
        found.append("the token stands in the address of a request, where servers and proxies log it")
    return found


def _of_stream(subject: Subject, fault: Fault, reading: Reading, result: StreamResult) -> Iterator[str]:
    outcome, kind = result.outcome, result.record_type
    healthy = subject.healthy
    expected, found = healthy.records(kind), reading.records(kind)
    if outcome.complete:
        yield from (f"{kind} calls itself complete, but {fault}" for fault in _differences(expected, found))
        return
    if fault.must is Must.SURVIVE:
        yield f"{kind} is incomplete: {outcome.error}"
    if outcome.reason not in fault.reasons | _own_reasons(healthy, kind):
        yield f"{kind} gives '{outcome.reason}' as its reason ({outcome.error})"
    if not outcome.error:
        yield f"{kind} does not say why it is incomplete"
    if "Traceback" in outcome.error:
        yield f"{kind} shows a traceback"
    yield from (f"{kind} is incomplete, and {wrong}" for wrong in _wrong(expected, found))


def _own_reasons(healthy: Reading, kind: str) -> frozenset[UnknownReason]:
    """Why a stream is incomplete even on a good day, such as a retention that is too short."""
    reason = healthy.result(kind).outcome.reason
    return frozenset() if reason is None else frozenset({reason})


def _differences(
    expected: Mapping[str, Mapping[str, object]], found: Mapping[str, Mapping[str, object]]
) -> Iterator[str]:
    missing = sorted(set(expected) - set(found))
    if missing:
        yield f"{len(missing)} records are missing, such as {missing[0]}"
    yield from _wrong(expected, found, null_is_right=False)


def _wrong(
    expected: Mapping[str, Mapping[str, object]],
    found: Mapping[str, Mapping[str, object]],
    *,
    null_is_right: bool = True,
) -> Iterator[str]:
    """Records that are not there on a good day, or differ; where something is missing, null is no lie."""
    for name in sorted(found):
        if name not in expected:
            yield f"the record {name} is none on a good day"
            return
        for field, value in found[name].items():
            right = expected[name].get(field, repr(None))
            if value != right and not (null_is_right and value == repr(None)):
                yield f"{field} of {name} is {value} instead of {right}"
                return
