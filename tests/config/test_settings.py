"""``itomm.yaml`` is read strictly; everything that dangles is told with its place."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from itomm.config.errors import ExitCode, InvalidInputError
from itomm.config.settings import Configuration, load_configuration

WHOLE = """\
organisation: {id: acme, name: Acme}
sources:
  jira: {collector: jira, url: "https://jira.example"}
  gitlab: {collector: gitlab}
groups:
  - {id: retail, name: Retail}
services:
  - id: shop
    group: retail
    weight: 2.5
    tier: 1
    depends_on: [till]
    keys: {jira: [SHOP], gitlab: [retail/shop, retail/web]}
  - {id: till, name: The till}
"""


def load(folder: Path, text: str) -> Configuration:
    (folder / "itomm.yaml").write_text(text, encoding="utf-8")
    return load_configuration(folder / "itomm.yaml")


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(InvalidInputError) as refused:
        load(folder, text)
    assert refused.value.exit_code is ExitCode.INVALID
    return [str(problem).removeprefix(f"{folder}/itomm.yaml:") for problem in refused.value.problems]


def test_a_whole_configuration_is_read(tmp_path: Path) -> None:
    configuration = load(tmp_path, WHOLE)
    shop, till = configuration.settings.services
    assert (shop.title, shop.exact_weight, shop.keys["gitlab"]) == (
        "shop",
        Fraction(5, 2),
        ("retail/shop", "retail/web"),
    )
    assert (till.title, till.exact_weight, till.tier) == ("The till", Fraction(1), None)
    assert configuration.folder == tmp_path
    assert configuration.store_path == tmp_path / ".itomm"


def test_little_is_needed(tmp_path: Path) -> None:
    settings = load(tmp_path, "organisation: {id: acme, name: Acme}\n").settings
    assert (settings.sources, settings.services, settings.rules.packs) == ({}, (), ("itomm",))


def test_weights_are_exact(tmp_path: Path) -> None:
    text = WHOLE.replace("2.5", "0.1")
    assert load(tmp_path, text).settings.services[0].exact_weight == Fraction(1, 10)


@pytest.mark.parametrize(
    ("written", "instead", "fault"),
    [
        ("group: retail", "group: retial", "9:5: there is no group 'retial'\n    Did you mean 'retail'?"),
        ("[till]", "[til]", "12:5: there is no service 'til'\n    Did you mean 'till'?"),
        ("{jira: [SHOP]", "{jra: [SHOP]", "13:12: there is no source 'jra'\n    Did you mean 'jira'?"),
        ("{id: till,", "{id: shop,", "14:6: the id 'shop' is used more than once"),
        ("{id: till,", "{id: acme,", "14:6: the id 'acme' is used more than once"),
        ("{id: till,", "{id: retail,", "6:6: the id 'retail' is used more than once"),
        ("  gitlab: {collector", "  catalogue: {collector", "4:3: the source name 'catalogue' is taken"),
        ("gitlab: {collector: gitlab}", "gitlab: {}", "4:3: source 'gitlab' names no collector"),
        ("gitlab: {collector: gitlab}", "gitlab: {collector: 5}", "4:3: source 'gitlab' names no collector"),
        ("    tier: 1", "    teir: 1", "11:5: unknown key 'teir'\n    Did you mean 'tier'?"),
        ("services:", "service:", "7:1: unknown key 'service'\n    Did you mean 'services'?"),
        (
            "{id: acme, name: Acme}",
            "{id: acme, nme: Acme}",
            "1:26: unknown key 'nme'\n    Did you mean 'name'?",
        ),
        ("{id: acme, name: Acme}", "{name: Acme}", "1:1: the key 'id' is missing"),
        ("- id: shop\n    group", "- group", "8:5: the key 'id' is missing"),
        ("tier: 1", "tier: 5", "11:5: services.0.tier: should be 1, 2, 3 or 4"),
        ("weight: 2.5", "weight: 0", "10:5: services.0.weight: should be greater than 0"),
        ("weight: 2.5", "weight: 1001", "10:5: services.0.weight: should be less than or equal to 1000"),
        ("weight: 2.5", "weight: heavy", "10:5: services.0.weight: should be a valid decimal"),
        ("weight: 2.5", "weight: .nan", "10:5: services.0.weight: should be a valid decimal"),
        ("id: till", "id: 'my till'", "14:6: services.1.id: String should match pattern"),
        ("id: till", "id: 12", "14:6: services.1.id: should be a valid string"),
        ("keys: {jira: [SHOP]", "keys: {jira: SHOP", "13:12: services.0.keys.jira: should be a valid tuple"),
        (
            "  - {id: till, name: The till}",
            "  - till",
            "14:5: services.1: should be a valid dictionary or instance",
        ),
        ("organisation: {id: acme, name: Acme}\n", "", "1:1: the key 'organisation' is missing"),
        ("sources:", "history_days: 0\nsources:", "2:1: history_days: should be greater than or equal to 1"),
        (
            "sources:",
            "scoring: {minimum_known_share: 60}\nsources:",
            "2:11: scoring.minimum_known_share: should be less",
        ),
        (
            "sources:",
            "scoring: {profile: itom}\nsources:",
            "2:11: scoring.profile: should be 'itomm', 'iso33020' or",
        ),
        ("sources:", "rules: {pack: [x]}\nsources:", "2:9: unknown key 'pack'\n    Did you mean 'packs'?"),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path: Path, written: str, instead: str, fault: str) -> None:
    assert WHOLE.count(written) == 1
    told = faults(tmp_path, WHOLE.replace(written, instead))
    assert any(each.startswith(fault) for each in told), told


def test_all_faults_are_told_together(tmp_path: Path) -> None:
    broken = WHOLE.replace("group: retail", "group: x").replace("[till]", "[y]").replace("{jira: [", "{z: [")
    assert [fault.split(":")[0] for fault in faults(tmp_path, broken)] == ["9", "12", "13"]


@pytest.mark.parametrize("text", ["- a list\n", "just text\n", "5\n"])
def test_a_document_that_is_no_mapping_is_told(tmp_path: Path, text: str) -> None:
    assert faults(tmp_path, text) == ["1:1: expected a mapping of keys to values"]


def test_a_missing_file_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="there is no such file\n    Run 'itomm init' to write one"):
        load_configuration(tmp_path / "itomm.yaml")


def test_what_scoring_reads_has_a_digest(tmp_path: Path) -> None:
    digest = load(tmp_path, WHOLE).scoring_digest
    assert load(tmp_path, "# a comment\n" + WHOLE).scoring_digest == digest
    assert load(tmp_path, WHOLE.replace("jira.example", "other.example")).scoring_digest == digest
    assert load(tmp_path, WHOLE.replace("weight: 2.5", "weight: 3")).scoring_digest != digest
    assert load(tmp_path, WHOLE + "scoring: {profile: strict}\n").scoring_digest != digest
