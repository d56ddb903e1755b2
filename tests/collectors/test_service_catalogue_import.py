"""Catalogues over HTTP and from files; several made one scope; what scoring makes of it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from itomm.collectors.conformance import Answer, Asked, MisbehavingServer, PretendTime, contract_faults
from itomm.collectors.contract import CheckState, Collector
from itomm.collectors.framework.checking import check_source
from itomm.collectors.scope_import import ReadCatalogue, one_scope, read_catalogue
from itomm.collectors.service_catalogues.backstage import PAGE_SIZE, BackstageCollector
from itomm.collectors.service_catalogues.prometheus_labels import PrometheusLabelsCollector
from itomm.collectors.service_catalogues.topics import GitHubTopicsCollector, GitLabTopicsCollector
from itomm.collectors.source import Source, build_source
from itomm.config.clock import parse_instant
from itomm.config.settings import Service, Settings, load_configuration
from itomm.evidence.observation import UnknownReason
from itomm.evidence.reading.snapshot import snapshot_of
from itomm.evidence.store import Store
from itomm.scoring.imported_scope import in_force
from itomm.scoring.scope_answers import in_scope
from tests.collectors import backstage_stand_in
from tests.collectors.github_stand_in import GitHubStandIn, StandInRepository
from tests.journeys.door import Door

BY_QUERY = "/api/catalog/entities/by-query"


def answering(payload: object) -> Answer:
    return Answer(200, json.dumps(payload).encode())


def component(name: str, **spec: Any) -> dict[str, Any]:
    return {"kind": "Component", "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def server() -> Iterator[MisbehavingServer]:
    with MisbehavingServer() as running:
        yield running


def read(source: Source) -> ReadCatalogue:
    time = PretendTime()
    return read_catalogue(source, time.clock(), timing=time.timing)


def listed(catalogue: ReadCatalogue) -> list[str]:
    return [one.source_ref for page in catalogue.pages for one in page.observations]


@pytest.mark.parametrize(
    ("collector", "settings"),
    [
        (BackstageCollector, {"token": "env:ITOMM_CONTRACT_TOKEN"}),
        (PrometheusLabelsCollector, {}),
        (GitHubTopicsCollector, {"token": "env:ITOMM_CONTRACT_TOKEN", "organisations": ["acme"]}),
        (GitLabTopicsCollector, {"token": "env:ITOMM_CONTRACT_TOKEN", "groups": ["acme"]}),
    ],
)
def test_every_catalogue_keeps_the_contract_under_every_fault(
    collector: type[Collector], settings: dict[str, object]
) -> None:
    assert contract_faults(collector, lambda url: {"url": url, **settings}) == []


def test_backstage_is_read_by_cursors_to_the_end(server: MisbehavingServer) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.query.get("filter") == "kind=group":
            return answering({"items": [], "pageInfo": {}})
        if asked.query.get("cursor") == "second":
            return answering({"items": [component("cart")], "pageInfo": {}})
        return answering({"items": [component("checkout")], "pageInfo": {"nextCursor": "second"}})

    server.tool = answer
    found = read(build_source("backstage", {"collector": "backstage", "url": server.url}))
    assert found.outcome.complete
    assert listed(found) == ["checkout", "cart"]
    assert {asked.path for asked in server.asked} == {BY_QUERY}
    assert found.pages[0].observations[0].url == f"{server.url}/catalog/default/component/checkout"


def test_a_cursor_that_comes_again_ends_the_reading_incomplete(server: MisbehavingServer) -> None:
    server.on(BY_QUERY, answering({"items": [], "pageInfo": {"nextCursor": "again"}}))
    found = read(build_source("backstage", {"collector": "backstage", "url": server.url}))
    assert not found.outcome.complete


def test_an_older_backstage_is_read_by_offset(server: MisbehavingServer) -> None:
    rows = [component(f"c{number}") for number in range(PAGE_SIZE + 1)]

    def answer(asked: Asked) -> Answer:
        if asked.path == BY_QUERY:
            return Answer(404, b"{}")
        begin = int(asked.query["offset"])
        found = rows if asked.query["filter"] == "kind=component" else []
        return answering(found[begin : begin + int(asked.query["limit"])])

    server.tool = answer
    found = read(build_source("backstage", {"collector": "backstage", "url": server.url}))
    assert found.outcome.complete
    assert len(listed(found)) == PAGE_SIZE + 1


def test_values_of_a_label_are_services(server: MisbehavingServer) -> None:
    values = answering({"status": "success", "data": ["checkout", "shop/cart", "/"]})
    server.on("/api/v1/label/app/values", values)
    settings = {"collector": "prometheus_labels", "url": server.url, "label": "app"}
    found = read(build_source("labels", settings))
    assert found.outcome.complete
    assert listed(found) == ["checkout", "shop-cart"]
    assert "names no service" in found.outcome.warnings[0]
    cart = found.pages[0].observations[1]
    assert cart.fields["keys"] == {"prometheus": ["shop/cart"], "alertmanager": ["shop/cart"]}


def test_a_partial_answer_of_prometheus_is_not_the_whole_catalogue(server: MisbehavingServer) -> None:
    answer = {"status": "success", "data": ["a"], "warnings": ["a store did not answer"]}
    server.on("/api/v1/label/service/values", answering(answer))
    found = read(build_source("labels", {"collector": "prometheus_labels", "url": server.url}))
    assert found.outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE


def test_topics_are_read_from_the_repositories_of_an_organisation(
    server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "sesame")
    server.tool = GitHubStandIn([StandInRepository("acme/one", {"topics": ["service-checkout"]})]).answer
    settings = {"url": server.url, "token": "env:GITHUB_TOKEN", "organisations": ["acme"]}
    found = read(build_source("topics", {"collector": "github_topics", **settings}))
    assert found.outcome.complete
    assert listed(found) == ["checkout"]


@pytest.mark.parametrize(
    ("topics", "state"),
    [(None, CheckState.FAILED), ([], CheckState.WARNING), (["service-checkout"], CheckState.OK)],
)
def test_a_check_of_topics_tells_no_repositories_from_none_that_is_tagged(
    topics: list[str] | None, state: CheckState, server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "sesame")
    repositories = [] if topics is None else [StandInRepository("acme/one", {"topics": topics})]
    server.tool = GitHubStandIn(repositories).answer
    settings = {"url": server.url, "token": "env:GITHUB_TOKEN", "organisations": ["acme"]}
    time = PretendTime()
    source = build_source("topics", {"collector": "github_topics", **settings})
    (check,) = check_source(source, time.clock, timing=time.timing)
    assert check.state is state


DESCRIPTORS = """
kind: Component
metadata: {name: checkout, title: Checkout, labels: {tier: "1"}, annotations: {jira/project-key: CO}}
spec: {type: service, lifecycle: production, owner: team-pay, system: shop}
---
kind: Component
metadata: {name: search, labels: {tier: "2"}}
spec: {type: service, lifecycle: experimental, owner: team-find}
---
kind: Location
spec: {targets: [./elsewhere.yaml]}
"""


def descriptors(folder: Path, text: str = DESCRIPTORS) -> Source:
    (folder / "shop").mkdir(parents=True, exist_ok=True)
    (folder / "shop" / "catalog-info.yaml").write_text(text, encoding="utf-8")
    return build_source("files", {"collector": "backstage_files", "path": str(folder)})


def test_descriptor_files_of_a_folder_are_read(tmp_path: Path) -> None:
    found = read(descriptors(tmp_path))
    assert found.outcome.complete
    assert listed(found) == ["checkout", "search"]
    assert "is not followed" in found.outcome.warnings[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: [", "line 2"),
        ("just text", "it has no kind"),
        ("a: 1", "it has no kind"),
        ("\tkind: x", "line 1"),
    ],
)
def test_a_file_that_cannot_be_read_makes_the_catalogue_incomplete(
    text: str, said: str, tmp_path: Path
) -> None:
    source = descriptors(tmp_path)
    (tmp_path / "catalog-info.yaml").write_text(f"{text}\n", encoding="utf-8")
    found = read(source)
    assert listed(found) == ["checkout", "search"]
    assert found.outcome.reason is UnknownReason.COLLECTION_FAILED
    assert said in found.outcome.error


def test_a_folder_without_descriptors_is_a_failure_and_no_empty_catalogue(tmp_path: Path) -> None:
    found = read(build_source("files", {"collector": "backstage_files", "path": str(tmp_path)}))
    assert not found.outcome.complete
    assert "fits the pattern" in found.outcome.error


def settings_with(*services: dict[str, Any], **more: Any) -> Settings:
    return Settings.model_validate(
        {"organisation": {"id": "acme", "name": "ACME"}, "services": services, **more}
    )


def test_the_configuration_wins_and_other_catalogues_fill_in_what_it_leaves_open(tmp_path: Path) -> None:
    settings = settings_with({"id": "checkout", "tier": 3}, {"id": "billing"})
    jira = Source("tickets", _named("jira"), descriptors(tmp_path).settings)
    scope = one_scope(settings, [read(descriptors(tmp_path))], [jira])
    by_id = {service.id: service for service in scope.services}
    assert list(by_id) == ["checkout", "billing", "search"]
    assert by_id["checkout"].tier == 3
    assert by_id["checkout"].owner_team == "team-pay"
    assert by_id["checkout"].keys == {"tickets": ("CO",)}
    assert by_id["search"].lifecycle == "preproduction"
    assert scope.conflicts == (
        "checkout: tier is '3' in the configuration and '1' in files; the first counts",
    )
    assert [one.source_ref for page in scope.pages for one in page.observations] == ["search"]


def _named(collector: str) -> type[Collector]:
    class Named(BackstageCollector):
        name = collector

    return Named


def test_a_service_with_the_id_of_the_organisation_is_left_out_and_said(tmp_path: Path) -> None:
    text = "kind: Component\nmetadata: {name: acme}\nspec: {}\n"
    scope = one_scope(settings_with(), [read(descriptors(tmp_path, text))], [])
    assert scope.services == ()
    assert "left out" in scope.conflicts[0]


def test_a_label_says_nothing_of_a_lifecycle_and_so_contradicts_nobody(
    server: MisbehavingServer, tmp_path: Path
) -> None:
    server.on("/api/v1/label/service/values", answering({"status": "success", "data": ["search"]}))
    labels = read(build_source("labels", {"collector": "prometheus_labels", "url": server.url}))
    scope = one_scope(settings_with(), [labels, read(descriptors(tmp_path))], [])
    by_id = {service.id: service for service in scope.services}
    assert by_id["search"].lifecycle == "preproduction"
    assert by_id["search"].tier == 2
    assert scope.conflicts == ()


@pytest.fixture
def itomm(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Door:
    return Door(monkeypatch, capsys)


CONFIGURATION = """
organisation: {id: acme, name: ACME}
services: [{id: billing, tier: 3}]
scopes:
  import:
    - {collector: backstage_files, path: catalog}
sources:
  code: {collector: local_git, path: code, record_types: [commit]}
"""


def repository(folder: Path) -> None:
    for arguments in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["commit", "--quiet", "--allow-empty", "-m", "x"],
    ):
        identity = ["-c", "user.name=Ann", "-c", "user.email=ann@acme.test"]
        dates = {"GIT_AUTHOR_DATE": "2026-10-30T06:00:00Z", "GIT_COMMITTER_DATE": "2026-10-30T06:00:00Z"}
        subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, env={**os.environ, **dates})


def in_scope_at(folder: Path, instant: str) -> dict[str, Service]:
    """What scoring takes for the services in scope, by id."""
    evidence = snapshot_of(Store.open(folder / ".itomm"))
    scope = in_force(load_configuration(folder / "itomm.yaml"), evidence, parse_instant(instant)).settings
    return {service.id: service for service in in_scope(scope)}


def collect_scope(itomm: Door, folder: Path, now: str) -> int:
    return itomm("collect", "--config", folder / "itomm.yaml", "--source", "catalogue", "--now", now).code


FIRST, SECOND, THIRD = "2026-11-01T06:00:00Z", "2026-11-02T06:00:00Z", "2026-11-03T06:00:00Z"


def test_services_in_scope_are_those_that_the_newest_whole_reading_listed(
    itomm: Door, tmp_path: Path
) -> None:
    descriptors(tmp_path / "catalog")
    (tmp_path / "itomm.yaml").write_text(CONFIGURATION, encoding="utf-8")
    assert collect_scope(itomm, tmp_path, FIRST) == 0
    first = in_scope_at(tmp_path, FIRST)
    assert set(first) == {"billing", "checkout"}  # search is not in production
    assert (first["checkout"].group, first["checkout"].tier, first["checkout"].title) == (
        "shop",
        1,
        "Checkout",
    )

    descriptors(tmp_path / "catalog", DESCRIPTORS.replace("experimental", "production"))
    assert set(in_scope_at(tmp_path, SECOND)) == set(first)  # nothing was collected since
    assert collect_scope(itomm, tmp_path, SECOND) == 0
    assert set(in_scope_at(tmp_path, SECOND)) == {*first, "search"}
    assert in_scope_at(tmp_path, FIRST) == first
    assert in_scope_at(tmp_path, "2026-01-01T00:00:00Z") == first  # before any was listed

    (tmp_path / "catalog" / "shop" / "catalog-info.yaml").unlink()
    assert collect_scope(itomm, tmp_path, THIRD) == 3
    assert set(in_scope_at(tmp_path, THIRD)) == {*first, "search"}


def test_the_requests_to_imported_catalogues_are_counted(
    itomm: Door, tmp_path: Path, server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.tool = backstage_stand_in.answer
    imported = f"- {{collector: backstage, url: '{server.url}', token: env:BACKSTAGE_TOKEN}}"
    plain = CONFIGURATION.replace("- {collector: backstage_files, path: catalog}", imported)
    (tmp_path / "itomm.yaml").write_text(plain, encoding="utf-8")
    monkeypatch.setenv("BACKSTAGE_TOKEN", "a-token-of-backstage")
    told = itomm("collect", "--config", tmp_path / "itomm.yaml", "--source", "catalogue", "--now", FIRST)
    assert told.code == 0
    (row,) = [line for line in told.out.splitlines() if "1 of 1" in line]
    assert len(server.asked) > 1
    assert row.split()[-2] == str(len(server.asked))


def test_imported_services_are_scored_and_what_belongs_to_nothing_is_named(
    itomm: Door, tmp_path: Path
) -> None:
    descriptors(tmp_path / "catalog")
    (tmp_path / "code").mkdir()
    repository(tmp_path / "code")
    config = tmp_path / "itomm.yaml"
    config.write_text(CONFIGURATION, encoding="utf-8")
    collected = itomm("collect", "--config", config, "--now", FIRST)
    said = " ".join(collected.out.split())
    assert "code: 1 record belongs to no configured service: code (1)." in said
    assert "No source knows billing, checkout. " in said
    scored = itomm("score", "--config", config, "--output", "json").document
    parents = {scope["id"]: scope["parent"] for scope in scored["scopes"]}
    assert parents == {"acme": None, "shop": "acme", "billing": "acme", "checkout": "shop"}
    looked_at = itomm("doctor", "--config", config, "--output", "json", "--now", FIRST).document["checks"]
    details = [check["detail"] for check in looked_at]
    assert any(detail.startswith("code: 1 record belongs") for detail in details)
    assert any("under" in detail and "catalog" in detail for detail in details)
