"""Backstage's entities as services. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from itomm.collectors.payload import Payload, mapping_of, text_of
from itomm.collectors.service_catalogues.listed_service import ListedService, service_id, tier_in

LIFECYCLES: Mapping[str, str] = {
    "production": "production",
    "deprecated": "production",  # it still runs, and may fail, until it is retired
    "experimental": "preproduction",
    "development": "preproduction",
    "staging": "preproduction",
    "retired": "retired",
}

KEY_ANNOTATIONS: Mapping[str, str] = {
    "gitlab.com/project-slug": "gitlab",
    "github.com/project-slug": "github",
    "jira/project-key": "jira",
    "prometheus.io/service": "prometheus",
    "alertmanager/service": "alertmanager",
}
"""Annotations that name the service in a tool, and the collector of that tool. The last two are our own."""


@dataclass(frozen=True)
class Reading:
    """How entities are read.

    Attributes:
        types: the ``spec.type`` of components that are services; empty means all.
        tier_label: the label or annotation that holds the tier.
        annotations: further annotations that name the service in a tool, by collector.
        unknown_lifecycle: what a lifecycle that is none of Backstage's own counts as.
    """

    types: tuple[str, ...] = ()
    tier_label: str = "tier"
    annotations: Mapping[str, str] = field(default_factory=dict)
    unknown_lifecycle: str = "production"


def kind_of(entity: Payload) -> str:
    """Component, system, group, ...; in small letters, as Backstage compares them."""
    return str(entity.get("kind") or "").casefold()


def contacts(entities: Iterable[Payload]) -> dict[str, str]:
    """Mail addresses of groups by their reference."""
    found = {}
    for entity in entities:
        address = text_of(mapping_of(mapping_of(entity.get("spec")).get("profile")).get("email"))
        if kind_of(entity) == "group" and address:
            found[_own_reference(entity)] = address
    return found


def listed_service(
    entity: Payload, reading: Reading, owners: Mapping[str, str], url: str
) -> ListedService | None:
    """A component as a service; None for other kinds and types.

    Args:
        entity: the entity, as the catalogue or a file holds it.
        reading: how to read it.
        owners: mail addresses of groups, from :func:`contacts`.
        url: where it can be seen.
    """
    metadata, spec = mapping_of(entity.get("metadata")), mapping_of(entity.get("spec"))
    name = text_of(metadata.get("name"))
    if kind_of(entity) != "component" or name is None:
        return None
    if reading.types and str(spec.get("type")) not in reading.types:
        return None
    namespace = _namespace(metadata)
    named = service_id(None if namespace == "default" else namespace, name)
    if named is None:
        return None
    owner = text_of(spec.get("owner"))
    lifecycle = text_of(spec.get("lifecycle"))
    return ListedService(
        id=named,
        url=url,
        raw=_kept(entity),
        kind="catalog_file",
        name=text_of(metadata.get("title")) or name,
        tier=_tier(metadata, reading.tier_label),
        lifecycle=None
        if lifecycle is None
        else LIFECYCLES.get(lifecycle.casefold(), reading.unknown_lifecycle),
        owner_team=_name_in(owner, namespace),
        owner_contact=owners.get(_reference(owner, "group", namespace)) if owner else None,
        group=_name_in(text_of(spec.get("system")), namespace),
        depends_on=_dependencies(spec, namespace),
        keys=_keys(mapping_of(metadata.get("annotations")), reading.annotations),
    )


def _namespace(metadata: Payload) -> str:
    return (text_of(metadata.get("namespace")) or "default").casefold()


def _own_reference(entity: Payload) -> str:
    metadata = mapping_of(entity.get("metadata"))
    return f"{kind_of(entity)}:{_namespace(metadata)}/{str(metadata.get('name') or '').casefold()}"


def _reference(text: str, kind: str, namespace: str) -> str:
    """A reference such as ``team-a`` or ``group:default/team-a`` written out."""
    before, colon, rest = text.partition(":")
    stated_kind, rest = (before, rest) if colon else (kind, text)
    stated_namespace, slash, name = rest.partition("/")
    if not slash:
        stated_namespace, name = namespace, rest
    return f"{stated_kind}:{stated_namespace}/{name}".casefold()


def _name_in(text: str | None, namespace: str) -> str | None:
    """The name that a reference means, with its namespace where that is another than the default one."""
    if text is None:
        return None
    rest = text.partition(":")[2] or text
    stated, slash, name = rest.partition("/")
    if not slash:
        stated, name = namespace, rest
    return service_id(None if stated.casefold() == "default" else stated, name)


def _dependencies(spec: Payload, namespace: str) -> list[str] | None:
    listed = spec.get("dependsOn")
    if not isinstance(listed, list):
        return None
    components = [text for text in listed if str(text).casefold().startswith("component:")]
    return [name for text in components if (name := _name_in(str(text), namespace))]


def _tier(metadata: Payload, label: str) -> int | None:
    stated = mapping_of(metadata.get("labels")).get(label)
    return tier_in(mapping_of(metadata.get("annotations")).get(label) if stated is None else stated)


def _keys(annotations: Payload, further: Mapping[str, str]) -> dict[str, list[str]]:
    keys: dict[str, list[str]] = {}
    for annotation, collector in {**KEY_ANNOTATIONS, **further}.items():
        names = [name.strip() for name in str(annotations.get(annotation) or "").split(",")]
        if any(names):
            keys.setdefault(collector, []).extend(name for name in names if name)
    return keys


def _kept(entity: Payload) -> dict[str, object]:
    metadata = mapping_of(entity.get("metadata"))
    wanted = ("name", "namespace", "title", "labels", "annotations", "tags")
    return {
        "kind": entity.get("kind"),
        "metadata": {name: metadata[name] for name in wanted if name in metadata},
        "spec": {
            name: part
            for name, part in mapping_of(entity.get("spec")).items()
            if name in {"type", "lifecycle", "owner", "system", "domain", "dependsOn"}
        },
    }
