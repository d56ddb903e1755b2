"""The way of a user with a real server: write itomm.yaml, collect, score, explain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from itomm.collectors.conformance import MemorySink
from itomm.collectors.framework.checking import check_source
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import collect
from itomm.collectors.source import build_source
from itomm.config.clock import fixed_clock, format_instant
from itomm.config.settings import Service
from tests.journeys.door import Called, in_a_process

CONFIGURATION = """
organisation: {{id: shop, name: Shop}}
history_days: 400
sources:
  tried: {source}
services:
  - {{id: checkout, tier: 1}}
  - {{id: cart, tier: 2}}
"""


@dataclass(frozen=True)
class Journey:
    """One folder with an itomm.yaml whose only source is called ``tried``."""

    folder: Path
    now: datetime
    environment: Mapping[str, str]

    def run(self, *words: str) -> Called:
        """Call itomm there, in a process of its own."""
        options = ("--config", str(self.folder / "itomm.yaml"), "--store", str(self.folder / "store"))
        return in_a_process(*words, *options, "--now", format_instant(self.now), **self.environment)

    def explained(self, criterion: str, service: str) -> dict[str, Any]:
        """What explain says of a criterion for a service."""
        called = self.run("explain", criterion, "--service", service, "--output", "json")
        assert called.code == 0, called.out[-1000:] + called.err
        return called.document


def begun(folder: Path, now: datetime, source: str, environment: Mapping[str, str]) -> Journey:
    """A journey whose configuration holds ``source`` (a YAML mapping on one line)."""
    (folder / "itomm.yaml").write_text(CONFIGURATION.format(source=source), encoding="utf-8")
    return Journey(folder, now, environment)


def read(
    settings: Mapping[str, object], now: datetime, history: timedelta = timedelta(days=400)
) -> MemorySink:
    """All streams of a source, as they would be stored."""
    services = (Service(id="checkout"), Service(id="cart"))
    assignment = Assignment(
        run=1, until=now, history=history, services=services, pseudonym_key=b"0123456789abcdef"
    )
    sink = MemorySink()
    collect([build_source("tried", dict(settings))], sink, assignment, fixed_clock(now))
    return sink


def checks(settings: Mapping[str, object], now: datetime) -> dict[str, str]:
    """What ``itomm collectors check`` says: states by title."""
    found = check_source(build_source("tried", dict(settings)), fixed_clock(now))
    return {check.title: str(check.state) for check in found}
