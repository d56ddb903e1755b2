"""Connections to an in-memory DuckDB that take little memory and spill to a folder of this process."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

MEMORY_LIMIT = "1GB"

_databases: dict[int, duckdb.DuckDBPyConnection] = {}
_opening = threading.Lock()


def connect() -> duckdb.DuckDBPyConnection:
    """A connection whose memory does not grow with what it reads; the caller closes it."""
    connection = duckdb.connect()
    connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    spill = Path(tempfile.gettempdir()) / f"itomm-{os.getpid()}"
    connection.execute(f"SET temp_directory = '{spill}'")
    return connection


@contextmanager
def in_order() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that gives the same rows in the same order, and writes the same bytes, every time.

    All of a process share one database, which costs more to open than most of what is asked of it:
    ask of files only, and make no tables.
    """
    with _shared().cursor() as connection:
        yield connection


def _shared() -> duckdb.DuckDBPyConnection:
    """The process's own database; a forked child must not go on with its parent's."""
    process = os.getpid()
    with _opening:
        if process not in _databases:
            opened = connect()
            opened.execute("SET threads = 1")
            opened.execute("SET preserve_insertion_order = true")
            opened.execute("SET enable_external_file_cache = false")  # a file is read as it lies there now
            _databases[process] = opened
        return _databases[process]
