"""What does not fit a model is told in plain words, wherever it is nested."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field

from itomm.config.errors import InvalidInputError, Place, Problem
from itomm.config.structure import StrictModel, checked, nearest
from itomm.config.yaml_source import parse_documents


class Leaf(StrictModel):
    colour: str
    length: Annotated[int, Field(ge=1)] = 1


class Tree(StrictModel):
    leaf: Leaf | None = None
    leaves: tuple[Leaf, ...] = ()
    named: dict[str, Leaf] = Field(default_factory=dict)
    piles: dict[str, list[Leaf]] = Field(default_factory=dict)
    from_: Annotated[str, Field(alias="from")] = ""


def faults(text: str) -> list[str]:
    (document,) = parse_documents(text, "tree.yaml")
    with pytest.raises(InvalidInputError) as refused:
        checked(Tree, document)
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("leaf: {color: red, colour: x}", "1:8"),
        ("leaves: [{colour: x}, {color: red, colour: x}]", "1:24"),
        ("named: {oak: {color: red, colour: x}}", "1:15"),
        ("named: {leaf: {color: red, colour: x}}", "1:16"),
        ("piles: {oak: [{color: red, colour: x}]}", "1:16"),
    ],
)
def test_an_unknown_key_brings_its_place_the_nearest_and_all_allowed(text: str, place: str) -> None:
    hint = "Did you mean 'colour'? Allowed here: colour, length."
    assert faults(text) == [f"tree.yaml:{place}: unknown key 'color'\n    {hint}"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("leaf:\n  length: 2", "1:1"),
        ("leaves:\n  - colour: x\n  - length: 2", "3:5"),
        ("named:\n  oak: {}", "2:3"),
        ("piles:\n  oak:\n    - {}", "3:7"),
    ],
)
def test_a_missing_key_is_told_where_it_should_stand(text: str, place: str) -> None:
    assert faults(text) == [f"tree.yaml:{place}: the key 'colour' is missing"]


def test_a_wrong_value_is_told_with_its_way_down() -> None:
    assert faults("piles:\n  oak:\n    - {colour: x, length: 0}") == [
        "tree.yaml:3:19: piles.oak.0.length: should be greater than or equal to 1"
    ]


def test_all_faults_are_told_in_the_order_of_the_file() -> None:
    told = faults("named: {oak: {}}\nleaf: {colour: 5}\nleafs: 1")
    assert [fault.split(":")[1] for fault in told] == ["1", "2", "3"]


def test_a_key_is_only_known_by_the_name_that_people_write() -> None:
    (document,) = parse_documents("from: here", "tree.yaml")
    assert checked(Tree, document).from_ == "here"
    assert faults("from_: here")[0].startswith("tree.yaml:1:1: unknown key 'from_'\n    Did you mean 'from'?")


def test_a_part_of_a_document_can_be_checked() -> None:
    (document,) = parse_documents("a:\n  - {colour: x}\n  - {color: x}\n", "tree.yaml")
    assert checked(Leaf, document, ("a", 0)).colour == "x"
    with pytest.raises(InvalidInputError, match=r"tree\.yaml:3:6: unknown key 'color'"):
        checked(Leaf, document, ("a", 1))


def test_nothing_near_brings_only_what_is_allowed() -> None:
    assert nearest("zebra", ["colour", "length"]) == "Allowed here: colour, length."
    assert nearest("zebra", []) == ""


def test_problems_are_told_in_order_whatever_order_they_were_found_in() -> None:
    problems = [
        Problem(Place("b.yaml", 1), "x"),
        Problem(Place("a.yaml", 10), "y"),
        Problem(Place("a.yaml", 9), "z"),
    ]
    assert [problem.message for problem in InvalidInputError(problems).problems] == ["z", "y", "x"]
