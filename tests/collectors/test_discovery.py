from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import BaseModel, ValidationError

from itomm.collectors.catalogue import CatalogueCollector, catalogue_source
from itomm.collectors.contract import CheckState, NetworkedSettings, Stream
from itomm.collectors.discovery import (
    UnknownCollectorError,
    collector_names,
    declaration_faults,
    load_collector,
)
from itomm.collectors.source import build_source
from itomm.config.settings import Service


def test_the_built_in_collectors_enter_by_the_same_door_as_others() -> None:
    assert {"alertmanager", "catalogue", "gitlab", "jira", "local_git", "prometheus"} <= set(
        collector_names()
    )


@pytest.mark.parametrize("name", ["alertmanager", "catalogue", "gitlab", "jira", "local_git", "prometheus"])
def test_every_built_in_collector_is_soundly_declared(name: str) -> None:
    assert load_collector(name).name == name


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        UnknownCollectorError, match=r"no collector 'prometeus'.*'prometheus'.*Installed are: alert"
    ):
        load_collector("prometeus")


def test_all_faults_of_a_declaration_are_told_at_once() -> None:
    class Faulty(CatalogueCollector):
        name = ""
        title = "T"
        settings_model = BaseModel  # type: ignore[assignment]  # the fault under test
        streams: ClassVar[tuple[Stream, ...]] = (  # type: ignore[assignment]  # more streams than its base
            Stream("service"),
            Stream("service"),
            Stream("servize"),
            Stream("repository", cursor_field="updated_at"),
            Stream("deployment", cannot_tell=("finished_at", "colour")),
        )

    faults = "\n".join(declaration_faults(Faulty))
    for part in ("'name'", "settings_model", "'servize'", "declared twice", "repository is state"):
        assert part in faults
    assert "deployment has no field colour, which the stream says it cannot tell" in faults
    assert "a deployment without finished_at did not occur" in faults
    assert declaration_faults(str) == ["it is not a subclass of itomm.collectors.contract.Collector"]
    assert declaration_faults(CatalogueCollector) == []


def test_importing_one_collector_imports_no_other_client_library() -> None:
    code = (
        "import sys; from itomm.collectors.discovery import load_collector; load_collector('prometheus');"
        "import itomm.collectors.framework.runner;"
        "print([m for m in ('gitlab', 'jira', 'git') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_settings_that_do_not_fit_are_told_by_key() -> None:
    with pytest.raises(ValidationError) as caught:
        build_source("p", {"collector": "prometheus", "url": "ftp://x", "tokn": "env:X", "token": "s3cret"})
    assert {error["loc"][0] for error in caught.value.errors()} == {"url", "tokn", "token"}


@pytest.mark.parametrize("url", ["https://u:p@host", "https://host/?a=1", "host", "https://", "file:///etc"])
def test_an_address_that_is_no_plain_base_url_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        NetworkedSettings(url=url)


def test_limits_of_a_source_follow_its_settings() -> None:
    source = build_source(
        "p",
        {"collector": "prometheus", "url": "https://host/prom/", "deadline_minutes": 2, "max_requests": 9},
    )
    assert source.address == "https://host/prom"
    assert (source.limits.deadline_seconds, source.limits.max_requests) == (120, 9)


def test_the_catalogue_warns_when_nothing_is_in_scope(tmp_path: Path) -> None:
    source = catalogue_source(tmp_path / "itomm.yaml", ())
    (check,) = source.collector(source.settings).check(None)  # type: ignore[arg-type]  # it asks nothing
    assert check.state is CheckState.WARNING
    assert "services" in check.remedy


def test_every_configured_service_is_a_record(tmp_path: Path) -> None:
    file = tmp_path / "itomm.yaml"
    services = (
        Service(
            id="checkout", tier=1, owner_team="shop", keys={"gitlab": ("acme/checkout",), "jira": ("co",)}
        ),
        Service(id="cart"),
    )
    source = catalogue_source(file, services)
    collector = source.collector(source.settings)
    (page,) = collector.collect(Stream("service"), None, None)  # type: ignore[arg-type]  # it asks nothing
    checkout, cart = page.observations
    assert (checkout.source_ref, checkout.fields["tier"], checkout.fields["owner_team"]) == (
        "checkout",
        1,
        "shop",
    )
    assert checkout.fields["repo_ids"] == ["acme/checkout"]
    assert cart.fields["repo_ids"] is None
    assert cart.fields["lifecycle"] == "production"
    assert checkout.url == file.as_uri()
