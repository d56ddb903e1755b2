"""The Icinga 2 collector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from itomm.collectors.contract import (
    Check,
    CheckState,
    CollectionContext,
    Collector,
    CollectorSettings,
    Stream,
)
from itomm.collectors.icinga.api import IcingaApi
from itomm.collectors.icinga.downtimes import downtime_pages
from itomm.collectors.icinga.notifications import route_pages
from itomm.collectors.icinga.rules import rule_pages
from itomm.collectors.icinga.settings import IcingaSettings
from itomm.collectors.icinga.targets import target_pages
from itomm.evidence.observation import Page

Read = Callable[[IcingaApi, IcingaSettings, CollectionContext], Iterator[Page]]


@dataclass(frozen=True)
class _Reading:
    """How a stream is read, and which types of objects the account must be allowed to see for it."""

    pages: Read
    object_types: tuple[str, ...]
    cannot_tell: tuple[str, ...] = ()


_READINGS = {
    "scrape_target": _Reading(target_pages, ("Host", "Service")),
    "alert_rule": _Reading(rule_pages, ("Host", "Service", "Notification"), ("in_git",)),
    "notification_route": _Reading(route_pages, ("Host", "Service", "Notification", "User")),
    "silence": _Reading(downtime_pages, ("Host", "Service", "Downtime")),
}


class IcingaCollector(Collector):
    """Reads the API of Icinga 2."""

    name: ClassVar[str] = "icinga"
    title: ClassVar[str] = "Icinga 2"
    settings_model: ClassVar[type[CollectorSettings]] = IcingaSettings
    streams: ClassVar[tuple[Stream, ...]] = tuple(
        Stream(
            record_type,
            needs=", ".join(f"objects/query/{one}" for one in reading.object_types),
            cannot_tell=reading.cannot_tell,
        )
        for record_type, reading in _READINGS.items()
    )

    def __init__(self, settings: CollectorSettings) -> None:
        if not isinstance(settings, IcingaSettings):
            raise TypeError("the Icinga collector needs IcingaSettings")
        self._settings = settings

    def check(self, context: CollectionContext) -> list[Check]:
        """Sign in, then see for each type of object whether the account may list it, and all of it."""
        api = IcingaApi(self._settings, context)
        checks = [Check("Signed in", CheckState.OK, f"Icinga {api.version} as {self._settings.user}")]
        needed = {one: None for reading in _READINGS.values() for one in reading.object_types}
        return checks + [_permission_check(api, object_type) for object_type in needed]

    def collect(
        self,
        stream: Stream,
        cursor: str | None,  # noqa: ARG002  Icinga has no history, so every stream is read whole
        context: CollectionContext,
    ) -> Iterator[Page]:
        """The page of one stream."""
        yield from _READINGS[stream.record_type].pages(
            IcingaApi(self._settings, context), self._settings, context
        )


def _permission_check(api: IcingaApi, object_type: str) -> Check:
    right = f"objects/query/{object_type}"
    if not api.may_read(object_type):
        return Check(
            f"{object_type} objects",
            CheckState.FAILED,
            f"The ApiUser lacks the permission {right}.",
            f"Add {right} to its permissions.",
        )
    if api.sees_a_part(object_type):
        return Check(
            f"{object_type} objects",
            CheckState.WARNING,
            f"The permission {right} has a filter, so the stream stays incomplete.",
            "Grant it without a filter.",
        )
    return Check(f"{object_type} objects", CheckState.OK, "can be listed")
