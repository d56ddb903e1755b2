"""``itomm gate`` as pipelines meet it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.journeys.door import Door

pytestmark = pytest.mark.usefixtures("answers_found_once")


def with_gate(config: Path, gate: str) -> Path:
    config.write_text(f"{config.read_text(encoding='utf-8')}\ngate: {gate}\n", encoding="utf-8")
    return config


def test_the_configuration_says_what_is_asked_and_options_add_to_it(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    config = with_gate(workspace, "{minimum_level: 1, no_expired_overrides: true, largest_drop: 0}")

    met = itomm_at_the_door("gate", "--config", config, "--output", "json")
    missed = itomm_at_the_door("gate", "--config", config, "--practice", "ss-inc=5", "--output", "json")

    assert met.code == 0, met.out + met.err
    assert met.document["schema"] == "itomm/gate/1"
    assert met.document["outcome"] == "met"
    assert [each["kind"] for each in met.document["checks"]] == [
        *("level", "expired_overrides", "drop", "sources")
    ]
    assert missed.code == 1
    assert [each["subject"] for each in missed.document["checks"] if each["outcome"] == "not_met"] == [
        "SS-INC"
    ]


def test_too_little_known_is_incomplete_and_told_in_files(
    workspace: Path, tmp_path: Path, itomm_at_the_door: Door
) -> None:
    files = "--junit", tmp_path / "gate.xml", "--markdown", tmp_path / "gate.md"

    done = itomm_at_the_door("gate", "--config", workspace, "--minimum-coverage", "100 %", *files)

    assert done.code == 3
    assert "The gate cannot be judged" in done.out
    written = ElementTree.parse(tmp_path / "gate.xml")  # noqa: S314  our own file
    assert written.getroot().get("errors") == "1"
    assert "| incomplete | known share |" in (tmp_path / "gate.md").read_text(encoding="utf-8")


def test_a_gate_that_asks_for_nothing_lets_nothing_through(workspace: Path, itomm_at_the_door: Door) -> None:
    done = itomm_at_the_door("gate", "--config", workspace)

    assert done.code == 2
    assert "would let everything through" in " ".join(done.err.split())


def test_a_fall_is_measured_against_a_named_baseline(workspace: Path, itomm_at_the_door: Door) -> None:
    done = itomm_at_the_door(
        *("gate", "--config", workspace, "--largest-drop", "0", "--baseline", "S1", "--output", "json")
    )

    assert done.code == 0, done.out + done.err
    assert done.document["baseline"] == "S1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--minimum-level", "9"), "There is no level 9; there are 1 to 5."),
        (("--area", "SZ=3"), "There is no area 'SZ'."),
        (("--service", "chekout=3"), "There is no scope 'chekout'. Did you mean 'checkout'?"),
        (("--practice", "SS-INC"), "'SS-INC' is no demand. Write for example --practice"),
        (("--minimum-coverage", "80"), "'80' is no share; write 80 % or 0.8."),
        (("--largest-drop", "much"), "'much' is no drop"),
    ],
)
def test_a_demand_that_cannot_be_read_is_refused(
    workspace: Path, itomm_at_the_door: Door, arguments: tuple[str, ...], message: str
) -> None:
    done = itomm_at_the_door("gate", "--config", workspace, *arguments)

    assert done.code == 2
    assert message in " ".join(done.err.split())


def test_a_demand_of_the_configuration_for_what_is_not_there_is_invalid(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    config = with_gate(workspace, "{areas: {SZ: 3}, services: {checkout: 8}, minimum_coverage: 80}")

    done = itomm_at_the_door("gate", "--config", config)

    assert done.code == 5
    assert "gate.areas: there is no 'SZ'" in done.err
    assert "gate.services: there is no level 8" in done.err
    assert "'80' is no share" in done.err
    assert "itomm.yaml:" in done.err
