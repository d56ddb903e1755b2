"""Deployments that only change tickets name are traced; tickets that cannot be seen leave it open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.validity.organisations import Organisation
from bench.validity.run import reading
from bench.validity.variations import BASE, VARIATIONS, Variation
from itomm.estate.company_habits import HABITS_DIRECTORY
from itomm.estate.configuration import TOKEN_VARIABLE
from itomm.estate.estate import Estate

TRACED = "SS-CHG-2.1"
OF_THE_SHOP = "checkout"


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, tuple[str, str, str | None]]:
    """The answer about the shop, whose merge requests seldom name a ticket, the truth and the reason."""
    monkeypatch.setenv(TOKEN_VARIABLE, "")  # the study sets both: they are put back after the test
    monkeypatch.setattr("sys.argv", ["itomm"])
    habits: dict[str, Any] = yaml.safe_load(
        (HABITS_DIRECTORY / "two_services.yaml").read_text(encoding="utf-8")
    )
    shop = next(each for each in habits["services"] if each["id"] == OF_THE_SHOP)
    shop["habits"]["delivery"]["ticket_share"] = 0.1
    shop["habits"]["changes"]["ticket_share"] = 0.95
    organisation = Organisation("duo", "small", habits)
    estate = Estate.load(organisation.write(tmp_path))
    refused = {each.name: each for each in VARIATIONS}
    found = {}
    taken_away = ("without jira", "unnamed: jira", "denied: ticket search")
    for variation in (BASE, *(refused[name] for name in taken_away)):
        run = reading(organisation, estate, tmp_path / "handbook", _narrowed(variation), estate.truth())
        (answer,) = (
            each for each in run["answers"] if each["criterion"] == TRACED and each["scope"] == OF_THE_SHOP
        )
        found[variation.name] = (answer["inferred"], answer["true"], answer["reason"])
    return found


def _narrowed(variation: Variation) -> Variation:
    """The variation of an organisation that names no source but Jira and GitLab."""

    def only_these(configuration: dict[str, Any]) -> None:
        sources = configuration["sources"]
        configuration["sources"] = {name: sources[name] for name in ("jira", "gitlab")}
        for service in configuration["services"]:
            keys = service["keys"]
            service["keys"] = {name: keys[name] for name in ("jira", "gitlab") if name in keys}
        if variation.change:
            variation.change(configuration)

    return Variation(variation.name, only_these, variation.refused)


def test_change_tickets_trace_what_merge_requests_do_not(
    told: Mapping[str, tuple[str, str, str | None]],
) -> None:
    assert told[BASE.name] == ("yes", "yes", None)
    assert told["denied: ticket search"] == ("unknown", "yes", "permission_denied")
    assert told["without jira"] == ("unknown", "yes", "never_collected")
    assert told["unnamed: jira"] == ("no", "yes", None), "nothing says that there are change tickets"
