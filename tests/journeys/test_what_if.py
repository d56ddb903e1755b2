"""``--assume`` as its users meet it: marked everywhere, written nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.door import Door

pytestmark = pytest.mark.usefixtures("answers_found_once")


def test_what_is_assumed_is_marked_and_nothing_is_written(workspace: Path, itomm_at_the_door: Door) -> None:
    def stored() -> dict[str, bytes]:
        files = (workspace.parent / ".itomm").rglob("*")
        return {str(file): file.read_bytes() for file in files if file.suffix in {".db", ".parquet", ".json"}}

    before = stored()
    document = itomm_at_the_door(
        "score", "--config", workspace, "--assume", "ss-inc-4.2=no", "--output", "json"
    ).document
    table = itomm_at_the_door("score", "--config", workspace, "--assume", "SS-INC-4.2@checkout=yes")

    assert document["schema"] == "itomm/what-if/1"
    assert document["assumptions"] == [{"criterion": "SS-INC-4.2", "scope": "duo", "verdict": "no"}]
    assert document["verdict"].startswith("Assuming SS-INC-4.2 = no: ")
    answer = next(each for each in document["scopes"][0]["answers"] if each["criterion"] == "SS-INC-4.2")
    assert answer["in_force"]["evidence"]["layer"] == "assumption"
    assert table.out.startswith("Assuming SS-INC-4.2 = yes for checkout: ")
    assert "no score changed" in table.out
    assert stored() == before


def test_an_assessment_says_nothing_of_assumptions(workspace: Path, itomm_at_the_door: Door) -> None:
    document = itomm_at_the_door("score", "--config", workspace, "--output", "json").document

    assert document["schema"] == "itomm/assessment/1"
    assert "assumptions" not in document


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--assume", "SS-INC-4.2"), "'SS-INC-4.2' is no assumption. Write for example"),
        (("--assume", "SS-INC-4.9=yes"), "There is no criterion 'SS-INC-4.9'."),
        (("--assume", "SS-INC-4.2=maybe"), "'maybe' is no answer; use yes, partial, no"),
        (("--assume", "SS-INC-4.2@chekout=yes"), "Did you mean 'checkout'?"),
        (("--assume", "SS-INC-4.2=yes", "--record"), "What is only assumed is not recorded"),
    ],
)
def test_what_cannot_be_assumed_is_refused(
    workspace: Path, itomm_at_the_door: Door, arguments: tuple[str, ...], message: str
) -> None:
    done = itomm_at_the_door("score", "--config", workspace, *arguments)

    assert done.code == 2
    assert message in " ".join(done.err.split())
    assert done.out == ""
