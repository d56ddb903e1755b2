"""Settings of services that are read from Backstage, from its API or from its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from itomm.collectors.contract import CollectorSettings, NetworkedSettings
from itomm.collectors.service_catalogues.backstage_entity import Reading


class _EntitySettings(CollectorSettings):
    """How entities are read.

    ``types`` are the types of components that are services (all by default); ``tier_label`` is the label or
    annotation that holds a tier from 1 to 4; ``annotations`` name the collector of the tool in which an
    annotation names the service; ``unknown_lifecycle`` is what a lifecycle counts as that is none of
    Backstage's own.
    """

    types: tuple[str, ...] = ()
    tier_label: str = "tier"
    annotations: Mapping[str, str] = Field(default_factory=dict)
    unknown_lifecycle: Literal["production", "preproduction", "retired"] = "production"

    @property
    def reading(self) -> Reading:
        """How entities are read."""
        return Reading(self.types, self.tier_label, self.annotations, self.unknown_lifecycle)


class BackstageSettings(_EntitySettings, NetworkedSettings):
    """Where Backstage's backend answers (``/api/catalog`` is added), and how its entities are read."""


class BackstageFilesSettings(_EntitySettings):
    """A file or a folder with descriptors, and how they are read.

    Attributes:
        path: a descriptor, or a folder with descriptors.
        pattern: which files of the folder are descriptors.
    """

    path: Path
    pattern: str = "**/catalog-info.y*ml"
