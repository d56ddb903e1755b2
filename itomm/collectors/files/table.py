"""An opened file as rows, with the place of each row in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from itomm.collectors.files.opening import OpenedFile
from itomm.collectors.files.rows import NumberedRow, csv_rows, json_lines_rows, json_rows, yaml_rows
from itomm.collectors.files.settings import FileRecords
from itomm.collectors.files.spreadsheet import xlsx_rows
from itomm.collectors.files.text import text_of_file
from itomm.collectors.mapping.links import placeholders
from itomm.collectors.mapping.reading import OWN_NAMES, Read
from itomm.config.clock import format_instant
from itomm.evidence.observation import Observation, RequestMade


@dataclass(frozen=True)
class Table:
    """The rows of a file; ``sheet`` is empty where a file has none."""

    opened: OpenedFile
    sheet: str
    rows: Iterator[NumberedRow]

    @property
    def request(self) -> RequestMade:
        """What was read, so that the very file can be found again."""
        told = {"modified": format_instant(self.opened.modified), "sha256": self.opened.sha256}
        return RequestMade(
            "RUN", f"read {self.opened.path.as_uri()}", told | ({"sheet": self.sheet} if self.sheet else {})
        )

    def observation(self, row: NumberedRow, read: Read) -> Observation:
        """A row as an observation, which links to file and row (as RFC 7111 does for CSV)."""
        where = f"sheet={quote(self.sheet)}&row={row.number}" if self.sheet else f"row={row.number}"
        place: dict[str, object] = {"file": self.opened.name, "row": row.number}
        if self.sheet:
            place["sheet"] = self.sheet
        return read.observation(
            url=f"{self.opened.path.as_uri()}#{where}", raw={**place, "values": dict(read.raw)}
        )


def table_of(opened: OpenedFile, mapping: FileRecords) -> Table:
    """The rows of a file, read while they are asked for.

    Raises:
        FileRefusedError: the file is not what the mapping says; also while rows are asked for.
    """
    columns = _columns(mapping)
    if mapping.written_as == "xlsx":
        sheet, rows = xlsx_rows(
            opened.content, opened.name, sheet=mapping.sheet, header=mapping.header, columns=columns
        )
        return Table(opened, sheet, rows)
    text = text_of_file(opened.content, mapping.encoding, opened.name)
    if mapping.written_as == "csv":
        found = csv_rows(
            text, opened.name, delimiter=mapping.delimiter, header=mapping.header, columns=columns
        )
        return Table(opened, "", found)
    if mapping.written_as == "json_lines":
        return Table(opened, "", json_lines_rows(text))
    structured = json_rows if mapping.written_as == "json" else yaml_rows
    return Table(opened, "", structured(text, opened.name, mapping.rows))


def _columns(mapping: FileRecords) -> Sequence[Sequence[str]]:
    """The columns that a table must have; of alternatives, one."""
    single = [*mapping.id, *mapping.services, *mapping.where, *placeholders(mapping.link or "")]
    alternatives = [field.source for field in mapping.fields.values() if field.source]
    needed = [(column,) for column in single] + alternatives
    return [group for group in needed if not any(column.startswith(OWN_NAMES) for column in group)]
