"""Tables and text for terminals: 80 columns unless the terminal is wider, colour only where wanted."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Iterable, Mapping, Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

NARROWEST = 80
_STYLES: Mapping[str, str] = {
    "yes": "green",
    "partial": "yellow",
    "no": "red",
    "unknown": "magenta",
    "not applicable": "dim",
    "ok": "green",
    "warning": "yellow",
    "failed": "red",
    "complete": "green",
    "incomplete": "red",
}


def console() -> Console:
    """A console on stdout; 80 columns when it is no terminal."""
    width = None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", NARROWEST))
    return Console(width=width, highlight=False, soft_wrap=False)


def print_table(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()
) -> None:
    """Print a table; ``right`` names the columns (from 0) that hold numbers."""
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*[Text(cell, style=_STYLES.get(cell.strip(), "")) for cell in row])
    console().print(table)


def print_paragraph(text: str, *, style: str = "") -> None:
    """Print text, wrapped at the console's width; it may hold anything, nothing is read as markup."""
    console().print(Text(text, style=style))


def csv_text(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV; cells that a spreadsheet would run as formulas are quoted with an apostrophe."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows([[_harmless(cell) for cell in row] for row in rows])
    return buffer.getvalue()


def write_out(text: str) -> None:
    """Write machine-readable output to stdout, alone and unchanged."""
    click.echo(text, nl=False)


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell
