"""The service catalogue, of the configuration and of what it imports, as evidence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path
from typing import ClassVar

from itomm.collectors.contract import (
    Check,
    CheckState,
    CollectionContext,
    Collector,
    CollectorSettings,
    SourceError,
    Stream,
)
from itomm.collectors.scope_import import Scope
from itomm.collectors.source import Source
from itomm.config.settings import CATALOGUE_SOURCE, Service
from itomm.evidence.observation import Observation, Page, RequestMade, UnknownReason


class CatalogueSettings(CollectorSettings):
    """The services of the configuration, and the file they stand in."""

    file: Path
    services: tuple[Service, ...]


class CatalogueCollector(Collector):
    """Turns the services in scope into ``service`` records. It opens nothing: catalogues were read before."""

    name = "catalogue"
    title = "Service catalogue of the configuration"
    settings_model = CatalogueSettings
    streams = (Stream("service"),)
    scope: ClassVar[Scope] = Scope(())

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
        context: CollectionContext,
    ) -> Iterator[Page]:
        """One page with the services of the configuration, then those of other catalogues as they were read.

        A catalogue that could not be read whole makes the stream incomplete: then the services of the last
        whole reading stay in scope.
        """
        if stream.record_type != "service":
            raise SourceError(f"The catalogue has no {stream.record_type} records.")
        address = self._settings.file.resolve().as_uri()
        imported = {one.source_ref for page in self.scope.pages for one in page.observations}
        own = [service for service in self._settings.services if service.id not in imported]
        observations = tuple(_observation(service, address) for service in own)
        yield Page(observations, RequestMade("RUN", f"read services from {address}"))
        yield from self.scope.pages
        for catalogue, outcome in self.scope.outcomes.items():
            if not outcome.complete:
                reason = outcome.reason or UnknownReason.COLLECTION_FAILED
                context.incomplete(reason, f"{catalogue}: {outcome.error}")
            for warning in outcome.warnings:
                context.warn(f"{catalogue}: {warning}")
        for conflict in self.scope.conflicts:
            context.warn(conflict)


def catalogue_source(file: Path, services: tuple[Service, ...]) -> Source:
    """The source that every run reads besides the configured ones."""
    return scope_source(file, Scope(services))


def scope_source(file: Path, in_scope: Scope) -> Source:
    """The same source, with what was read of other catalogues."""

    class OfScope(CatalogueCollector):
        scope = in_scope

    settings = CatalogueSettings(file=file, services=in_scope.services)
    return Source(CATALOGUE_SOURCE, OfScope, settings)


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
            "group": service.group,
            "keys": {source: list(names) for source, names in sorted(service.keys.items())},
        },
        raw=service.model_dump(mode="json", exclude_unset=True),
        url=address,
        service_keys=(service.id,),
    )


def _repositories(service: Service) -> list[str] | None:
    """Names that look like repository paths (group/project), under whichever source they stand."""
    names = (name for source in sorted(service.keys) for name in service.keys[source])
    return list(dict.fromkeys(name for name in names if "/" in name)) or None
