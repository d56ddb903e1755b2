"""Looks values up in rows: by a column's name in tables, by a JMESPath expression in structured data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import jmespath
from jmespath.exceptions import JMESPathError

Look = Callable[[Mapping[str, object], str], object]
"""Gives what stands in a row under a column or path, None when nothing does; ValueError when it cannot."""


def in_column(row: Mapping[str, object], column: str) -> object:
    """What stands in a table's row in a column."""
    return row.get(column)


def at_path(row: object, path: str) -> object:
    """What an expression finds in structured data.

    Raises:
        ValueError: the expression cannot be applied to this data.
    """
    try:
        return _compiled(path).search(row)
    except JMESPathError:
        raise ValueError(f"data to which the path '{path}' applies") from None


def path_fault(path: str) -> str | None:
    """What is wrong with an expression, in words; None when it is sound."""
    try:
        _compiled(path)
    except JMESPathError as error:
        told = " ".join(str(error).split())
        return f"'{path}' is no JMESPath expression: {told[:200]}. Put names with other letters in quotes."
    return None


@lru_cache(maxsize=1024)
def _compiled(path: str) -> jmespath.parser.ParsedResult:
    return jmespath.compile(path)
