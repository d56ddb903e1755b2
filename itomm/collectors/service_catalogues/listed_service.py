"""A service as another catalogue lists it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from itomm.evidence.observation import Observation

_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST_ID = 63

CatalogueKind = Literal["cmdb", "catalog_file", "label"]


def service_id(*names: str | None) -> str | None:
    """Names joined to an id as itomm writes them; None when nothing of them can be one."""
    joined = ".".join(name for name in names if name)
    return _NOT_IN_AN_ID.sub("-", joined)[:_LONGEST_ID].strip("-_.") or None


@dataclass(frozen=True)
class ListedService:
    """What one catalogue says of one service; None where it says nothing.

    ``keys`` are the names by which sources know it, by the kind of collector (``github``, ``jira``).
    """

    id: str
    url: str
    raw: object
    kind: CatalogueKind
    name: str | None = None
    tier: int | None = None
    lifecycle: str | None = None
    owner_team: str | None = None
    owner_contact: str | None = None
    group: str | None = None
    depends_on: Sequence[str] | None = None
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def observation(self) -> Observation:
        """As a record of a service; one whose lifecycle nobody stated counts as in production."""
        repositories = [name for kind in ("github", "gitlab") for name in self.keys.get(kind, ())]
        return Observation(
            source_ref=self.id,
            fields={
                "name": self.name or self.id,
                "tier": self.tier,
                "lifecycle": self.lifecycle or "production",
                "owner_team": self.owner_team,
                "owner_contact": self.owner_contact,
                "business_owner": None,
                "stateful": None,
                "internet_facing": None,
                "repo_ids": repositories or None,
                "catalogue_source": self.kind,
                "last_reviewed_at": None,
                "depends_on": None if self.depends_on is None else list(self.depends_on),
                "group": self.group,
                "keys": {kind: list(names) for kind, names in sorted(self.keys.items())},
            },
            raw=self.raw,
            url=self.url,
            service_keys=(self.id,),
        )


def tier_in(text: object) -> int | None:
    """A tier from 1 to 4 in a label's text, such as ``1`` or ``tier-2``."""
    found = re.fullmatch(r"(?:tier[-_ ]?)?([1-4])", str(text).strip().casefold())
    return int(found.group(1)) if found else None
