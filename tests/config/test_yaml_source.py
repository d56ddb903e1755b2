"""YAML is read strictly: a document says what it shows, and every fault has its place."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itomm.config.errors import InvalidInputError, Place, Problem
from itomm.config.yaml_source import MAXIMUM_CHARACTERS, parse_documents, read_document, read_documents


def value_of(text: str) -> object:
    (document,) = parse_documents(text, "file.yaml")
    return document.value


def fault_of(text: str) -> str:
    with pytest.raises(InvalidInputError) as refused:
        parse_documents(text, "file.yaml")
    return str(refused.value)


@pytest.mark.parametrize(
    "word",
    [
        *("yes", "no", "Yes", "NO", "on", "off", "y", "n", "012", "0x1F", "0o17", "1_000", "1e3", ".5", "5."),
        *("1:30", "2026-11-01", "2026-11-01T00:00:00Z", ".inf", ".nan", "=", "<<", "9" * 31, "tRue", "nULL"),
    ],
)
def test_a_word_that_is_neither_number_nor_true_false_null_is_text(word: str) -> None:
    assert value_of(f"key: {word}") == {"key": word}
    assert value_of(f"- {word}") == [word]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("12", 12),
        ("-12", -12),
        ("+12", 12),
        ("0", 0),
        ("0.10", Decimal("0.10")),
        ("-1.5e3", Decimal(-1500)),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ('"true"', "true"),
        ("''", ""),
        ("|\n  12\n", "12\n"),
    ],
)
def test_a_plain_scalar_means_what_yaml_1_2_says(word: str, value: object) -> None:
    read = value_of(f"key: {word}")
    assert read == {"key": value}
    assert isinstance(read, dict)
    assert type(read["key"]) is type(value)


def test_a_document_that_says_it_is_yaml_1_1_is_read_as_1_2_all_the_same() -> None:
    assert value_of("%YAML 1.1\n---\na: yes\nb: 012\nc: 1:30\nd: 0b11") == {
        "a": "yes",
        "b": "012",
        "c": "1:30",
        "d": "0b11",
    }


def test_keys_are_always_text() -> None:
    assert value_of("1: a\nyes: b\nnull: c\ntrue: d\n1.5: e\n<<: f") == {
        "1": "a",
        "yes": "b",
        "null": "c",
        "true": "d",
        "1.5": "e",
        "<<": "f",
    }


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nb: 2\na: 3", "3:1: the key 'a' stands here twice\n    It is first set at file.yaml:1:1."),
        ("a:\n  b: 1\n  'b': 2", "3:3: the key 'b' stands here twice\n    It is first set at file.yaml:2:3."),
        ("a: [{x: 1, x: 1}]", "1:12: the key 'x' stands here twice\n    It is first set at file.yaml:1:6."),
        ("a: &anchor 1", "1:4: anchors and aliases are not allowed here\n    Write it out."),
        ("a: &anchor {b: 1}", "1:4: anchors and aliases are not allowed here"),
        ("a: 1\n---\n<<: *a", "3:5: anchors and aliases are not allowed here"),
        ("a: &x 1\n---\nb: *x", "1:4: anchors and aliases are not allowed here"),
        ("a: 1\n---\nb: *x", "3:4: anchors and aliases are not allowed here"),
        ("a: *alias", "1:4: anchors and aliases are not allowed here"),
        ("a: 1\n---\nb: *a", "3:4: anchors and aliases are not allowed here"),
        ("a: 1\n---\nb:\n  <<: *a", "4:7: anchors and aliases are not allowed here"),
        ("%TAG ! tag:x,2000:\n---\na: !b 1", "3:4: the tag tag:x,2000:b is not allowed here"),
        ("%YAML 2.0\n---\na: 1", "1:1: not YAML: found incompatible YAML document"),
        ("a: !!python/object/apply:os.system [ls]", "1:4: the tag tag:yaml.org,2002:python/object"),
        ("a: !!str 1", "1:4: the tag tag:yaml.org,2002:str is not allowed here\n    Leave it out."),
        ("a: !own 1", "1:4: the tag !own is not allowed here"),
        ("? [a]\n: b", "1:3: a key must be plain text"),
        ("? {a: b}\n: c", "1:3: a key must be plain text"),
        ("a: [" * 41, "1:81: nested deeper than 40 levels"),
        ("[" * 100_000, "1:41: nested deeper than 40 levels"),
        ("{a: " * 100_000, "1:161: nested deeper than 40 levels"),
        ("a: 'open", "1:9: not YAML: found unexpected end of stream"),
        ("a:\n\t- b", "2:1: not YAML: found character that cannot start any token"),
        ("a: b: c", "1:5: not YAML: mapping values are not allowed in this context"),
        ("a: [1, 2", "2:1: not YAML"),
        ("a: \x00", "1:1: not YAML"),
        ("a: \x1b[31m", "1:1: not YAML"),
        ("a: 1\n...\nb: 2", "3:1: not YAML"),
    ],
)
def test_what_is_not_strict_yaml_is_refused_with_its_place(text: str, fault: str) -> None:
    assert fault_of(text).startswith(f"file.yaml:{fault}")


def test_all_repeated_keys_are_told_together() -> None:
    assert fault_of("a: 1\na: 2\n---\nb: 1\nb: 2\nb: 3").count("stands here twice") == 3


def test_a_billion_laughs_are_refused() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert "anchors and aliases" in fault_of(bomb)


def test_a_place_inside_a_text_does_not_count_the_byte_order_mark() -> None:
    for mark in ("", "\ufeff"):
        (document,) = parse_documents(f"{mark}a: one two\nb: one two\n", "file.yaml")

        assert document.place_within(("a",), "one two", 4) == Place("file.yaml", 1, 8)
        assert document.place_within(("b",), "one two", 4) == Place("file.yaml", 2, 8)


def test_a_text_that_nobody_wrote_has_the_place_of_what_holds_it() -> None:
    (document,) = parse_documents("a: {b: c}\n", "file.yaml")

    assert document.place_within(("a", "missing"), "text", 2) == Place("file.yaml", 1, 1)


def test_a_huge_text_is_refused() -> None:
    assert "longer than 5,000,000 characters" in fault_of("a" * (MAXIMUM_CHARACTERS + 1))


@pytest.mark.parametrize("text", ["", "   \n", "# only a comment\n", "---\n", "--- ~\n", "---\n---\n"])
def test_an_empty_document_is_none(text: str) -> None:
    assert parse_documents(text, "file.yaml") == []


def test_several_documents_are_read_with_their_own_text_and_places() -> None:
    first, second = parse_documents("# first\na: 1\n---\n# second\nb:\n  c: 2\n", "file.yaml")
    assert (first.value, second.value) == ({"a": 1}, {"b": {"c": 2}})
    assert first.place(("a",)) == Place("file.yaml", 2, 1)
    assert second.place(("b", "c")) == Place("file.yaml", 6, 3)
    assert (first.text, second.text) == ("a: 1\n", "b:\n  c: 2\n")


def test_every_value_has_its_place_and_a_missing_one_that_of_what_holds_it() -> None:
    (document,) = parse_documents("a:\n  - x: 1\n    y: [p, q]\n  - z\n", "file.yaml")
    assert [
        str(document.place(path))
        for path in (
            (),
            ("a",),
            ("a", 0),
            ("a", 0, "y"),
            ("a", 0, "y", 1),
            ("a", 1),
            ("a", 0, "gone"),
            ("b", 7),
        )
    ] == [f"file.yaml:{where}" for where in ("1:1", "1:1", "2:5", "3:5", "3:12", "4:5", "2:5", "1:1")]


def test_a_byte_order_mark_is_not_part_of_the_first_key(tmp_path: Path) -> None:
    (tmp_path / "file.yaml").write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert read_document(tmp_path / "file.yaml").value == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"a: \xff\xfe", "this is not UTF-8 text"),
        ("a: 1".encode("utf-16"), "this is not UTF-8 text"),
        (b"", "expected one YAML document, found 0"),
        (b"a: 1\n---\nb: 2\n", "expected one YAML document, found 2"),
    ],
)
def test_a_file_that_is_not_one_document_is_refused_by_name(
    tmp_path: Path, content: bytes, fault: str
) -> None:
    file = tmp_path / "file.yaml"
    file.write_bytes(content)
    with pytest.raises(InvalidInputError, match=rf"file\.yaml:1:1: {fault}"):
        read_document(file)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"gone\.yaml:1:1: there is no such file"):
        read_documents(tmp_path / "gone.yaml")
    with pytest.raises(InvalidInputError, match="cannot be read: Is a directory"):
        read_documents(tmp_path)


visible_text = st.text(
    st.characters(exclude_categories=["Cc", "Cf", "Cs", "Cn", "Zl", "Zp"], include_characters="\n\t"),
    max_size=8,
)
plain_data = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**20), 10**20), visible_text),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(visible_text, inner, max_size=4)),
    max_leaves=12,
)


@settings(deadline=None)
@given(plain_data)
def test_json_is_yaml_and_reads_back(data: object) -> None:
    assert value_of(json.dumps({"data": data}, ensure_ascii=False)) == {"data": data}


@settings(deadline=None, max_examples=300)
@given(st.text(st.sampled_from("ab:-[]{}'\"#&*!|>%@`? \n\t,0.~"), max_size=40))
def test_any_text_is_read_or_refused_but_never_a_traceback(text: str) -> None:
    refused: list[Problem] = []
    try:
        parse_documents(text, "file.yaml")
    except InvalidInputError as error:
        refused = error.problems
    assert all(problem.place.file == "file.yaml" and problem.message for problem in refused)
