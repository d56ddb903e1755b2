"""The Alertmanager collector."""

from __future__ import annotations

from collections.abc import Iterator

from itomm.collectors.alertmanager.api import AlertmanagerApi
from itomm.collectors.alertmanager.routes import notification_routes, route_pages
from itomm.collectors.alertmanager.settings import AlertmanagerSettings
from itomm.collectors.alertmanager.silences import silence_pages
from itomm.collectors.contract import (
    Check,
    CheckState,
    CollectionContext,
    Collector,
    CollectorSettings,
    Stream,
)
from itomm.evidence.observation import Page

_NEEDS = "read access to the HTTP API (/api/v2)"
_PAGES = {"silence": silence_pages, "notification_route": route_pages}


class AlertmanagerCollector(Collector):
    """Reads Alertmanager."""

    name = "alertmanager"
    title = "Alertmanager"
    settings_model = AlertmanagerSettings
    streams = (
        Stream("silence", needs=_NEEDS),
        Stream("notification_route", needs=_NEEDS, cannot_tell=("escalation_levels",)),
    )

    def __init__(self, settings: CollectorSettings) -> None:
        if not isinstance(settings, AlertmanagerSettings):
            raise TypeError("the Alertmanager collector needs AlertmanagerSettings")
        self._settings = settings

    def check(self, context: CollectionContext) -> list[Check]:
        """Whether it answers, and whether its configuration can be read."""
        api = AlertmanagerApi(self._settings, context)
        routes = list(notification_routes(api.configuration(), self._settings))
        silences = len(api.silences())
        return [
            Check(f"{self._settings.url} answers", CheckState.OK, f"it remembers {silences} silences"),
            Check("its configuration can be read", CheckState.OK, f"{len(routes)} routes"),
        ]

    def collect(
        self,
        stream: Stream,
        cursor: str | None,  # noqa: ARG002  both streams are small and read whole
        context: CollectionContext,
    ) -> Iterator[Page]:
        """The pages of one stream."""
        api = AlertmanagerApi(self._settings, context)
        yield from _PAGES[stream.record_type](api, self._settings, context)
