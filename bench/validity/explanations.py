"""Why answers and the truth differ, criterion by criterion; read and written by people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

FILE = Path(__file__).parent / "explanations.yaml"


def explanations() -> Mapping[str, str]:
    """The explanation of each criterion that has one."""
    read = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {criterion: " ".join(text.split()) for criterion, text in read.items()}
