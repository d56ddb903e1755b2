"""Propose tests that notice the mutants which the tests beside a rule do not notice.

    .venv/bin/python bench/rules/mutants/propose.py [--pack PACK] [--write] [RULE...]

Every record of a rule's tests is varied in one field at a time, each variant in a service of its own, so that
one statement a mutant tells which variants it treats differently. What tells most apart becomes a test case,
and the same is done for values around the limits of grades. The proposals are printed as YAML; with
``--write`` they are put beside the rules. A person must read them: they hold what the rule does, not what it
should do.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

sys.path.insert(0, str(Path(__file__).parents[3]))

from bench.rules.mutants.cases import Proposal, ratio_cases, sample_cases, value_cases
from bench.rules.mutants.variants import World, renamed, variants, worlds_of
from bench.rules.mutants.writing import add_tests, as_yaml
from itomm.config.errors import InvalidInputError
from itomm.rules.cases import CaseDocument, answer_of, prepare
from itomm.rules.measuring import measure_rules
from itomm.rules.mutation.answering import Answering
from itomm.rules.mutation.mutants import Mutant, mutants_of
from itomm.rules.pack import load_packs
from itomm.rules.rule import Rule
from itomm.rules.rule_tests import case_of, differences, testing_connection

MOST_VARIANTS = 700
MOST_PROBES = 10


def survivors(connection: duckdb.DuckDBPyConnection, rule: Rule) -> list[Mutant]:
    alive = [mutant for mutant in mutants_of(rule) if not mutant.alike]
    answering = Answering(connection)
    for index in range(len(rule.written.tests)):
        if not alive:
            break
        case = case_of(rule, index)
        alive = still_alive(connection, answering, rule, alive, case)
    return alive


def still_alive(
    connection: duckdb.DuckDBPyConnection,
    answering: Answering,
    rule: Rule,
    alive: Sequence[Mutant],
    case: CaseDocument,
) -> list[Mutant]:
    prepared = prepare(connection, rule, case)
    return [
        mutant
        for mutant, answer in answering.answers(alive, prepared)
        if answer is not None and next(differences(case.expect, answer), None) is None
    ]


@dataclass
class Search:
    """Looks for cases that kill what survives of one rule."""

    connection: duckdb.DuckDBPyConnection
    rule: Rule
    alive: list[Mutant]
    siblings: Sequence[Rule]

    def __post_init__(self) -> None:
        self.answering = Answering(self.connection)
        self.found: list[dict[str, Any]] = []

    def run(self) -> list[dict[str, Any]]:
        worlds = worlds_of(self.rule, self.siblings)
        if not worlds:
            return []
        for round_ in range(5):
            if not self.alive or not self._probe(worlds, round_):
                break
        for proposals in (ratio_cases, value_cases, sample_cases):
            if self.alive:
                for proposal in proposals(self.rule, worlds, self._figures):
                    self._try(proposal)
                    if not self.alive:
                        break
        return self.found

    def _figures(self, worlds: Sequence[World]) -> list[tuple[Any, ...]]:
        """Counted, matched and value of each world by itself."""
        return self._by_world(worlds, [None])[0]

    def _by_world(
        self, worlds: Sequence[World], rules: Sequence[Mutant | None]
    ) -> list[list[tuple[Any, ...]]]:
        given: dict[str, list[dict[str, Any]]] = {}
        names = []
        for number, world in enumerate(worlds):
            name = f"w{number}"
            names.append(name)
            for record_type, records in renamed(self.rule, world, number, name).items():
                for record in records:
                    extra = {"service": name} if record_type != "service" else {"source_ref": name}
                    given.setdefault(record_type, []).append({**record, **extra})
        written = {"name": "x", "expect": {"answer": "unknown"}, "given": given, "service": "w0"}
        case = CaseDocument.model_validate(written)
        both = frozenset({"service", "organisation"})
        rule = replace(self.rule, per=both)
        prepared = prepare(self.connection, rule, case)
        found = []
        for mutant in rules:
            changed = replace(mutant.rule if mutant else rule, per=both)
            bound = changed.bound(prepared.as_of)
            try:
                ((_, measured),) = measure_rules(self.connection, [bound])
            except InvalidInputError:
                found.append([(0, None, None, None, None, None)] * len(names))
                continue
            applies = measured.applies or {}
            found.append(
                [
                    (*measured.by_service.get(name, (0, None, None, None, None)), applies.get(name))
                    for name in names
                ]
            )
        return found

    def _probe(self, worlds: Sequence[World], round_: int) -> bool:
        """Find variants that mutants treat differently; a case of those that tell most apart."""
        pool = list(variants(self.rule, worlds, pairs=round_ > 0))
        pool = pool[:MOST_VARIANTS] if round_ == 0 else pool[-MOST_VARIANTS:]
        groups: dict[str, Mutant] = {}
        for mutant in self.alive:
            if mutant.change.split(":")[0].split(".")[0] not in {"grade", "missing", "minimum_sample"}:
                groups[mutant.rule.criterion] = mutant
        if not groups or not pool:
            return False
        told: dict[str, set[int]] = {}
        original = self._by_world(pool, [None])[0]
        for name, mutant in groups.items():
            changed = self._by_world(pool, [mutant])[0]
            apart = {n for n, pair in enumerate(zip(original, changed, strict=True)) if pair[0] != pair[1]}
            if apart:
                told[name] = apart
        chosen: list[int] = []
        left = dict(told)
        while left and len(chosen) < MOST_PROBES:
            counts: dict[int, int] = {}
            for places in left.values():
                for place in places:
                    counts[place] = counts.get(place, 0) + 1
            best = min(counts, key=lambda place: (-counts[place], place))
            chosen.append(best)
            left = {name: places for name, places in left.items() if best not in places}
        before = len(self.alive)
        for proposal in self._probing_cases(worlds, [pool[place] for place in chosen]):
            self._try(proposal)
        return len(self.alive) < before

    def _probing_cases(self, worlds: Sequence[World], chosen: Sequence[World]) -> Iterator[Proposal]:
        if not chosen:
            return
        figures = self._figures(worlds)
        counting = [world for world, found in zip(worlds, figures, strict=True) if found and found[0]]
        fill = counting[0] if counting else None
        least = self.rule.minimum_sample
        yield Proposal.of(self.rule, [*([(fill, least)] if fill else []), *((each, 1) for each in chosen)])
        for each in chosen:
            yield Proposal.of(self.rule, [*([(fill, least)] if fill else []), (each, 1)])
            yield Proposal.of(self.rule, [(each, 1)])

    def _try(self, proposal: Proposal) -> None:
        for case in proposal.cases:
            try:
                asked = CaseDocument.model_validate({**case, "expect": {"answer": "unknown"}})
                answer = answer_of(self.connection, self.rule, asked)
            except ValueError:
                continue
            expect: dict[str, Any] = {"answer": answer.verdict.value}
            if answer.reason is not None:
                expect["reason"] = answer.reason.value
            if answer.measured is not None and answer.matched is None:
                expect["measured"] = answer.measured
            expect["counted"] = answer.counted
            if answer.matched is not None:
                expect["matched"] = answer.matched
            full = {**case, "expect": expect}
            checked = CaseDocument.model_validate(full)
            alive = still_alive(self.connection, self.answering, self.rule, self.alive, checked)
            if next(differences(checked.expect, answer), None) is None and len(alive) < len(self.alive):
                self.alive = alive
                same = sum(each["name"].partition(" (")[0] == full["name"] for each in self.found)
                if same:
                    full["name"] = f"{full['name']} ({same + 1})"
                self.found.append(full)
                return


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--write", action="store_true")
    arguments.add_argument("--pack", default="itomm")
    arguments.add_argument("rules", nargs="*")
    options = arguments.parse_args()
    pack = load_packs([options.pack])
    for rule in [each for name in options.rules if (each := pack.rule(name))] or pack.rules:
        with closing(testing_connection()) as connection:
            alive = survivors(connection, rule)
            plain = rule.name.removesuffix("-per-service")
            siblings = [each for each in pack.rules if each is not rule and each.name.startswith(plain)]
            siblings = [each for each in siblings if each.record_type == rule.record_type]
            search = Search(connection, rule, alive, siblings)
            found = search.run()
        print(
            f"# {rule.name}: {len(alive)} survived, {len(search.alive)} still do, {len(found)} tests",
            flush=True,
        )
        for mutant in search.alive:
            print(f"#   {mutant.change}", flush=True)
        text = "".join(as_yaml(case) for case in found)
        if options.write and text:
            add_tests(Path(rule.document.file), rule.name, text)
        elif text:
            print(text, flush=True)


if __name__ == "__main__":
    main()
