"""Looks for garbage in cycles more rarely while very many values are made that have none."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_VALUES_BETWEEN = 50_000
"""A page of 100 issues makes some 20,000 lists and mappings; Python's own 700 is a search for each record."""


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Search for garbage rarely until the end; what is there already is not looked at again and again."""
    before = gc.get_threshold()
    gc.set_threshold(_VALUES_BETWEEN, *before[1:])
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
