"""Connections to an in-memory DuckDB that take little memory and spill to a folder of this process."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

MEMORY_LIMIT = "1GB"


def connect() -> duckdb.DuckDBPyConnection:
    """A connection whose memory does not grow with what it reads; the caller closes it."""
    connection = duckdb.connect()
    connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    spill = Path(tempfile.gettempdir()) / f"itomm-{os.getpid()}"
    connection.execute(f"SET temp_directory = '{spill}'")
    return connection


@contextmanager
def in_order() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that gives the same rows in the same order, and writes the same bytes, every time."""
    with connect() as connection:
        connection.execute("SET threads = 1")
        connection.execute("SET preserve_insertion_order = true")
        yield connection
