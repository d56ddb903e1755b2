"""The same answers in hand-written DuckDB SQL: one statement for each scan, then one for each rule's grades.

    python -m bench.rules.scale.by_hand FOLDER SERVICES OUTPUT.parquet

Reads the segments directly. Times run from the connection to the last answer.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import duckdb

from bench.rules.scale.made_up_rows import services_of
from bench.rules.scale.twins import FIELDS, Twin, twins

AS_OF = "TIMESTAMP '2026-11-01'"


def main() -> None:
    """Answer, say what it took, then write the answers down."""
    folder, services, output = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    begun, worked = time.perf_counter(), time.process_time()
    with duckdb.connect() as connection:
        connection.execute("SET memory_limit = '1GB'")
        connection.execute(f"SET temp_directory = '{output.parent / 'spilled'}'")
        answer_all(connection, folder, services)
        seconds, work = time.perf_counter() - begun, time.process_time() - worked
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        connection.execute(f"COPY answers TO '{output}' (FORMAT parquet)")
        (answers,) = connection.execute("SELECT count(*) FROM answers").fetchone() or (0,)
    print(json.dumps({"seconds": seconds, "work": work, "peak_kb": peak, "answers": answers}))


def answer_all(connection: duckdb.DuckDBPyConnection, folder: Path, services: int) -> None:
    """Fill the table ``answers``."""
    connection.execute("CREATE TABLE services AS SELECT unnest(?) AS service", [services_of(services)])
    connection.execute(
        "CREATE TABLE answers (rule VARCHAR, service VARCHAR, verdict VARCHAR,"
        " counted BIGINT, matched BIGINT, value HUGEINT, below HUGEINT)"
    )
    for table in [*FIELDS, "postmortem"]:
        connection.execute(f"CREATE VIEW {table} AS FROM read_parquet('{folder}/{table}/*.parquet')")
    ordered = sorted(twins(), key=lambda twin: (twin.table, twin.scan))
    for (table, scan), group in groupby(ordered, key=lambda twin: (twin.table, twin.scan)):
        rules = list(group)
        longest = max(rule.days for rule in rules)
        records = (
            f"FROM {table} WHERE ({scan}) AND {FIELDS[table]} <= {AS_OF}"
            f" AND {FIELDS[table]} > {AS_OF} - INTERVAL {longest} DAY"
        )
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE found AS SELECT service_id, {', '.join(_terms(rules))} {records}"
            " GROUP BY service_id"
        )
        for rule in rules:
            connection.execute(_graded(rule, "service", "services LEFT JOIN found ON service_id = service"))
        pooled = [rule for rule in rules if rule.pooled]
        terms = ", ".join(["count(*) AS n", *_terms(pooled)])
        connection.execute(f"CREATE OR REPLACE TEMP TABLE found AS SELECT {terms} {records}")
        for rule in pooled:
            connection.execute(_graded(rule, "NULL", "found"))


def _terms(rules: Sequence[Twin]) -> Iterator[str]:
    for rule in rules:
        field = FIELDS[rule.table]
        within = f"{field} > {AS_OF} - INTERVAL {rule.days} DAY AND ({rule.term})"
        name = f'"{rule.name}'
        if rule.aggregate:
            value = rule.aggregate.partition("(")[2].rpartition(")")[0].removeprefix("DISTINCT ")
            value = value.rpartition(", ")[0] if rule.aggregate.startswith("quantile") else value
            yield f'count({value}) FILTER ({within}) AS {name} n"'
            yield f'{rule.aggregate} FILTER ({within}) AS {name} v"'
        else:
            yield f'count(*) FILTER ({within}) AS {name} n"'
        if rule.matching:
            yield f'count(*) FILTER ({within} AND ({rule.matching})) AS {name} m"'


def _graded(rule: Twin, service: str, source: str) -> str:
    counted = f'coalesce("{rule.name} n", 0)'
    matched = f'coalesce("{rule.name} m", 0)' if rule.matching else "NULL"
    how, yes, partial = rule.by_hand
    match how:
        case "share":
            value, below, reached = matched, counted, f"{matched} * 100 >= {{}} * {counted}"
        case "a week":
            value, below, reached = counted, str(rule.days), f"{counted} * 7 >= {{}} * {rule.days}"
        case "average":
            total = f'CAST("{rule.name} v" * 1000000000 AS HUGEINT)'
            value, below = total, f"{counted} * 1000000000"
            reached = f"{total} * 100 >= {{}} * CAST({counted} AS HUGEINT) * 1000000000"
        case _:
            value = f'"{rule.name} v"' if rule.aggregate else counted
            below, reached = "1", f"{value} {'<=' if how == 'at most' else '>='} {{}}"
    return (
        f"INSERT INTO answers SELECT '{rule.name}', {service},"
        f" CASE WHEN {counted} < {rule.sample} THEN 'unknown' WHEN {reached.format(yes)} THEN 'yes'"
        f" WHEN {reached.format(partial)} THEN 'partial' ELSE 'no' END,"
        f" {counted}, {matched}, CASE WHEN {counted} > 0 THEN {value} END, {below} FROM {source}"
    )


if __name__ == "__main__":
    main()
