"""XLSX: typed cells, saved values of formulas, and workbooks that mean harm."""

from __future__ import annotations

import io
import random
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from itomm.collectors.files import spreadsheet
from itomm.collectors.files.opening import FileRefusedError
from itomm.collectors.files.rows import NumberedRow
from itomm.collectors.files.spreadsheet import xlsx_rows
from itomm.collectors.mapping.converting import Unreadable

COLUMNS = [("Job",), ("Ended",)]
ENDED = datetime(2026, 10, 2, 3)  # noqa: DTZ001  cells have no zone


def written(*rows: list[object], sheets: tuple[str, ...] = ("Jobs",)) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def read(content: bytes, sheet: str | None = None, header: int = 1) -> list[NumberedRow]:
    return list(xlsx_rows(content, "jobs.xlsx", sheet=sheet, header=header, columns=COLUMNS)[1])


def with_part(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed."""
    changed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as before,
        zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for part in before.namelist():
            after.writestr(part, change(before.read(part)) if part == name else before.read(part))
    return changed.getvalue()


def test_cells_keep_their_types_and_rows_their_numbers() -> None:
    rows = read(
        written(
            ["Export"], ["Job", "Ended", "Bytes"], ["shop ", ENDED, 3], [None, None, None], ["x", ENDED, 2.5]
        ),
        header=2,
    )
    assert [(row.number, dict(row.values)) for row in rows] == [
        (3, {"Job": "shop", "Ended": ENDED, "Bytes": 3}),
        (5, {"Job": "x", "Ended": ENDED, "Bytes": 2.5}),
    ]


def test_a_formula_counts_by_its_saved_value_and_without_one_cannot_be_read() -> None:
    content = written(["Job", "Ended"], ["=1+1", ENDED])
    (unsaved,) = read(content)
    assert isinstance(unsaved.values["Job"], Unreadable)
    empty = re.compile(rb"(?<=</f>)<v\s*(/>|></v>)")
    saved = with_part(content, "xl/worksheets/sheet1.xml", lambda part: empty.sub(b"<v>2</v>", part))
    (counted,) = read(saved)
    assert counted.values["Job"] == 2


def test_an_error_in_a_cell_cannot_be_read() -> None:
    (row,) = read(written(["Job", "Ended"], ["#N/A", ENDED]))
    assert row.values["Job"] == Unreadable("the error #N/A")


def test_of_several_sheets_one_must_be_named() -> None:
    content = written(["Job", "Ended"], ["x", ENDED], sheets=("Jobs", "Notes"))
    assert len(read(content, sheet="Jobs")) == 1
    with pytest.raises(FileRefusedError, match="has several sheets; say which with sheet: Jobs, Notes"):
        read(content)
    with pytest.raises(FileRefusedError, match="has no sheet 'Job'; it has Jobs, Notes"):
        read(content, sheet="Job")


def test_a_missing_column_or_header_is_told() -> None:
    with pytest.raises(FileRefusedError, match=r"has no column 'Ended'\. Did you mean 'End'\?"):
        read(written(["Job", "End"]))
    with pytest.raises(FileRefusedError, match="has no row 5 with the names"):
        read(written(["Job", "Ended"]), header=5)


def test_a_workbook_that_is_cut_off_is_refused_wherever_it_ends() -> None:
    content = written(["Job", "Ended"], ["x", ENDED])
    for size in range(0, len(content), 97):
        with pytest.raises(FileRefusedError, match="is no whole XLSX workbook"):
            read(content[:size])


@pytest.mark.parametrize("seed", range(40))
def test_a_spoilt_workbook_is_read_or_refused_and_nothing_else(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  no secret hangs on it
    content = bytearray(written(["Job", "Ended"], ["=1+1", ENDED], ["x", ENDED]))
    for _ in range(chance.randint(1, 6)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    with suppress(FileRefusedError):
        assert len(read(bytes(content))) <= 2


def test_a_part_that_is_no_xml_is_refused() -> None:
    content = with_part(
        written(["Job", "Ended"]), "xl/worksheets/sheet1.xml", lambda part: part[: len(part) // 2]
    )
    with pytest.raises(FileRefusedError, match="is no whole XLSX workbook"):
        read(content)


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "LARGEST_UNPACKED", 100_000)
    bomb = with_part(written(["Job", "Ended"]), "xl/theme/theme1.xml", lambda _: b" " * 200_000)
    assert len(bomb) < 20_000
    with pytest.raises(FileRefusedError, match="unpacks to more than 100,000 bytes"):
        read(bomb)


def test_a_workbook_of_too_many_parts_or_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = written(["Job", "Ended"], ["x", ENDED], ["y", ENDED])
    monkeypatch.setattr(spreadsheet, "MOST_ROWS", 2)
    with pytest.raises(FileRefusedError, match="has more than 2 rows"):
        read(content)
    monkeypatch.setattr(spreadsheet, "MOST_PARTS", 3)
    with pytest.raises(FileRefusedError, match="unpacks to more than"):
        read(content)


def test_a_workbook_that_says_it_is_huge_is_read_as_what_it_is() -> None:
    content = with_part(
        written(["Job", "Ended"], ["x", ENDED]),
        "xl/worksheets/sheet1.xml",
        lambda part: part.replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"'),
    )
    assert len(read(content)) == 1


def test_a_document_type_which_might_name_other_files_is_refused() -> None:
    content = with_part(
        written(["Job", "Ended"]),
        "xl/worksheets/sheet1.xml",
        lambda part: b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + part,
    )
    with pytest.raises(FileRefusedError, match="declares a document type"):
        read(content)


@pytest.fixture
def without_openpyxl(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    yield
    monkeypatch.undo()


def test_without_the_extra_it_is_said_how_to_get_it(without_openpyxl: None, tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match=r"Run: pip install 'itomm\[xlsx\]'"):
        read(written_before())


def written_before() -> bytes:
    """A zip file, as far as is looked at before the extra is needed."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        packed.writestr("xl/workbook.xml", "<workbook/>")
    return content.getvalue()
