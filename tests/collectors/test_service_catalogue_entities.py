"""Backstage's entities, topics and labels as services, one rule of the mapping after the other."""

from __future__ import annotations

from typing import Any

import pytest

from itomm.collectors.service_catalogues.backstage_entity import Reading, contacts, listed_service
from itomm.collectors.service_catalogues.listed_service import ListedService, service_id, tier_in
from itomm.collectors.service_catalogues.topics import (
    GitHubTopicsSettings,
    TaggedRepository,
    services_of_topics,
)
from itomm.evidence.observation import RequestMade
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.columns import column_values

REQUEST = RequestMade("GET", "https://backstage.example/api/catalog/entities")


def component(name: str = "checkout", spec: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    return {"kind": "Component", "metadata": {"name": name, **metadata}, "spec": spec or {}}


def read(entity: dict[str, Any], reading: Reading | None = None, **owners: str) -> ListedService:
    found = listed_service(entity, reading or Reading(), owners, "https://backstage.example/x")
    assert found is not None
    assert column_values(record_types()["service"], found.observation().fields)
    return found


def test_a_component_is_a_service_with_all_that_it_says() -> None:
    entity = component(
        title="Checkout",
        labels={"tier": "1"},
        annotations={
            "github.com/project-slug": "acme/checkout",
            "gitlab.com/project-slug": "shop/checkout, shop/cart",
            "jira/project-key": "CO",
            "opsgenie.com/team": "pay",
        },
        spec={
            "lifecycle": "production",
            "owner": "group:default/team-pay",
            "system": "shop",
            "dependsOn": ["component:search", "resource:db", "Component:other/mail"],
        },
    )
    found = read(entity, Reading(annotations={"opsgenie.com/team": "opsgenie"}))
    assert (found.id, found.name, found.tier, found.group) == ("checkout", "Checkout", 1, "shop")
    assert (found.lifecycle, found.owner_team) == ("production", "team-pay")
    assert found.depends_on == ["search", "other.mail"]
    assert found.keys == {
        "gitlab": ["shop/checkout", "shop/cart"],
        "github": ["acme/checkout"],
        "jira": ["CO"],
        "opsgenie": ["pay"],
    }


@pytest.mark.parametrize(
    ("lifecycle", "meant"),
    [
        ("production", "production"),
        ("Experimental", "preproduction"),
        ("deprecated", "production"),
        ("retired", "retired"),
        ("of our own", "preproduction"),
        (None, None),
    ],
)
def test_every_lifecycle_is_read_and_an_unknown_one_as_the_settings_say(
    lifecycle: str | None, meant: str | None
) -> None:
    reading = Reading(unknown_lifecycle="preproduction")
    assert read(component(spec={"lifecycle": lifecycle}), reading).lifecycle == meant


def test_only_components_of_the_wanted_types_are_services() -> None:
    reading = Reading(types=("service",))
    assert listed_service(component(spec={"type": "library"}), reading, {}, "u") is None
    assert listed_service({**component(), "kind": "System"}, Reading(), {}, "u") is None
    assert read(component(spec={"type": "service"}), reading).id == "checkout"


def test_a_component_of_another_namespace_is_told_apart_by_it() -> None:
    found = read(component(namespace="Payments", spec={"owner": "team-a", "system": "shop"}))
    assert (found.id, found.owner_team, found.group) == (
        "payments.checkout",
        "payments.team-a",
        "payments.shop",
    )


def test_a_group_is_where_its_services_owner_can_be_reached() -> None:
    group = {
        "kind": "Group",
        "metadata": {"name": "Team-Pay"},
        "spec": {"profile": {"email": "pay@acme.test"}},
    }
    owners = contacts([group, {"kind": "Group", "metadata": {"name": "silent"}}])
    assert owners == {"group:default/team-pay": "pay@acme.test"}
    found = listed_service(component(spec={"owner": "team-pay"}), Reading(), owners, "u")
    assert found is not None
    assert found.owner_contact == "pay@acme.test"


@pytest.mark.parametrize(
    ("text", "tier"),
    [("1", 1), (2, 2), ("tier-3", 3), ("Tier 4", 4), ("5", None), ("gold", None), (None, None)],
)
def test_a_tier_is_a_number_from_one_to_four(text: object, tier: int | None) -> None:
    assert tier_in(text) == tier


def test_the_tier_may_stand_in_a_label_or_annotation_of_ones_own() -> None:
    reading = Reading(tier_label="acme.test/criticality")
    assert read(component(labels={"acme.test/criticality": 2}), reading).tier == 2
    assert read(component(annotations={"acme.test/criticality": "tier-3"}), reading).tier == 3


@pytest.mark.parametrize(
    ("names", "made"),
    [
        (("a b/c",), "a-b-c"),
        (("ns", "x"), "ns.x"),
        (("///",), None),
        (("x" * 80,), "x" * 63),
        ((None, "y"), "y"),
    ],
)
def test_a_name_becomes_an_id_as_the_configuration_writes_them(
    names: tuple[str | None, ...], made: str | None
) -> None:
    assert service_id(*names) == made


def tagged(path: str, *topics: str, archived: bool = False) -> TaggedRepository:
    return TaggedRepository(path, f"https://github.example/{path}", topics, archived, REQUEST)


def test_repositories_with_the_same_topic_are_one_service() -> None:
    said: list[str] = []
    found = services_of_topics(
        [
            tagged("acme/web", "service-checkout", "tier-1", "team-pay"),
            tagged("acme/api", "service-checkout", "tier-2"),
            tagged("acme/old", "service-old", archived=True),
            tagged("acme/docs", "python"),
        ],
        GitHubTopicsSettings.model_validate({"token": "env:T"}),
        "github",
        said.append,
    )
    (one,) = found
    assert (one.id, one.tier, one.owner_team) == ("checkout", 2, "pay")  # acme/api comes first
    assert one.keys == {"github": ["acme/api", "acme/web"]}
    assert one.observation().fields["repo_ids"] == ["acme/api", "acme/web"]
    assert said == ["the repositories of checkout name different tiers: 1, 2"]
