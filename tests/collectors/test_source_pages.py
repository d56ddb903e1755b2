"""Every built-in collector has a page with its settings, rights, record types and what it cannot tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from itomm.collectors.contract import CollectorSettings, NetworkedSettings
from itomm.collectors.describing import described
from itomm.collectors.discovery import collector_names, load_collector

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
CATALOGUES = {"backstage", "backstage_files", "github_topics", "gitlab_topics", "prometheus_labels"}
CONFIGURED_BY_NOBODY = {"catalogue"}
SAYS_IT_FOR = {"request_tracker": "redmine"}
"""Whose page says what another one never tells, too."""

BUILT_IN = sorted(
    name
    for name in set(collector_names()) - CONFIGURED_BY_NOBODY
    if load_collector(name).__module__.startswith("itomm.")
)
PAGES = [name for name in BUILT_IN if name not in CATALOGUES]


def text_of(name: str) -> str:
    page = "service-catalogue.md" if name in CATALOGUES else f"sources/{name}.md"
    return (REFERENCE / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_setting_of_its_own_is_explained(name: str) -> None:
    shared = {*CollectorSettings.model_fields, *NetworkedSettings.model_fields}
    of_another = load_collector(name.removesuffix("_topics")).settings_model.model_fields
    own = set(load_collector(name).settings_model.model_fields) - shared
    if name.endswith("_topics"):
        own -= set(of_another)
    assert [each for each in sorted(own) if f"`{each}`" not in text_of(name)] == []


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_setting_is_described_on_the_command_line(name: str) -> None:
    description = described(load_collector(name))
    assert [one.key for one in description.settings if not one.about] == []
    assert "``" not in description.about


@pytest.mark.parametrize("name", PAGES)
def test_every_record_type_is_named(name: str) -> None:
    collector = load_collector(name)
    if collector.streams_are_configured:
        return
    named = {stream.record_type for stream in collector.streams}
    assert [each for each in sorted(named) if f"`{each}`" not in text_of(name)] == []


@pytest.mark.parametrize("name", PAGES)
def test_the_page_says_which_rights_it_needs_what_it_asks_and_where_it_was_run(name: str) -> None:
    text = text_of(name)
    for heading in ("## Rights", "## Requests"):
        assert heading in text
    assert re.search(r"[Rr]un\s+(against|with)", text)


@pytest.mark.parametrize("name", PAGES)
def test_what_it_never_tells_is_named(name: str) -> None:
    untold = {field for stream in load_collector(name).streams for field in stream.cannot_tell}
    text = text_of(SAYS_IT_FOR.get(name, name))
    assert [each for each in sorted(untold) if f"`{each}`" not in text] == []
