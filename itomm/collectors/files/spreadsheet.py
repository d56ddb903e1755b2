"""The rows of an XLSX sheet: typed cells, formulas by the value that was saved with them."""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from itomm.collectors.files.opening import FileRefusedError
from itomm.collectors.files.rows import NumberedRow, header_of
from itomm.collectors.mapping.converting import Unreadable

LARGEST_UNPACKED = 500 * 1024 * 1024
"""Bytes of all parts together; a workbook of a million rows has about a fifth of it."""
MOST_PARTS = 2_000
MOST_ROWS = 1_048_576
"""As many as the format allows."""

Cells = Sequence[Any]
"""A row of openpyxl's cells, of which there are several kinds."""

_PIECE_OF_A_PART = 4096
_NO_ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,
    NotImplementedError,
    ValueError,
    EOFError,
    OSError,
)
"""What zipfile raises of an archive that is cut off, encrypted or none."""
_FAULTS = (*_NO_ARCHIVE, LookupError, TypeError, AttributeError, SyntaxError)
"""What openpyxl raises of a workbook that is none; ParseError is a SyntaxError."""


def xlsx_rows(
    content: bytes, name: str, *, sheet: str | None, header: int, columns: Sequence[Sequence[str]]
) -> tuple[str, Iterator[NumberedRow]]:
    """The sheet's name and its rows below the header.

    Raises:
        FileRefusedError: openpyxl is missing, the file is no workbook or a bomb, or it lacks columns.
    """
    _refuse_bombs(content, name)
    values, formulas = _opened(content, name, data_only=True), _opened(content, name, data_only=False)
    chosen = _sheet(values.sheetnames, name, sheet)
    return chosen, _rows(_pairs(values, formulas, chosen, name), name, header, columns)


def _rows(
    pairs: Iterator[tuple[Cells, Cells]], name: str, header: int, columns: Sequence[Sequence[str]]
) -> Iterator[NumberedRow]:
    names: list[str] = []
    for number, (cells, sources) in enumerate(pairs, start=1):
        if number > MOST_ROWS:
            raise FileRefusedError(f"{name} has more than {MOST_ROWS:,} rows")
        if number == header:
            names = header_of([cell.value for cell in cells], name, columns)
        elif number > header:
            row = dict(zip(names, map(_value, cells, sources), strict=False))
            if any(value not in (None, "") for value in row.values()):
                yield NumberedRow(number, row)
    if not names:
        raise FileRefusedError(f"{name} has no row {header} with the names of its columns")


def _pairs(values: Any, formulas: Any, sheet: str, name: str) -> Iterator[tuple[Cells, Cells]]:
    """The cells of each row twice: as they show, and as they were written."""
    with closing(values), closing(formulas):
        shown, written = values[sheet], formulas[sheet]
        try:
            for one in (shown, written):
                one.reset_dimensions()  # what a file says of its size may be a lie
            yield from zip(shown.iter_rows(), written.iter_rows(), strict=True)
        except _FAULTS:
            raise FileRefusedError(f"{name} is no whole XLSX workbook. Was it cut off?") from None


def _value(cell: Any, source: Any) -> object:
    value = cell.value
    if cell.data_type == "e":
        return Unreadable(f"the error {value}")
    if source.data_type == "f" and value is None:
        return Unreadable("a formula whose value was not saved; open and save the file with a spreadsheet")
    return value.strip() if isinstance(value, str) else value


def _sheet(names: Sequence[str], file: str, wanted: str | None) -> str:
    if wanted is None and len(names) == 1:
        return names[0]
    listed = ", ".join(names)
    if wanted is None:
        raise FileRefusedError(f"{file} has several sheets; say which with sheet: {listed}")
    if wanted not in names:
        raise FileRefusedError(f"{file} has no sheet '{wanted}'; it has {listed}")
    return wanted


def _opened(content: bytes, name: str, *, data_only: bool) -> Any:
    try:
        from openpyxl import load_workbook  # noqa: PLC0415  an extra, and dear to import
    except ImportError:
        raise FileRefusedError(
            f"{name} cannot be read: XLSX needs an extra. Run: pip install 'itomm[xlsx]'"
        ) from None
    # It warns of everything that it leaves out, such as drop-down lists; rows are not among that.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"openpyxl\.")
    try:
        return load_workbook(io.BytesIO(content), read_only=True, data_only=data_only, keep_links=False)
    except _FAULTS:
        raise FileRefusedError(f"{name} is no whole XLSX workbook. Was it cut off?") from None


def _refuse_bombs(content: bytes, name: str) -> None:
    """A small file may unpack to more than the machine has; a document type may do the same."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
                raise FileRefusedError(f"{name} unpacks to more than {LARGEST_UNPACKED:,} bytes")
            for part in parts:
                with packed.open(part) as opened:
                    if b"<!DOCTYPE" in opened.read(_PIECE_OF_A_PART).upper():
                        raise FileRefusedError(f"{name} declares a document type, which no spreadsheet does")
    except _NO_ARCHIVE:
        raise FileRefusedError(f"{name} is no whole XLSX workbook. Was it cut off?") from None
