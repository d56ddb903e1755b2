"""The answers of itomm's engine, through its public door: rules as YAML, a snapshot of segments, answers.

    python -m bench.rules.scale.by_itomm FOLDER SERVICES OUTPUT.parquet ROWS

Times run from the read rules to the last answer, all answers held.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import duckdb

from bench.rules.scale.made_up_rows import AS_OF, services_of, write
from bench.rules.scale.twins import twins
from itomm.config.yaml_source import parse_documents
from itomm.rules.answer import InferredAnswer
from itomm.rules.evaluation import InferredAnswers, ServiceKeys, evaluate
from itomm.rules.rule import Rule
from itomm.rules.rule_reader import read_rule


def main() -> None:
    """Answer, say what it took, then write the answers down."""
    folder, services, output, rows = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    snapshot = write(folder, rows, services, 1)
    rules = rules_of_twins()
    keys = [ServiceKeys(service, {}) for service in services_of(services)]
    begun, worked = time.perf_counter(), time.process_time()
    answers = evaluate(rules, snapshot, keys, AS_OF)
    seconds, work = time.perf_counter() - begun, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    number = len(answers.organisation) + len(answers.services)
    print(json.dumps({"seconds": seconds, "work": work, "peak_kb": peak, "answers": number}))
    write_down(answers, output)


def rules_of_twins() -> list[Rule]:
    """The twins' rules, read as YAML."""
    return [read_rule(parse_documents(json.dumps(twin.rule), "rules.yaml")[0]) for twin in twins()]


def write_down(answers: InferredAnswers, output: Path) -> None:
    """All answers as Parquet."""
    every: list[tuple[str | None, InferredAnswer]] = [
        (None, answer) for answer in answers.organisation.values()
    ]
    every += [(service, answer) for (_, service), answer in answers.services.items()]
    with open(output.with_suffix(".json"), "w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(_row(answer, service)) + "\n" for service, answer in every)
    columns = dict.fromkeys(("rule", "service", "verdict", "measured"), "VARCHAR")
    columns |= dict.fromkeys(("counted", "matched"), "BIGINT")
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (FROM read_json('{output.with_suffix('.json')}', format='newline_delimited',"
            f" columns={columns})) TO '{output}' (FORMAT parquet)"
        )
    output.with_suffix(".json").unlink()


def _row(answer: InferredAnswer, service: str | None) -> dict[str, object]:
    return {
        "rule": answer.rule,
        "service": service,
        "verdict": answer.verdict,
        "counted": answer.counted,
        "matched": answer.matched,
        "measured": answer.measured,
    }


if __name__ == "__main__":
    main()
