from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itomm.config.identity import Pseudonyms

KEY = b"0123456789abcdef"


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1))
def test_one_person_has_one_pseudonym_in_any_letter_case(name: str) -> None:
    people = Pseudonyms(KEY)
    assert re.fullmatch("person-[0-9a-f]{12}", people.person(name))
    assert people.person(name) == people.person(name.upper()) == people.person(f" {name.lower()} ")


def test_two_people_have_two_pseudonyms() -> None:
    people = Pseudonyms(KEY)
    assert people.person("ada") != people.person("grace")


def test_another_key_gives_another_pseudonym() -> None:
    assert Pseudonyms(KEY).person("ada") != Pseudonyms(b"another key, too").person("ada")


def test_a_pseudonym_is_not_hashed_again() -> None:
    people = Pseudonyms(KEY)
    assert people.person(people.person("ada")) == people.person("ada")


def test_people_keep_their_names_when_they_are_to_be_named() -> None:
    assert Pseudonyms(KEY, named=True).person("Ada") == "Ada"


def test_nobody_stays_nobody() -> None:
    assert Pseudonyms(KEY).person("") == ""


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        Pseudonyms(b"short")
