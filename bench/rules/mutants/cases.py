"""Test cases made of small worlds: in one service, or each in its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any

from bench.rules.mutants.variants import World, renamed, variants
from itomm.config.quantities import Dimension
from itomm.rules.rule import Rule

Figures = Callable[[Sequence[World]], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Proposal:
    """Ways to write one test; the first that helps is taken."""

    cases: tuple[dict[str, Any], ...]

    @staticmethod
    def of(rule: Rule, parts: Sequence[tuple[World, int]], name: str = "") -> Proposal:
        """Worlds with how often their own record is repeated: together, and each in its own service."""
        told = _told([world for world, _ in parts])
        text = name or (f"records that differ in {told}" if told else "one record alone")
        together = _given(rule, parts, apart=False)
        apart = _given(rule, parts, apart=True)
        cases = []
        scoped: dict[str, Any] = {"scope": "organisation"} if "organisation" in rule.per else {}
        own_type = rule.record_type.name == "service"  # two services cannot be one
        if "service" in rule.per and not (own_type and len(parts) > 1):
            cases.append({"name": text, "given": together})
        if "organisation" in rule.per:
            also = scoped if "service" in rule.per else {}
            cases.append({"name": text, **also, "given": apart})
            if not own_type:
                cases.append({"name": text, **also, "given": together})
        return Proposal(tuple(cases))


def _told(worlds: Sequence[World]) -> str:
    """The fields in which worlds differ."""
    names: list[str] = []
    for type_name in dict.fromkeys(name for world in worlds for name in world):
        lists = [world.get(type_name, []) for world in worlds]
        fields = dict.fromkeys(key for records in lists for record in records for key in record)
        for field in fields:
            different = {str([record.get(field) for record in records]) for records in lists}
            if len(different) > 1:
                names.append(field)
        if len({len(records) for records in lists}) > 1:
            names.append(type_name)
    return ", ".join(list(dict.fromkeys(names))[:5])


def _given(rule: Rule, parts: Sequence[tuple[World, int]], *, apart: bool) -> dict[str, Any]:
    given: dict[str, list[dict[str, Any]]] = {}
    for number, (world, copies) in enumerate(parts):
        for type_name, records in renamed(rule, world, number, f"s{number + 1}" if apart else "s1").items():
            for record in records:
                written = dict(record)
                if type_name == "service":
                    if not apart and number and rule.record_type.name != "service":
                        continue
                    written["source_ref"] = f"s{number + 1}" if apart else "s1"
                elif apart:
                    written["service"] = f"s{number + 1}"
                if type_name == rule.record_type.name and copies > 1:
                    written["repeat"] = copies
                others = given.setdefault(type_name, [])
                if type_name == rule.record_type.name or written not in others:
                    others.append(written)
    return given


def _bounds(rule: Rule) -> list[Fraction]:
    """Every limit, and the limits one step beside it."""
    found: set[Fraction] = set()
    for threshold in (rule.grade.yes, rule.grade.partial):
        for comparison in threshold.comparisons if threshold else ():
            found.add(comparison.bound.value)
    return sorted(found)


def ratio_cases(rule: Rule, worlds: Sequence[World], figures: Figures) -> Iterator[Proposal]:
    """Shares at the limits of grades and a little beside them, and fewer records than are needed."""
    if rule.dimension is not Dimension.SHARE:
        return
    found = figures(worlds)
    good = [w for w, each in zip(worlds, found, strict=True) if each and each[0] == 1 and each[1] == 1]
    bad = [w for w, each in zip(worlds, found, strict=True) if each and each[0] == 1 and each[1] == 0]
    if not good or not bad:
        pool = list(variants(rule, worlds, pairs=False))[:400]
        again = figures(pool)
        good = good or [w for w, each in zip(pool, again, strict=True) if each and each[:2] == (1, 1)]
        bad = bad or [w for w, each in zip(pool, again, strict=True) if each and each[:2] == (1, 0)]
    if not good or not bad:
        return
    for bound in _bounds(rule):
        step = Fraction(1, 100)
        for share, word in (
            (bound, "at"),
            (_simplest(bound - step, bound), "just below"),
            (_simplest(bound, bound + step), "just above"),
        ):
            if not 0 <= share <= 1:
                continue
            total = share.denominator * ceil(Fraction(max(rule.minimum_sample, 1), share.denominator))
            yes, no = int(share * total), int((1 - share) * total)
            percent = f"{float(bound * 100):g} %"
            parts = [(world, copies) for world, copies in ((good[0], yes), (bad[0], no)) if copies]
            if rule.measure_kind == "share_of_services" or rule.record_type.name == "service":
                yield _many_services(rule, parts, f"{yes} of {total} services: {word} {percent}")
            yield Proposal.of(rule, parts, f"{yes} of {total}: {word} {percent}")


def _simplest(low: Fraction, high: Fraction) -> Fraction:
    """The fraction with the smallest denominator strictly between two others."""
    for denominator in range(1, 1000):
        numerator = low * denominator // 1 + 1
        if Fraction(numerator, denominator) < high:
            return Fraction(numerator, denominator)
    return (low + high) / 2


def _many_services(rule: Rule, parts: Sequence[tuple[World, int]], name: str) -> Proposal:
    flat = [(world, 1) for world, copies in parts for _ in range(copies)]
    scoped = {"scope": "organisation"} if "service" in rule.per else {}
    return Proposal(({"name": name, **scoped, "given": _given(rule, flat, apart=True)},))


def value_cases(rule: Rule, worlds: Sequence[World], figures: Figures) -> Iterator[Proposal]:
    """One record whose own value lies at each limit or beside it; and three whose values lie apart."""
    if rule.dimension is Dimension.SHARE:
        return
    pool = list(variants(rule, worlds, pairs=False))[:700]
    found = [(w, each) for w, each in zip(pool, figures(pool), strict=True) if each and each[0]]
    least = rule.minimum_sample
    valued = [(world, each[2]) for world, each in found if each[2] is not None]
    seen: set[Any] = set()
    for world, value in valued:
        if value not in seen:
            seen.add(value)
            yield Proposal.of(rule, [(world, least)], f"{least} alike: a value of its own")
    apart = sorted(valued, key=lambda pair: pair[1])
    if len(apart) > 2:
        three = [apart[0], apart[len(apart) // 3], apart[-1]]
        yield Proposal.of(rule, [(world, least) for world, _ in three], "values that lie apart")
        yield Proposal.of(rule, [(three[0][0], 3), (three[1][0], 1), (three[2][0], 1)], "uneven values")
    for copies in range(1, 8):
        for world, _ in found[:2]:
            yield Proposal.of(rule, [(world, copies)], f"{copies} that count")


def sample_cases(rule: Rule, worlds: Sequence[World], figures: Figures) -> Iterator[Proposal]:
    """Exactly as many records as are needed, one less, and none."""
    found = figures(worlds)
    counting = [world for world, each in zip(worlds, found, strict=True) if each and each[0]]
    least = rule.minimum_sample
    for world in counting[:3]:
        for copies in (least, least - 1, least + 1):
            if copies > 0:
                yield Proposal.of(rule, [(world, copies)], f"{copies} that count, {least} needed")
                if rule.measure_kind == "share_of_services":
                    yield _many_services(rule, [(world, copies)], f"{copies} services, {least} needed")
    nothing = {"name": "nothing was found", "given": {rule.record_type.name: []}}
    yield Proposal((nothing,))
    not_counting = [world for world, each in zip(worlds, found, strict=True) if not each or not each[0]]
    for world in not_counting[:3]:
        yield Proposal.of(rule, [(world, 1)], "none that counts")
