"""Going on behind a checkpoint, for collectors that read one scope (project, repository) after the other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SCOPE = "scope"
_POSITION = "position"


@dataclass(frozen=True)
class Remaining:
    """What is left to read.

    Attributes:
        before: scopes that were read to their end; name them with ``context.asked``, but ask nothing.
        scopes: scopes to read, in order.
        position: where to go on within the first of ``scopes``; None for its beginning.
    """

    before: tuple[str, ...]
    scopes: tuple[str, ...]
    position: Any = None


def checkpoint(scope: str, position: object) -> dict[str, Any]:
    """The checkpoint behind a page of ``scope``; ``position`` None means that it was read to its end."""
    return {_SCOPE: scope, _POSITION: position}


def remaining(scopes: Sequence[str], resume_from: Mapping[str, Any] | None) -> Remaining:
    """What is left of ``scopes`` behind a checkpoint; all of them without one.

    A scope that has vanished since counts as read; then ``scopes`` must be sorted.
    """
    if resume_from is None:
        return Remaining((), tuple(scopes))
    reached, position = str(resume_from[_SCOPE]), resume_from[_POSITION]
    if reached not in scopes:
        position = None
        read = bisect_right(scopes, reached)
    else:
        read = scopes.index(reached) + (position is None)
    return Remaining(tuple(scopes[:read]), tuple(scopes[read:]), position)
