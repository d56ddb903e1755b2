"""Forgetting a person: gone from every stored byte, not brought back, and levels stay."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from itomm.config.identity import FORGOTTEN
from itomm.estate.estate import Estate
from itomm.estate.server import EstateServer
from tests.journeys.door import Door, assessed, configured

WHY = ("--by", "Grace, data protection", "--reason", "Asked for it under article 17.")


def unpacked(store: Path) -> dict[str, str]:
    """Everything stored as text, by file."""
    found: dict[str, str] = {}
    for path in sorted(store.rglob("*")):
        if not path.is_file():
            continue
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        text = content.decode("utf-8", "replace")
        if path.suffix == ".parquet":
            text = repr(duckdb.connect().execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall())
        found[path.relative_to(store).as_posix()] = text
    return found


def most_seen(store: Path) -> str:
    """The pseudonym that stands in most places."""
    everything = " ".join(unpacked(store).values())
    found: list[str] = re.findall(r"person-[0-9a-f]{12}", everything)
    return Counter(found).most_common(1)[0][0]


def test_a_person_is_forgotten_everywhere_and_levels_stay(itomm_at_the_door: Door, workspace: Path) -> None:
    store = workspace.parent / ".itomm"
    person = most_seen(store)
    before = itomm_at_the_door("score", "--config", workspace, "--output", "json").document

    done = itomm_at_the_door("forget", person, *WHY, "--config", workspace, "--output", "json")

    assert done.code == 0, done.err
    assert done.document["records"] > 10
    assert done.document["raw_payloads"] > 0
    assert not [path for path, text in unpacked(store).items() if person in text]
    assert itomm_at_the_door("verify", "--config", workspace).code == 0
    after = itomm_at_the_door("score", "--config", workspace, "--output", "json").document
    assert after["verdict"] == before["verdict"]
    levels = [
        [[scope["views"][view]["level"] for view in sorted(scope["views"])] for scope in each["scopes"]]
        for each in (before, after)
    ]
    assert levels[0] == levels[1]


def test_the_next_collection_does_not_bring_a_person_back(
    itomm_at_the_door: Door, small_estate: Estate, collected_once: Path, tmp_path: Path
) -> None:
    with EstateServer(small_estate) as server:
        config = configured(tmp_path / "again", small_estate, server)
        store = config.parent / ".itomm"
        store.mkdir()
        key = (collected_once / ".itomm" / "pseudonym.key").read_bytes()
        (store / "pseudonym.key").write_bytes(key)  # the same people get the same pseudonyms
        person = most_seen(collected_once / ".itomm")
        assert itomm_at_the_door("answer", "SD-REL-2.1", "yes", *WHY, "--config", config).code == 0
        told = itomm_at_the_door("forget", person, *WHY, "--config", config)
        assert (told.code, "Nothing that is stored holds this person" in told.out) == (0, True)
        assert assessed(config).code == 0
    everything = unpacked(store)
    assert not [path for path, text in everything.items() if person in text]
    assert any(FORGOTTEN in text for path, text in everything.items() if path.startswith("evidence/"))


def test_a_person_is_found_by_name_in_any_letter_case(itomm_at_the_door: Door, workspace: Path) -> None:
    """The catalogue knows owners by name; one is added, collected offline, and forgotten by name."""
    text = workspace.read_text(encoding="utf-8")
    first = re.search(r"^services:\n(\s*)- (id: .*)\n", text, re.MULTILINE)
    assert first is not None
    indent = " " * (len(first[1]) + 2)
    owned = f"services:\n{first[1]}- {first[2]}\n{indent}business_owner: Ada Lovelace\n"
    workspace.write_text(text.replace(first[0], owned), encoding="utf-8")
    collected = itomm_at_the_door("collect", "--source", "catalogue", "--config", workspace)
    assert collected.code == 0, collected.err

    done = itomm_at_the_door("forget", "ADA lovelace", *WHY, "--config", workspace, "--output", "json")

    assert (done.code, done.document["records"]) == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("person-12", *WHY), "12 hexadecimal digits"),
        ((" ", *WHY), "is no person"),
        (("Ada", "--by", "Grace", "--reason", "because ada asked"), "names the person"),
        (("Ada", "--by", " ", "--reason", "asked"), "--by"),
        ((*WHY,), "PERSON"),
    ],
)
def test_what_cannot_be_done_is_refused(
    itomm_at_the_door: Door, workspace: Path, arguments: tuple[str, ...], told: str
) -> None:
    refused = itomm_at_the_door("forget", *arguments, "--config", workspace)
    assert (refused.code, told in refused.err) == (2, True), refused.err
