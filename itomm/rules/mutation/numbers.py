"""The nearest other numbers: one more and one less of the last digit that was written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

_NUMBER = re.compile(r"[-+]?[0-9]{1,18}(?:\.([0-9]{1,18}))?")


def neighbours(text: str) -> Iterator[str]:
    """A text that begins with a number, with that number one up and one down in its last digit."""
    match = _NUMBER.match(text.strip())
    if match is None:
        return
    number = Decimal(match[0])
    step = Decimal(1).scaleb(-len(match[1] or ""))
    for changed in (number + step, number - step):
        yield f"{changed:f}{text.strip()[match.end() :]}"
