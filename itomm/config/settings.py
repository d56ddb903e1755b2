"""``itomm.yaml``: what is assessed, from which sources, by which rules."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from itomm.config.errors import InvalidInputError, Problem
from itomm.config.planning_settings import GateSettings, RoadmapSettings
from itomm.config.quantities import Dimension, parse_quantity
from itomm.config.scope_settings import ScopeSettings
from itomm.config.secrets import DatabaseReference, Secret, SecretReference, resolve_database
from itomm.config.structure import QuantityText, StrictModel, checked, nearest
from itomm.config.tracker_settings import TrackerSettings
from itomm.config.yaml_source import Document, read_document

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
Weight = Annotated[Decimal, Field(gt=0, le=1000)]

CATALOGUE_SOURCE = "catalogue"
"""The source that turns the services of the configuration into evidence; always present."""


class Organisation(StrictModel):
    """The whole that is assessed."""

    id: Identifier
    name: str


class Group(StrictModel):
    """A part of the organisation that owns services."""

    id: Identifier
    name: str


class Service(StrictModel):
    """One service in scope, and the names by which each source knows it."""

    id: Identifier
    name: str | None = None
    group: Identifier | None = None
    weight: Weight = Decimal(1)
    tier: Literal[1, 2, 3, 4] | None = None
    lifecycle: Literal["production", "preproduction", "retired"] = "production"
    owner_team: str | None = None
    owner_contact: str | None = None
    business_owner: str | None = None
    stateful: bool | None = None
    internet_facing: bool | None = None
    depends_on: tuple[Identifier, ...] = ()
    last_reviewed_at: date | None = None
    keys: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @property
    def title(self) -> str:
        """The name people read."""
        return self.name or self.id

    @property
    def exact_weight(self) -> Fraction:
        """The weight as an exact fraction."""
        return Fraction(self.weight)


OverrideKind = Literal["evidence_wrong", "compensating_control", "accepted_risk", "not_applicable", "context"]


class RuleSettings(StrictModel):
    """Which questionnaire and rules apply: shipped packs by name, and files or folders of one's own.

    ``parameters`` are values for the parameters that rules declare, by rule and name.
    """

    packs: tuple[str, ...] = ("itomm",)
    paths: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    parameters: dict[str, dict[str, QuantityText]] = Field(default_factory=dict)


class ScoringSettings(StrictModel):
    """How answers become levels."""

    profile: Literal["itomm", "iso33020", "strict"] = "itomm"
    minimum_known_share: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.6")


class StoreSettings(StrictModel):
    """Where evidence and decisions are kept: a folder, and for a team the PostgreSQL database beside it."""

    path: str = ".itomm"
    database: DatabaseReference | None = None


class SigningSettings(StrictModel):
    """Where the private signing key is, when it is not kept in the store, and what unlocks it."""

    key: SecretReference | None = None
    passphrase: SecretReference | None = None


class RetentionRule(StrictModel):
    """What content is let go when it is older than ``keep_days``; its hash and the reason stay for ever.

    ``raw``: payloads as the sources sent them. ``superseded``: segments whose records something newer says
    again. ``records``: all segments.
    """

    name: Identifier
    content: Literal["raw", "records", "superseded"]
    keep_days: Annotated[int, Field(ge=0, le=36600)]
    record_types: tuple[str, ...] = ()


class HealthSettings(StrictModel):
    """From where on ``itomm doctor`` warns of stored evidence. The defaults are our own judgement."""

    shrinking_share: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.2")
    shrinking_records: Annotated[int, Field(ge=1)] = 5
    clock_skew_seconds: Annotated[int, Field(ge=1)] = 60
    failures_in_a_row: Annotated[int, Field(ge=1)] = 3
    assessment_days: Annotated[int, Field(ge=1)] = 90


class ApproverSettings(StrictModel):
    """People who may approve overrides, of some parts of the questionnaire and some kinds; of all by default.

    ``parts`` are ids of areas, practices and criteria.
    """

    people: Annotated[tuple[str, ...], Field(min_length=1)]
    parts: tuple[str, ...] = ()
    kinds: tuple[OverrideKind, ...] = ()


def _as_share(value: object) -> object:
    """A share in percent as a part of one; what is written otherwise is left to be checked."""
    if not isinstance(value, str):
        return value
    quantity = parse_quantity(" ".join(value.split()))
    if quantity.dimension not in {Dimension.SHARE, Dimension.NUMBER}:
        raise ValueError("write a share, such as 30 % or 0.3")
    return Decimal(quantity.value.numerator) / Decimal(quantity.value.denominator)


Share = Annotated[
    Decimal,
    Field(ge=0, le=1),
    BeforeValidator(_as_share),
    WithJsonSchema({"type": ["string", "number"]}),
]


class OverrideSettings(StrictModel):
    """Who may decide what about overrides, and how much may rest on them.

    ``without_approval`` lists what counts without a second person; what raises a known answer always needs
    one. ``approvers`` may approve; anybody but the proposer when there are none. ``people`` are names that
    mean one person, by the name they are known by. ``most_on_overrides`` is the share of a level's points
    that may rest on overrides, ``most_on_people`` the one that may rest on these and stated answers.
    """

    longest_days: Annotated[int, Field(ge=1, le=180)] = 180
    without_approval: tuple[Literal["filling_unknown", "lowering"], ...] = ()
    approvers: tuple[ApproverSettings, ...] = ()
    people: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    most_on_overrides: Share | None = None
    most_on_people: Share | None = None


class Settings(StrictModel):
    """The whole configuration. ``sources`` are checked further by each collector's own settings."""

    organisation: Organisation
    history_days: Annotated[int, Field(ge=1, le=3660)] = 400
    full_reading_days: Annotated[int, Field(ge=0, le=366)] = 7
    processes: Annotated[int, Field(ge=1, le=64)] = 1
    sources: dict[Identifier, dict[str, Any]] = Field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    services: tuple[Service, ...] = ()
    scopes: ScopeSettings = ScopeSettings()
    rules: RuleSettings = RuleSettings()
    scoring: ScoringSettings = ScoringSettings()
    store: StoreSettings = StoreSettings()
    signing: SigningSettings = SigningSettings()
    retention: tuple[RetentionRule, ...] = ()
    overrides: OverrideSettings = OverrideSettings()
    health: HealthSettings = HealthSettings()
    roadmap: RoadmapSettings = RoadmapSettings()
    gate: GateSettings = GateSettings()
    trackers: dict[Identifier, TrackerSettings] = Field(default_factory=dict)


@dataclass(frozen=True)
class Configuration:
    """Settings with the file they came from; relative paths are relative to it.

    ``written`` are the settings as they stand in the file, where ``settings`` also have the services that
    were imported from other catalogues.
    """

    settings: Settings
    document: Document
    written: Settings | None = None

    @property
    def as_written(self) -> Settings:
        """The settings as they stand in the file."""
        return self.written or self.settings

    def with_scope(self, groups: Sequence[Group], services: Sequence[Service]) -> Configuration:
        """The same with these groups and services in scope."""
        update = {"groups": tuple(groups), "services": tuple(services)}
        return Configuration(self.as_written.model_copy(update=update), self.document, self.as_written)

    @property
    def folder(self) -> Path:
        """The folder of the configuration file."""
        return Path(self.document.file).resolve().parent

    @property
    def store_path(self) -> Path:
        """The store's folder."""
        return self.folder / self.settings.store.path

    @property
    def store_database(self) -> Secret | None:
        """The URL of a team store's database; None when the store is its folder alone; raises UsageError."""
        reference = self.settings.store.database
        return resolve_database(reference) if reference else None

    @property
    def scoring_digest(self) -> str:
        """SHA-256 over everything in the settings that scoring reads: scope, scoring, caps on overrides."""
        read = self.settings.model_dump_json(include={"organisation", "groups", "services", "scoring"})
        caps = {"most_on_overrides", "most_on_people"}
        capped = self.settings.overrides.model_dump_json(include=caps, exclude_none=True)
        return hashlib.sha256((read if capped == "{}" else read + capped).encode()).hexdigest()


def load_configuration(path: Path) -> Configuration:
    """Read ``itomm.yaml``.

    Raises:
        InvalidInputError: the file is missing, is not strict YAML, or does not hold together.
    """
    if not path.exists():
        raise InvalidInputError(
            [Problem(Document(None, str(path), "", {}).place(), "there is no such file", _HOW_TO_START)]
        )
    document = read_document(path)
    settings = checked(Settings, document)
    problems = list(_contradictions(settings, document))
    if problems:
        raise InvalidInputError(problems)
    return Configuration(settings, document)


_HOW_TO_START = "Run 'itomm init' to write one, or name another file with --config."


def _contradictions(settings: Settings, document: Document) -> Iterator[Problem]:
    yield from _repeated(settings, document)
    yield from _repeated_rules(settings, document)
    groups = {group.id for group in settings.groups}
    services = {service.id for service in settings.services}
    sources = {*settings.sources, CATALOGUE_SOURCE}
    if CATALOGUE_SOURCE in settings.sources:
        yield Problem(
            document.place(("sources", CATALOGUE_SOURCE)),
            f"the source name '{CATALOGUE_SOURCE}' is taken by the service catalogue itself",
        )
    for name, source in settings.sources.items():
        if not isinstance(source.get("collector"), str):
            yield Problem(document.place(("sources", name)), f"source '{name}' names no collector")
    for index, catalogue in enumerate(settings.scopes.imports):
        if not isinstance(catalogue.get("collector"), str):
            yield Problem(
                document.place(("scopes", "import", index)),
                "this catalogue names no collector",
                "Such as 'collector: backstage'.",
            )
    for index, service in enumerate(settings.services):
        here = ("services", index)
        if service.group is not None and service.group not in groups:
            yield Problem(
                document.place((*here, "group")),
                f"there is no group '{service.group}'",
                nearest(service.group, sorted(groups)),
            )
        for other in service.depends_on:
            if other not in services and not settings.scopes.imports:
                yield Problem(
                    document.place((*here, "depends_on")),
                    f"there is no service '{other}'",
                    nearest(other, sorted(services)),
                )
        for source_name in service.keys:
            if source_name not in sources:
                yield Problem(
                    document.place((*here, "keys", source_name)),
                    f"there is no source '{source_name}'",
                    nearest(source_name, sorted(sources)),
                )


FORGETTING = "forget"
"""The name under which forgetting a person is recorded; no retention rule may have it."""


def _repeated_rules(settings: Settings, document: Document) -> Iterator[Problem]:
    used = Counter([FORGETTING, *(rule.name for rule in settings.retention)])
    for index, rule in enumerate(settings.retention):
        if used[rule.name] > 1:
            yield Problem(
                document.place(("retention", index, "name")),
                f"the name '{rule.name}' is taken",
                "What was let go is recorded under its rule's name, so each rule needs its own.",
            )


def _repeated(settings: Settings, document: Document) -> Iterator[Problem]:
    kinds: tuple[tuple[str, tuple[Service | Group, ...]], ...] = (
        ("services", settings.services),
        ("groups", settings.groups),
    )
    used = Counter([settings.organisation.id, *(part.id for _, parts in kinds for part in parts)])
    for kind, parts in kinds:
        for index, part in enumerate(parts):
            if used[part.id] > 1:
                yield Problem(
                    document.place((kind, index, "id")),
                    f"the id '{part.id}' is used more than once",
                    "Organisation, groups and services need different ids.",
                )
