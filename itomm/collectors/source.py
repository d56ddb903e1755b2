"""A configured source: a collector with its settings."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

from itomm.collectors.contract import Collector, CollectorSettings, NetworkedSettings, Stream
from itomm.collectors.discovery import UnknownRecordTypeError, load_collector
from itomm.collectors.framework.limits import Limits
from itomm.config.errors import UsageError
from itomm.config.secrets import SCHEMES, resolve_secret

_SHORTEST_SECRET = 6
NO_NETWORK = "none://this-collector-uses-no-network"


@dataclass(frozen=True)
class Source:
    """A collector under the name that the configuration gives it (``jira-prod``)."""

    name: str
    collector: type[Collector]
    settings: CollectorSettings

    @property
    def address(self) -> str:
        """Where the source is, for messages: its URL, or its name when it has none."""
        return self.settings.url if isinstance(self.settings, NetworkedSettings) else self.name

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams that the settings keep this source to; all of its collector's by default."""
        chosen = self.settings.record_types
        offered = self.collector.streams_of(self.settings)
        return tuple(one for one in offered if chosen is None or one.record_type in chosen)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets that the settings refer to, in the forms in which an answer may repeat them.

        Those that are not there, and those too short to be told from other text, are left out.
        """
        found: set[str] = set()
        user = getattr(self.settings, "user", None) or ""
        for value in _texts_in(self.settings.model_dump()):
            if value.startswith(SCHEMES):
                with suppress(UsageError):
                    secret = resolve_secret(value).reveal()
                    found |= {secret, quote(secret, safe=""), b64encode(f"{user}:{secret}".encode()).decode()}
        return tuple(sorted(one for one in found if len(one) >= _SHORTEST_SECRET))

    @property
    def limits(self) -> Limits:
        """What one run over this source may take; a source without a URL may send no request at all."""
        settings = self.settings
        if not isinstance(settings, NetworkedSettings):
            return Limits(origin=NO_NETWORK, max_requests=0, max_concurrency=1)
        return Limits(
            origin=settings.url,
            timeout_seconds=settings.timeout_seconds,
            deadline_seconds=settings.deadline_minutes * 60,
            max_requests=settings.max_requests,
            max_concurrency=settings.max_concurrency,
            verify=settings.verify,
            queries_by_post=self.collector.queries_by_post,
        )


def _texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for part in value.values() for text in _texts_in(part))
    elif isinstance(value, list | tuple):
        yield from (text for part in value for text in _texts_in(part))


def build_source(name: str, configured: Mapping[str, object]) -> Source:
    """The source that a plain mapping such as ``{collector: prometheus, url: …}`` describes.

    Raises:
        UnknownCollectorError: no such collector is installed.
        UnknownRecordTypeError: it does not deliver a record type that ``record_types`` names.
        InvalidCollectorError: the plug-in's declaration is wrong.
        pydantic.ValidationError: the settings do not fit; locations are keys of ``configured``.
    """
    collector = load_collector(str(configured.get("collector", "")))
    settings = {key: value for key, value in configured.items() if key != "collector"}
    checked = collector.settings_model.model_validate(settings)
    _check_record_types(collector, checked)
    return Source(name, collector, checked)


def _check_record_types(collector: type[Collector], settings: CollectorSettings) -> None:
    delivered = sorted(stream.record_type for stream in collector.streams_of(settings))
    for wanted in settings.record_types or ():
        if wanted not in delivered:
            raise UnknownRecordTypeError(
                f"The collector '{collector.name}' delivers no '{wanted}' records. "
                f"It delivers: {', '.join(delivered)}."
            )
