"""JsonLogic (datalogic-py, in Rust), one record at a time: rules compiled, records parsed beforehand.

With ``--anew`` each record is handed over as a mapping, anew for each condition, as programs mostly do.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from datalogic_py import DataHandle, Engine, Rule, Session

from bench.rules.peers.around import PerRecord, asked
from bench.rules.peers.engines.jsonlogic_rules import conditions
from bench.rules.peers.timing import Data, Partials, tell


def prepare(data: Data, *, anew: bool) -> Callable[[], Partials]:
    engine = Engine()
    session = engine.session()
    written = conditions(data.as_of)
    rows = {name: data.rows(name) for name in data.columns}
    judge = _judge_mapping if anew else _judge
    given = rows if anew else {name: [DataHandle(row) for row in found] for name, found in rows.items()}
    rules = []
    for rule in asked():
        counts, matches = written[rule.name]
        judged = judge(session, engine.compile(matches)) if matches is not None else None
        rules.append(
            PerRecord(
                rule,
                rows[rule.record_type],
                given[rule.record_type],
                judge(session, engine.compile(counts)),
                judged,
            )
        )
    return lambda: {each.rule.name: each.over(data.services) for each in rules}


def _judge(session: Session, rule: Rule) -> Callable[[DataHandle], bool]:
    evaluate = session.evaluate_bool
    return lambda handle: evaluate(rule, handle)


def _judge_mapping(session: Session, rule: Rule) -> Callable[[dict[str, Any]], Any]:
    evaluate = session.evaluate
    return lambda row: evaluate(rule, row)


if __name__ == "__main__":
    tell(partial(prepare, anew="--anew" in sys.argv))
