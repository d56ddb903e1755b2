"""What of a rule's answers hangs on what no source told, by service and for all together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
from sqlglot import exp

from itomm.evidence.observation import UnknownReason
from itomm.rules.asking import Asking
from itomm.rules.columns_read import columns_read
from itomm.rules.limits import DEFAULT_LIMITS, StatementLimits
from itomm.rules.measured import exact
from itomm.rules.measuring import cannot_be_evaluated
from itomm.rules.readiness import Doubt, EvidenceState
from itomm.rules.rule import RECORD_ALIAS, BoundRule
from itomm.rules.untold.clarity import Clarity
from itomm.rules.untold.possible import Bounds
from itomm.rules.untold.silences import Silence, said_of
from itomm.rules.untold.statement import COLUMNS, bounding, flags_of, silent_elsewhere, silent_rows


@dataclass(frozen=True)
class Undecided:
    """Bounds of all records together, and of those services that have an undecided record.

    ``everywhere`` are the bounds of all other services. ``doubts`` are types that were not read in full.
    """

    silences: tuple[Silence, ...]
    total: Bounds
    by_service: Mapping[str | None, Bounds]
    everywhere: Bounds | None = None
    doubts: tuple[Doubt, ...] = ()

    def of(self, service: str) -> Bounds | None:
        """The bounds of a service; None when it is decided."""
        return self.by_service.get(service, self.everywhere)

    @property
    def reason(self) -> UnknownReason:
        """Why an answer that hangs on it is unknown."""
        return self.doubts[0].reason if self.doubts else UnknownReason.NEVER_COLLECTED

    @property
    def said(self) -> str:
        """Which sources cannot tell what, or were not read in full, in words."""
        return "; ".join(filter(None, [*(each.detail for each in self.doubts), said_of(self.silences)]))


def silences_heard(bound: BoundRule, state: EvidenceState) -> tuple[Silence, ...]:
    """What a rule reads and some source cannot tell, without what the rule takes for empty."""
    told_for = bound.rule.untold_as_empty
    silent = {each.name: found for each in bound.rule.needed_types if (found := state.silences(each))}
    if not silent:
        return ()
    read = columns_read([bound])
    return tuple(
        silence
        for name, found in silent.items()
        for silence in found
        if silence.field in read.get(name, ()) and silence.place not in told_for
    )


def with_provenance(
    columns: Mapping[str, frozenset[str]], rules: Iterable[BoundRule], state: EvidenceState
) -> Mapping[str, frozenset[str]]:
    """The columns that rules read, and those by which the silent records among them are known."""
    found = dict(columns)
    for bound in rules:
        for silence in silences_heard(bound, state):
            found[silence.record_type] = found.get(silence.record_type, frozenset()) | silence.provenance
    return found


def with_services_told(bound: BoundRule, state: EvidenceState) -> BoundRule:
    """The rule, which does not know of a service whether it applies where that hangs on what is untold."""
    if bound.services is None:
        return bound
    flags = dict(flags_of("service", RECORD_ALIAS, silences_heard(bound, state)))
    unclear = Clarity(flags).unclear(bound.services)
    if unclear is None:
        return bound
    known = exp.Case(ifs=[exp.If(this=unclear, true=exp.Null())], default=bound.services.copy())
    return replace(bound, services=known)


def undecided(
    asking: Asking, bound: BoundRule, state: EvidenceState, limits: StatementLimits = DEFAULT_LIMITS
) -> Undecided | None:
    """What of a rule is undecided; None when nothing is.

    Raises:
        InvalidInputError: it takes more than a statement may.
    """
    silences, doubts = silences_heard(bound, state), state.doubts(bound.rule)
    if not silences and not doubts:
        return None
    try:
        if bound.query is not None:
            return _of_query(asking, bound, silences)
        doubtful = frozenset(each.record_type for each in doubts)
        total, by_service = _bounds_of(asking.as_a_whole(bounding(bound, silences, doubtful))())
    except duckdb.Error as error:
        raise cannot_be_evaluated(bound, error, limits) from None
    return None if total.is_decided else Undecided(silences, total, by_service, doubts=doubts)


def _bounds_of(rows: Sequence[Sequence[Any]]) -> tuple[Bounds, Mapping[str | None, Bounds]]:
    total = Bounds()
    by_service: dict[str | None, Bounds] = {}
    for service, is_total, *values in rows:
        named = zip(COLUMNS, map(exact, values), strict=True)
        found = Bounds(**{name: value for name, value in named if value is not None})  # type: ignore[arg-type]  # counts are whole
        if is_total:
            total = found
        elif not found.is_decided:
            by_service[service] = found
    return total, by_service


def _of_query(asking: Asking, bound: BoundRule, silences: tuple[Silence, ...]) -> Undecided | None:
    """What a query makes of untold fields is bounded by nothing; a joined record may be of any service."""
    open_ended = Bounds(open_ended=True)
    elsewhere = silent_elsewhere(bound, silences)
    if elsewhere is not None and any(count for row in asking.as_a_whole(elsewhere)() for count in row):
        return Undecided(silences, open_ended, {}, open_ended)
    rows = asking.as_a_whole(silent_rows(bound, silences))()
    silent = {service: open_ended for service, is_total, count in rows if count and not is_total}
    return Undecided(silences, open_ended, silent) if silent else None
