"""What a run asks, as a digest: only a run that asks the same goes on from where another one stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import timedelta

from itomm import __version__
from itomm.collectors.source import Source
from itomm.config.settings import Service

_HOW_NOT_WHAT = frozenset(
    {"timeout_seconds", "deadline_minutes", "max_requests", "max_concurrency", "verify", "record_types"}
)
"""Settings that bound a run, and that choose among streams, change nothing in what one stream brings."""


def asked_of_stream(source: Source, record_type: str, services: Iterable[Service], history: timedelta) -> str:
    """SHA-256 over all that decides what one stream of one source brings; secrets are no part of it.

    The version of itomm is in it, since a newer one may read more from the same answers.
    """
    settings = source.settings.model_dump(mode="json", exclude=set(_HOW_NOT_WHAT))
    return _digest(
        [
            __version__,
            source.name,
            source.collector.name,
            record_type,
            settings,
            [[service.id, list(service.keys.get(source.name, ()))] for service in services],
            history.total_seconds(),
        ]
    )


def asked_of_run(
    sources: Sequence[Source], services: Sequence[Service], history: timedelta, *, full: bool
) -> str:
    """SHA-256 over what a whole run asks of all its sources."""
    streams = [
        [source.name, stream.record_type, asked_of_stream(source, stream.record_type, services, history)]
        for source in sources
        for stream in source.streams
    ]
    return _digest([streams, full])


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
