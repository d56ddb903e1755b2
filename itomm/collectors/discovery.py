"""Finds collector plug-ins by entry point and checks what they declare."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points

from itomm.collectors.contract import Collector, CollectorSettings, Stream
from itomm.config.errors import ExitCode, ItommError
from itomm.evidence.record_types import RecordType, record_types

GROUP = "itomm.collectors"


class UnknownCollectorError(ItommError):
    """No installed plug-in has this name."""

    exit_code = ExitCode.INVALID


class UnknownRecordTypeError(ItommError):
    """A source is kept to a record type that its collector does not deliver."""

    exit_code = ExitCode.INVALID


class InvalidCollectorError(ItommError):
    """A plug-in's declaration is wrong, or it cannot be imported; lists every fault."""

    exit_code = ExitCode.INVALID


def collector_names() -> list[str]:
    """The names of all installed collectors, sorted; imports none of them."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def load_collector(name: str) -> type[Collector]:
    """Import the collector called ``name``, and nothing of the others.

    Raises:
        UnknownCollectorError: no plug-in has this name; the message lists those that exist.
        InvalidCollectorError: the plug-in cannot be imported, or its declaration has faults.
    """
    found = [entry for entry in entry_points(group=GROUP) if entry.name == name]
    if not found:
        known = collector_names()
        close = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        raise UnknownCollectorError(
            f"There is no collector '{name}'.{hint} Installed are: {', '.join(known) or 'none'}."
        )
    if len({entry.value for entry in found}) > 1:
        packages = ", ".join(sorted(_package(entry) for entry in found))
        raise InvalidCollectorError(f"The collector name '{name}' is claimed by more than one: {packages}.")
    return _imported(found[0])


def declaration_faults(candidate: object) -> list[str]:
    """Everything wrong with a collector's declaration; empty when it is sound."""
    if not (inspect.isclass(candidate) and issubclass(candidate, Collector)):
        return ["it is not a subclass of itomm.collectors.contract.Collector"]
    faults = [
        f"its attribute '{attribute}' must be text that is not empty"
        for attribute in ("name", "title")
        if not (isinstance(getattr(candidate, attribute, None), str) and getattr(candidate, attribute))
    ]
    settings = getattr(candidate, "settings_model", None)
    if not (inspect.isclass(settings) and issubclass(settings, CollectorSettings)):
        faults.append("its attribute 'settings_model' must be a subclass of CollectorSettings")
    if inspect.isabstract(candidate):
        missing = ", ".join(sorted(candidate.__abstractmethods__))
        faults.append(f"it lacks the methods: {missing}")
    return faults + _stream_faults(getattr(candidate, "streams", None))


def _stream_faults(streams: object) -> list[str]:
    if not isinstance(streams, tuple) or not streams:
        return ["its attribute 'streams' must be a tuple with at least one Stream"]
    faults = []
    seen: set[str] = set()
    for stream in streams:
        if not isinstance(stream, Stream):
            faults.append(f"{stream!r} in 'streams' is not a Stream")
            continue
        kind = record_types().get(stream.record_type)
        if kind is None:
            faults.append(f"its stream '{stream.record_type}' is not a known record type")
        elif stream.cursor_field is not None and kind.is_state:
            faults.append(
                f"{stream.record_type} is state, which is always read whole; it has no cursor field"
            )
        if kind is not None:
            faults += _untold_faults(stream, kind)
        if stream.record_type in seen:
            faults.append(f"its stream '{stream.record_type}' is declared twice")
        seen.add(stream.record_type)
    return faults


def _untold_faults(stream: Stream, kind: RecordType) -> Iterator[str]:
    unknown = sorted(set(stream.cannot_tell) - kind.fields.keys())
    if unknown:
        yield f"{stream.record_type} has no field {', '.join(unknown)}, which the stream says it cannot tell"
    if kind.occurred in stream.cannot_tell:
        yield f"a {stream.record_type} without {kind.occurred} did not occur; the stream cannot but tell it"


def _imported(entry: EntryPoint) -> type[Collector]:
    try:
        candidate = entry.load()
    except (ImportError, AttributeError) as error:
        raise InvalidCollectorError(
            f"The collector '{entry.name}' of {_package(entry)} cannot be imported: {error}."
        ) from error
    faults = declaration_faults(candidate)
    if not faults and candidate.name != entry.name:
        faults = [f"it calls itself '{candidate.name}' but is registered as '{entry.name}'"]
    if faults:
        listed = "".join(f"\n  - {fault}" for fault in faults)
        raise InvalidCollectorError(f"The collector '{entry.name}' of {_package(entry)} is faulty:{listed}")
    loaded: type[Collector] = candidate
    return loaded


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value
