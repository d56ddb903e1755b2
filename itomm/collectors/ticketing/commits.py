"""Which commits a ticket's text names in full; nothing else of the text is kept. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

_COMMIT = re.compile(r"\b[0-9a-f]{40}\b", re.IGNORECASE | re.ASCII)
"""A whole commit id: what is shorter may be the beginning of several."""


def commits_named(texts: Iterable[str]) -> list[str]:
    """The commit ids in ``texts``, each once, in lower case as deployments tell them, in order."""
    return sorted({found.lower() for text in texts for found in _COMMIT.findall(text)})
