"""The rows of CSV, JSON and YAML files. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from itomm.collectors.files.opening import FileRefusedError
from itomm.collectors.mapping.paths import at_path
from itomm.config.errors import InvalidInputError
from itomm.config.structure import closest
from itomm.config.yaml_source import parse_documents

DELIMITERS = (";", ",", "\t", "|")


@dataclass(frozen=True)
class NumberedRow:
    """One row, with its number as a person counts who opens the file; or why it is none."""

    number: int
    values: Mapping[str, object]
    fault: str = ""


def csv_rows(
    text: str, name: str, *, delimiter: str | None, header: int, columns: Sequence[Sequence[str]]
) -> Iterator[NumberedRow]:
    """The rows below the header; every one of ``columns`` (or one of its alternatives) must be there.

    Raises:
        FileRefusedError: the header lacks columns, or the file breaks off.
    """
    chosen = delimiter or _delimiter(text, header, columns)
    reader = enumerate(csv.reader(_lines(text), delimiter=chosen, strict=True), start=1)
    names: list[str] = []
    try:
        for number, cells in reader:
            if number < header:
                continue
            if number == header:
                names = header_of(cells, name, columns)
            elif any(cell.strip() for cell in cells):
                yield _table_row(number, names, cells)
    except csv.Error as error:
        raise FileRefusedError(f"{name} is no whole CSV: {error}. Was it cut off?") from None
    if not names:
        raise FileRefusedError(f"{name} has no row {header} with the names of its columns")


def header_of(cells: Sequence[object], name: str, columns: Sequence[Sequence[str]]) -> list[str]:
    """The names of a table's columns.

    Raises:
        FileRefusedError: one that is needed is missing or there twice.
    """
    names = ["" if cell is None else str(cell).strip() for cell in cells]
    for alternatives in columns:
        there = [column for column in alternatives if column in names]
        if not there:
            hint = closest(alternatives[0], [each for each in names if each])
            listed = ", ".join(f"'{column}'" for column in alternatives)
            raise FileRefusedError(f"{name} has no column {listed}. {hint}".strip())
        for column in there:
            if names.count(column) > 1:
                raise FileRefusedError(f"{name} has two columns '{column}'")
    return names


def json_rows(text: str, name: str, path: str | None) -> Iterator[NumberedRow]:
    """The objects of a JSON document; raises FileRefusedError."""
    try:
        document = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise FileRefusedError(f"{name} is no whole JSON{_where(error)}. Was it cut off?") from None
    yield from _objects(document, name, path)


def json_lines_rows(text: str) -> Iterator[NumberedRow]:
    """One object a line; a line that is none is a fault of that row only."""
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_constant=_no_number)
        except (ValueError, RecursionError):
            yield NumberedRow(number, {}, "it is no whole JSON")
            continue
        yield _object(number, row)


def yaml_rows(text: str, name: str, path: str | None) -> Iterator[NumberedRow]:
    """The objects of a YAML file, of which several documents are a list; raises FileRefusedError."""
    try:
        documents = [document.value for document in parse_documents(text, name)]
    except (InvalidInputError, RecursionError) as error:
        first = str(error).splitlines()[0] if str(error) else "nested too deep"
        raise FileRefusedError(f"{name} is no plain YAML: {first}") from None
    if not documents:
        raise FileRefusedError(f"{name} is empty")
    yield from _objects(documents[0] if len(documents) == 1 else documents, name, path)


def _objects(document: object, name: str, path: str | None) -> Iterator[NumberedRow]:
    try:
        found = document if path is None else at_path(document, path)
    except ValueError as error:
        raise FileRefusedError(f"{name} does not hold {error}") from None
    if not isinstance(found, list):
        where = "at its top" if path is None else f"at '{path}'"
        raise FileRefusedError(f"{name} has no list of rows {where}; say with rows where they are")
    for number, row in enumerate(found, start=1):
        yield _object(number, row)


def _object(number: int, row: object) -> NumberedRow:
    if isinstance(row, dict):
        return NumberedRow(number, row)
    return NumberedRow(number, {}, "it is no object with named values")


def _table_row(number: int, names: Sequence[str], cells: Sequence[str]) -> NumberedRow:
    if len(cells) < len(names):
        return NumberedRow(number, {}, f"it has {len(cells)} of {len(names)} columns; was it cut off?")
    if any(cell.strip() for cell in cells[len(names) :]):
        return NumberedRow(number, {}, f"it has {len(cells)} columns, but there are {len(names)}")
    return NumberedRow(number, dict(zip(names, cells, strict=False)))


def _lines(text: str) -> Iterator[str]:
    """Lines as CSV knows them; ``splitlines`` would break at rarer marks, too, which may stand in a cell."""
    return io.StringIO(text, newline="")


def _delimiter(text: str, header: int, columns: Sequence[Sequence[str]]) -> str:
    """The delimiter by which most of the needed columns are found in the header."""
    wanted = {column for alternatives in columns for column in alternatives}

    def found(delimiter: str) -> int:
        try:
            rows = csv.reader(_lines(text), delimiter=delimiter)
            cells = next((cells for number, cells in enumerate(rows, 1) if number == header), [])
        except csv.Error:
            return 0
        return len(wanted & {cell.strip() for cell in cells})

    return max(DELIMITERS, key=found)


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is no number")


def _where(error: Exception) -> str:
    return f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
