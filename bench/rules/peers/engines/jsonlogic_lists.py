"""JsonLogic (datalogic-py, in Rust), a service's whole list at a time, parsed beforehand.

The rules' conditions are wrapped in JsonLogic's own ``filter``, ``map`` and ``length``, so that a service's
records of a type are judged in one call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from datalogic_py import DataHandle, Engine, Rule, Session

from bench.rules.peers.around import Asked, asked, summary
from bench.rules.peers.engines.jsonlogic_rules import VALUES, Logic, conditions
from bench.rules.peers.timing import Data, Partials, tell

RECORDS: Logic = {"var": ""}


@dataclass(frozen=True)
class ListRule:
    """One rule, compiled: how many count, how many of these match, which values they have."""

    rule: Asked
    counted: Rule
    matched: Rule | None
    values: Rule | None

    def of(self, session: Session, handle: DataHandle) -> tuple[int, int | None, int | None]:
        if self.values is not None:
            found = session.evaluate_data(self.values, handle)
            return len(found), None, summary(found, self.rule.percent)
        counted = session.evaluate_int(self.counted, handle)
        if self.matched is None:
            return counted, None, None
        return counted, session.evaluate_int(self.matched, handle), None


def prepare(data: Data) -> Callable[[], Partials]:
    engine = Engine()
    session = engine.session()
    handles = {name: [DataHandle(rows) for rows in data.rows_by_service(name)] for name in data.columns}
    rules = [_compiled(engine, rule, *conditions(data.as_of)[rule.name]) for rule in asked()]
    return lambda: {
        each.rule.name: [each.of(session, handle) for handle in handles[each.rule.record_type]]
        for each in rules
    }


def _compiled(engine: Engine, rule: Asked, counts: Logic, matches: Logic | None) -> ListRule:
    chosen = {"filter": [RECORDS, counts]}
    matching = {"filter": [RECORDS, {"and": [counts, matches]}]}
    value = VALUES.get(rule.name)
    return ListRule(
        rule,
        engine.compile({"length": chosen}),
        engine.compile({"length": matching}) if matches is not None else None,
        engine.compile({"map": [chosen, value]}) if value is not None else None,
    )


if __name__ == "__main__":
    tell(prepare)
