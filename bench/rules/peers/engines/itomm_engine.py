"""The ten rules by itomm, through the functions that ``itomm score`` calls.

Timed is from rules to answers over evidence that is open, as the peers' records are loaded, and from rules to
partial results alone. Rules are read beforehand; that their expressions are parsed again counts.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import duckdb

from bench.rules.peers.rows import AS_OF, KINDS
from bench.rules.peers.timing import timed
from itomm.config.yaml_source import read_documents
from itomm.evidence.collection import Collection, Segment
from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import record_types
from itomm.rules.answer import InferredAnswer
from itomm.rules.columns_read import columns_read
from itomm.rules.evaluation import InferredAnswers, answer_all
from itomm.rules.measured import MeasuredRule
from itomm.rules.measuring import measure_rules
from itomm.rules.readiness import EvidenceState
from itomm.rules.rule import Rule
from itomm.rules.rule_reader import read_rule

RULES = Path(__file__).parents[1] / "rules.yaml"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    rules = [read_rule(document) for document in read_documents(RULES)]
    services = json.loads((chosen.folder / "about.json").read_text())["services"]
    snapshot = _snapshot(chosen.folder)
    print(json.dumps(_timed(rules, snapshot, services, chosen.rounds)))


def _timed(rules: list[Rule], snapshot: Snapshot, services: list[str], rounds: int) -> dict[str, object]:
    types = {each.name: each for rule in rules for each in rule.needed_types}
    columns = columns_read([rule.bound(AS_OF) for rule in rules])
    with closing(open_evidence(snapshot, types.values(), AS_OF, columns=columns)) as connection:
        loading = time.process_time()

        def answered() -> InferredAnswers:
            state = EvidenceState(snapshot, AS_OF, {service: {} for service in services})
            return answer_all(connection, rules, services, state, AS_OF)

        def measured() -> dict[str, MeasuredRule]:
            found = measure_rules(connection, [rule.bound(AS_OF) for rule in rules])
            return {bound.rule.name: measured for bound, measured in found}

        told, partials = answered().services, measured()
        return {
            **timed(answered, rounds),
            "measuring": timed(measured, rounds),
            "loading": loading,
            "answers": {
                rule.name: [_said(told[rule.criterion, service]) for service in services] for rule in rules
            },
            "partials": {
                rule.name: [
                    _partial(rule, partials[rule.name].by_service.get(service)) for service in services
                ]
                for rule in rules
            },
        }


def _said(answer: InferredAnswer) -> tuple[str, str | None, int, int | None, str | None]:
    measured = answer.measured if answer.counted else None
    return answer.verdict, answer.reason, answer.counted, answer.matched, measured


def _partial(
    rule: Rule, measured: Sequence[int | Fraction | None] | None
) -> tuple[object, object, str | None]:
    if measured is None:
        return 0, 0 if rule.bound(AS_OF).measure.condition is not None else None, None
    counted, matched, value = measured[:3]
    return counted, matched, None if value is None else str(value)


def _snapshot(folder: Path) -> Snapshot:
    """One complete collection of every type over the whole year."""
    return Snapshot(folder, tuple(_collection(folder, name) for name in KINDS))


def _collection(folder: Path, record_type: str) -> Collection:
    rows = _rows(folder / f"{record_type}.parquet")
    return Collection(
        id=record_type,
        run=1,
        source="made-up",
        collector="made-up",
        record_type=record_types()[record_type].name,
        started_at=AS_OF,
        finished_at=AS_OF,
        complete=True,
        reason=None,
        error="",
        records=rows,
        window_start=AS_OF - timedelta(days=400),
        window_end=AS_OF,
        requested=(),
        denied=(),
        warnings=(),
        unmapped=0,
        segments=(Segment(f"{record_type}.parquet", rows, "", distinct_records=rows),),
        covered_from=AS_OF - timedelta(days=400),
    )


def _rows(path: Path) -> int:
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT count(*) FROM '{path}'").fetchone()
        return int(found[0]) if found else 0


if __name__ == "__main__":
    main()
