"""Test cases as YAML beside the rule that they are for."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

WIDTH = 112
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./@-]*( [A-Za-z0-9_./@-]+)*|\d{4}-\d\d-\d\dT[0-9:.]+Z")
_WORDS = {"null", "true", "false", "~"}


def scalar(value: Any) -> str:  # noqa: PLR0911  one line a type
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return f"{value}"
    if isinstance(value, list):
        return "[" + ", ".join(scalar(each) for each in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {scalar(each)}" for key, each in value.items()) + "}"
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return "'" + text.replace("'", "''") + "'"


def mapping(record: dict[str, Any], indent: int) -> str:
    """A flow mapping, wrapped between its keys."""
    lines, line = [], "{"
    for number, (key, value) in enumerate(record.items()):
        part = f"{key}: {scalar(value)}" + ("," if number + 1 < len(record) else "}")
        if len(line) + len(part) + indent + 1 > WIDTH and line.strip("{ "):
            lines.append(line.rstrip())
            line = " " + part
        else:
            line += ("" if line in {"{", " "} else " ") + part
    if not record:
        line = "{}"
    return ("\n" + " " * indent).join([*lines, line])


def as_yaml(case: dict[str, Any]) -> str:
    """One entry of ``tests:``."""
    text = f"  - name: {scalar(case['name'])}\n"
    for key in ("scope", "service"):
        if key in case:
            text += f"    {key}: {case[key]}\n"
    text += "    given:\n"
    for name, records in case["given"].items():
        if not records:
            text += f"      {name}: []\n"
            continue
        text += f"      {name}:\n"
        for record in records:
            text += f"        - {mapping(record, 11)[0:]}\n".replace("\n" + " " * 11, "\n" + " " * 11)
    expect = ", ".join(f"{key}: {scalar(value)}" for key, value in case["expect"].items())
    return text + f"    expect: {{{expect}}}\n"


def add_tests(file: Path, rule: str, text: str) -> None:
    """Put test cases behind the last one of a rule."""
    documents = re.split(r"(?m)^(?=---$)", file.read_text(encoding="utf-8"))
    for index, document in enumerate(documents):
        if re.search(rf"(?m)^rule: {re.escape(rule)}$", document):
            documents[index] = document.rstrip("\n") + "\n" + text
    file.write_text("".join(documents), encoding="utf-8")
