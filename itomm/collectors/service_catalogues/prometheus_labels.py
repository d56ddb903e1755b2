"""Services that a label of Prometheus' series names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from itomm.collectors.contract import (
    Check,
    CheckState,
    CollectionContext,
    Collector,
    CollectorSettings,
    NetworkedSettings,
    SourceError,
    Stream,
)
from itomm.collectors.framework.credentials import sign_in
from itomm.collectors.payload import mapping_of
from itomm.collectors.service_catalogues.listed_service import ListedService, service_id
from itomm.evidence.observation import Page, UnknownReason

SEEN_WITHIN = timedelta(days=30)
"""Series this old still name a service, as the evidence of a service counts as fresh for so long."""


class PrometheusLabelsSettings(NetworkedSettings):
    """Where Prometheus answers, and the label whose values are services.

    Attributes:
        label: the label whose values are services.
    """

    label: Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")] = "service"


class PrometheusLabelsCollector(Collector):
    """The values of a label as services. Requests: 1."""

    name: ClassVar[str] = "prometheus_labels"
    title: ClassVar[str] = "Services named by a label in Prometheus"
    settings_model: ClassVar[type[CollectorSettings]] = PrometheusLabelsSettings
    streams: ClassVar[tuple[Stream, ...]] = (Stream("service", needs="read access to the HTTP API"),)

    def __init__(self, settings: CollectorSettings) -> None:
        if not isinstance(settings, PrometheusLabelsSettings):
            raise TypeError("the collector of Prometheus labels takes PrometheusLabelsSettings")
        self._settings = settings

    def check(self, context: CollectionContext) -> list[Check]:
        """How many values the label has."""
        values = self._values(context)
        state = CheckState.OK if values else CheckState.WARNING
        remedy = "" if values else "Name another label, or put it on the targets."
        return [Check(f"Label {self._settings.label}", state, f"{len(values)} values", remedy)]

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        """One page with all services."""
        del stream, cursor  # there is one stream, and it is always read whole
        found: dict[str, ListedService] = {}
        for value in self._values(context):
            named = service_id(value)
            if named is None or named in found:
                context.warn(f"the label's value '{value}' names no service of its own")
                continue
            found[named] = ListedService(
                id=named,
                url=f"{self._settings.url}/graph",
                raw={"label": self._settings.label, "value": value},
                kind="label",
                name=value,
                keys={"prometheus": [value], "alertmanager": [value]},
            )
        yield Page(tuple(one.observation() for one in found.values()), context.last_request)

    def _values(self, context: CollectionContext) -> list[str]:
        session = sign_in(context.session(), self._settings)
        query = {
            "start": f"{(context.until - SEEN_WITHIN).timestamp():.0f}",
            "end": f"{context.until.timestamp():.0f}",
        }
        address = f"{self._settings.url}/api/v1/label/{self._settings.label}/values"
        response = session.get(address, params=query)
        response.raise_for_status()
        answer = mapping_of(response.json())
        values = answer.get("data")
        if answer.get("status") != "success" or not isinstance(values, list | None):
            raise SourceError(f"{self._settings.url} answers, but not as Prometheus does.")
        if answer.get("warnings") or answer.get("isPartial") is True:
            context.incomplete(UnknownReason.INSUFFICIENT_COVERAGE, "Prometheus says its answer is partial")
        return sorted(str(value) for value in values or ())
