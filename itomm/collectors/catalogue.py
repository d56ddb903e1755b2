"""The service catalogue of the configuration, as evidence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path

from itomm.collectors.contract import (
    Check,
    CheckState,
    CollectionContext,
    Collector,
    CollectorSettings,
    SourceError,
    Stream,
)
from itomm.collectors.source import Source
from itomm.config.settings import CATALOGUE_SOURCE, Service
from itomm.evidence.observation import Observation, Page, RequestMade


class CatalogueSettings(CollectorSettings):
    """The services of the configuration, and the file they stand in."""

    file: Path
    services: tuple[Service, ...]


class CatalogueCollector(Collector):
    """Turns configured services into ``service`` records. It opens nothing: the configuration is read."""

    name = "catalogue"
    title = "Service catalogue of the configuration"
    settings_model = CatalogueSettings
    streams = (Stream("service"),)

    def __init__(self, settings: CollectorSettings) -> None:
        if not isinstance(settings, CatalogueSettings):
            raise TypeError("the catalogue collector needs CatalogueSettings")
        self._settings = settings

    def check(self, context: CollectionContext) -> list[Check]:  # noqa: ARG002  it asks nothing of anyone
        """Whether there are services at all."""
        count = len(self._settings.services)
        state = CheckState.OK if count else CheckState.WARNING
        remedy = "" if count else f"List them under 'services' in {self._settings.file}."
        return [Check("services in scope", state, f"{count} services are configured", remedy)]

    def collect(
        self,
        stream: Stream,
        cursor: str | None,  # noqa: ARG002  the whole catalogue is read every time
        context: CollectionContext,  # noqa: ARG002  it asks nothing of anyone
    ) -> Iterator[Page]:
        """One page with all services."""
        if stream.record_type != "service":
            raise SourceError(f"The catalogue has no {stream.record_type} records.")
        address = self._settings.file.resolve().as_uri()
        observations = tuple(_observation(service, address) for service in self._settings.services)
        yield Page(observations, RequestMade("RUN", f"read services from {address}"))


def catalogue_source(file: Path, services: tuple[Service, ...]) -> Source:
    """The source that every run reads besides the configured ones."""
    settings = CatalogueSettings(file=file, services=services)
    return Source(CATALOGUE_SOURCE, CatalogueCollector, settings)


def _observation(service: Service, address: str) -> Observation:
    reviewed = service.last_reviewed_at
    return Observation(
        source_ref=service.id,
        fields={
            "name": service.title,
            "tier": service.tier,
            "lifecycle": service.lifecycle,
            "owner_team": service.owner_team,
            "owner_contact": service.owner_contact,
            "business_owner": service.business_owner,
            "stateful": service.stateful,
            "internet_facing": service.internet_facing,
            "repo_ids": _repositories(service),
            "catalogue_source": "catalog_file",
            "last_reviewed_at": datetime.combine(reviewed, time(), UTC) if reviewed else None,
            "depends_on": list(service.depends_on),
        },
        raw=service.model_dump(mode="json", exclude_unset=True),
        url=address,
        service_keys=(service.id,),
    )


def _repositories(service: Service) -> list[str] | None:
    """Names that look like repository paths (group/project), under whichever source they stand."""
    names = (name for source in sorted(service.keys) for name in service.keys[source])
    return list(dict.fromkeys(name for name in names if "/" in name)) or None
