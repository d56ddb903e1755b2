"""Garbage collection, which walks over everything alive whenever much is made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def nothing_collected() -> Iterator[None]:
    """No garbage collection meanwhile: answers form no cycles, and walking over millions takes time.

    What was made counts as old afterwards: switching collection on again must not walk over it at once.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.freeze()
            gc.unfreeze()  # to the oldest generation, from the permanent one
            gc.enable()
