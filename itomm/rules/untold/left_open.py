"""Which criteria may stay open because no source tells a field that their rules read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from itomm.evidence.record_types import RecordType
from itomm.rules.readiness import EvidenceState
from itomm.rules.rule import Rule
from itomm.rules.untold.silences import said_of
from itomm.rules.untold.undecided import silences_heard


@dataclass(frozen=True)
class LeftOpen:
    """Fields of one record type that none of its sources tells, in words, and the criteria that read them."""

    said: str
    criteria: tuple[str, ...]


def left_open(rules: Iterable[Rule], state: EvidenceState, as_of: datetime) -> list[LeftOpen]:
    """What no source tells although a rule reads it, by record type."""
    types: dict[str, RecordType] = {}
    reading: dict[str, dict[str, set[str]]] = {}
    for rule in rules:
        types |= {each.name: each for each in rule.needed_types}
        for silence in silences_heard(rule.bound(as_of), state):
            fields = reading.setdefault(silence.record_type, {})
            fields.setdefault(silence.field, set()).add(rule.criterion)
    found = []
    for name in sorted(reading):
        silences = [each for each in state.silences(types[name]) if each.collections is None]
        sources = state.sources(types[name])
        nobody = {
            field
            for field in reading[name]
            if {each.source for each in silences if each.field == field} == sources
        }
        criteria = sorted({criterion for field in nobody for criterion in reading[name][field]})
        if nobody:
            said = said_of(each for each in silences if each.field in nobody)
            found.append(LeftOpen(said, tuple(criteria)))
    return found
