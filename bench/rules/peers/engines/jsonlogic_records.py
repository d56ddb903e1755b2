"""JsonLogic (datalogic-py, in Rust), one record at a time: rules compiled, records parsed beforehand."""

from __future__ import annotations

from collections.abc import Callable

from datalogic_py import DataHandle, Engine, Rule, Session

from bench.rules.peers.around import PerRecord, asked
from bench.rules.peers.engines.jsonlogic_rules import conditions
from bench.rules.peers.timing import Data, Partials, tell


def prepare(data: Data) -> Callable[[], Partials]:
    engine = Engine()
    session = engine.session()
    written = conditions(data.as_of)
    rows = {name: data.rows(name) for name in data.columns}
    handles = {name: [DataHandle(row) for row in found] for name, found in rows.items()}
    rules = []
    for rule in asked():
        counts, matches = written[rule.name]
        judged = _judge(session, engine.compile(matches)) if matches is not None else None
        rules.append(
            PerRecord(
                rule,
                rows[rule.record_type],
                handles[rule.record_type],
                _judge(session, engine.compile(counts)),
                judged,
            )
        )
    return lambda: {each.rule.name: each.over(data.services) for each in rules}


def _judge(session: Session, rule: Rule) -> Callable[[DataHandle], bool]:
    evaluate = session.evaluate_bool
    return lambda handle: evaluate(rule, handle)


if __name__ == "__main__":
    tell(prepare)
