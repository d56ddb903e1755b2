"""The rule language once more, slow and obvious: plain loops over plain dictionaries, exact fractions.

It shares no code with the engine. Records are dictionaries of stored values with ``service_id``, ``source``
and ``source_ref`` beside their fields; what rules and evidence look like is said by the classes below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from math import ceil
from typing import Any

from tests.rules.reference_values import (
    COMPARISONS,
    MICROSECOND,
    Names,
    Node,
    Record,
    is_true,
    looked_before_base,
    value_of,
)
from tests.rules.reference_values import looked_back as _looked_back

Threshold = tuple[tuple[str, Fraction], ...]
"""Comparisons that must all hold, with bounds in the measure's base unit."""


@dataclass(frozen=True)
class Link:
    """A linked fact: ``on`` holds (their field, our field); ``counts`` makes it a number."""

    record_type: str
    on: tuple[tuple[str, str], ...]
    where: Node | None = None
    counts: bool = False


@dataclass(frozen=True)
class ReferenceRule:
    """A rule; ``measure`` is its word and what it is over, see :func:`measured`."""

    record_type: str
    measure: tuple[Any, ...]
    yes: Threshold
    partial: Threshold | None = None
    services: Node | None = None
    where: Node | None = None
    window: tuple[str, int] | None = None
    linked: Mapping[str, Link] = field(default_factory=dict)
    minimum_sample: int = 1
    minimum_coverage: Fraction = Fraction(9, 10)
    missing: str = "unknown"
    confidence: str = "direct"
    yes_days: int | None = None
    partial_days: int | None = None


@dataclass(frozen=True)
class ReferenceCollection:
    """How one source delivered one record type; ``denied`` names services when only parts were denied.

    ``untold`` are fields that are empty in its records because the source cannot tell them.
    """

    source: str
    age: timedelta = timedelta(0)
    fault: str | None = None
    denied: tuple[str, ...] = ()
    covered_from: datetime | None = None
    untold: tuple[str, ...] = ()


@dataclass(frozen=True)
class World:
    """Everything that rules are answered from. ``lives`` are times to live by record type."""

    as_of: datetime
    services: tuple[str, ...]
    records: Mapping[str, Sequence[Record]]
    collections: Mapping[str, Sequence[ReferenceCollection]]
    lives: Mapping[str, timedelta]


@dataclass(frozen=True)
class ReferenceAnswer:
    """What the rule says: ``measured`` in base units, beside the ``bounds`` that it was compared with."""

    answer: str
    reason: str | None = None
    measured: Fraction | None = None
    counted: int = 0
    matched: int | None = None
    confidence: Fraction = Fraction(0)
    seen: int = 0
    bounds: tuple[Fraction, ...] = ()


@dataclass(frozen=True)
class Found:
    """What was measured: ``sample`` is compared with the minimum."""

    value: Fraction | None
    counted: int
    matched: int | None
    sample: int
    absent: bool


BASE = {"direct": Fraction(9, 10), "proxy": Fraction(7, 10), "weak": Fraction(1, 2)}
NOTHING = Found(None, 0, None, 0, absent=True)
WITHOUT_RECORDS = {
    "no_if_complete": "no",
    "yes_if_complete": "yes",
    "not_applicable_if_complete": "not_applicable",
}


def answers(rule: ReferenceRule, world: World) -> tuple[ReferenceAnswer, dict[str, ReferenceAnswer]]:
    """The answer for the organisation, and those for all services."""
    parts = [_Answering(part, world) for part in _by_grade(rule)]
    by_service = {service: _together([part.service(service) for part in parts]) for service in world.services}
    return _together([part.organisation() for part in parts]), by_service


def possible_worlds(world: World, content: Callable[[str, str], Any], number: int) -> Iterator[World]:
    """The world, and others in which ``content(type, field)`` stands in fields that no source told.

    What a rule answers must hold in every one of them.
    """
    yield world
    for _ in range(number):
        yield replace(world, records={name: _filled(world, name, content) for name in world.records})


def _filled(world: World, name: str, content: Callable[[str, str], Any]) -> list[Record]:
    untold = {each.source: each.untold for each in world.collections.get(name, ())}
    return [
        {**record, **{field: content(name, field) for field in untold.get(record["source"], ())}}
        for record in world.records[name]
    ]


def _by_grade(rule: ReferenceRule) -> list[ReferenceRule]:
    """The rule once, or once for each grade when these look back over different windows."""
    if rule.window is None:
        return [rule]
    name, days = rule.window
    yes_days, partial_days = rule.yes_days or days, rule.partial_days or days
    if rule.partial is None or yes_days == partial_days:
        return [replace(rule, window=(name, yes_days))]
    return [
        replace(rule, window=(name, yes_days), partial=None),
        replace(rule, window=(name, partial_days), yes=rule.partial, partial=None),
    ]


def _together(found: Sequence[ReferenceAnswer]) -> ReferenceAnswer:
    """Only where the first grade was decidedly not reached does the second speak."""
    if len(found) == 1 or found[0].answer != "no":
        return found[0]
    return replace(found[1], answer="partial") if found[1].answer == "yes" else found[1]


class _Answering:
    def __init__(self, rule: ReferenceRule, world: World) -> None:
        self.rule, self.world = rule, world
        self.applies = {service: self._applies(service) for service in world.services}
        everything = world.records.get(rule.record_type, ())
        self.all = list(everything)
        self.selected = [record for record in everything if self._is_selected(record)]

    # --- which records, which services ------------------------------------------------------------

    def _applies(self, service: str) -> bool | None:
        if self.rule.services is None:
            return True
        for entry in self.world.records.get("service", ()):
            if entry["source_ref"] == service:
                found: bool | None = value_of(self.rule.services, Names(entry, self.world.as_of))
                return found
        return None

    def names(self, record: Record) -> Names:
        """A record with its linked facts."""
        facts: dict[str, bool | int] = {}
        for name, link in self.rule.linked.items():
            fitting = [
                other
                for other in self.world.records.get(link.record_type, ())
                if all(_linked(other.get(theirs), record.get(ours)) for theirs, ours in link.on)
                and is_true(link.where, Names(other, self.world.as_of, base=record))
            ]
            facts[name] = len(fitting) if link.counts else bool(fitting)
        return Names(record, self.world.as_of, facts=facts)

    def _is_selected(self, record: Record) -> bool:
        if self.rule.services is not None and self.applies.get(record["service_id"]) is not True:
            return False
        if self.rule.window is not None:
            moment = record.get(self.rule.window[0])
            start = self.world.as_of - timedelta(days=self.rule.window[1])
            if moment is None or not start < moment <= self.world.as_of:
                return False
        return is_true(self.rule.where, self.names(record))

    def own(self, service: str) -> list[Record]:
        """A service's selected records."""
        return [record for record in self.selected if record["service_id"] == service]

    # --- answers -----------------------------------------------------------------------------------

    def service(self, service: str) -> ReferenceAnswer:
        seen = sum(record["service_id"] == service for record in self.all)
        applies, obstacle = self.applies[service], self.not_ready(service)
        if applies is False:
            answer = ReferenceAnswer("not_applicable", confidence=BASE[self.rule.confidence])
        elif obstacle is None and applies is None:
            answer = ReferenceAnswer("unknown", "never_collected")
        elif self.rule.measure[0] == "share_of_services":
            answer = self.graded(self.one_of_the_share(service), service)
        else:
            answer = self.graded(self.measured(self.own(service)), service)
        return replace(answer, seen=seen)

    def organisation(self) -> ReferenceAnswer:
        return replace(self._organisation(), seen=len(self.all))

    def _organisation(self) -> ReferenceAnswer:
        about_services = self.rule.measure[0] == "share_of_services"
        members = [service for service in self.world.services if self.applies[service]]
        unclear = [service for service in self.world.services if self.applies[service] is None]
        if not self.world.services and (about_services or self.rule.services is not None):
            return ReferenceAnswer("unknown", "never_collected")
        if self.rule.services is not None and not members:
            if unclear:
                return ReferenceAnswer("unknown", self.not_ready(None) or "never_collected")
            return ReferenceAnswer("not_applicable", confidence=BASE[self.rule.confidence])
        if about_services:
            return self.share(members, unclear)
        return self.graded(self.measured(self.selected), None)

    def graded(self, found: Found, service: str | None) -> ReferenceAnswer:
        rule = self.rule
        bounds = tuple(bound for _, bound in (*rule.yes, *(rule.partial or ())))
        shown = ReferenceAnswer("unknown", None, found.value, found.counted, found.matched, bounds=bounds)
        confidence = BASE[rule.confidence] * self.freshness(service) * self.sample_factor(found)
        confidence *= min(Fraction(1), self.covered() / Fraction(4, 5))
        obstacle = self.not_ready(service)
        if obstacle is None and self.covered() < rule.minimum_coverage:
            obstacle = "insufficient_coverage"
        if obstacle is None and found.absent and rule.missing not in WITHOUT_RECORDS:
            obstacle = "insufficient_sample"
        too_few = found.sample < rule.minimum_sample or found.value is None
        if obstacle is None and not found.absent and too_few:
            obstacle = "insufficient_sample"
        if obstacle is None and confidence < Fraction(2, 5):
            obstacle = "stale"
        if obstacle is not None:
            return replace(shown, reason=obstacle)
        if found.absent or found.value is None:
            return replace(shown, answer=WITHOUT_RECORDS[rule.missing], confidence=confidence)
        return replace(shown, answer=self.verdict(found.value), confidence=confidence)

    def verdict(self, value: Fraction) -> str:
        if _holds(self.rule.yes, value):
            return "yes"
        return "partial" if self.rule.partial is not None and _holds(self.rule.partial, value) else "no"

    def sample_factor(self, found: Found) -> Fraction:
        least = self.rule.minimum_sample
        if least <= 1 or found.absent or self.rule.measure[0] == "share_of_services":
            return Fraction(1)
        return Fraction(4, 5) + min(Fraction(1), Fraction(found.sample - least, 2 * least)) / 5

    # --- shares of services ------------------------------------------------------------------------

    def satisfied(self, records: Sequence[Record]) -> bool:
        _, form, condition, at_least = self.rule.measure
        matching = sum(is_true(condition, self.names(record)) for record in records)
        if form == "having":
            return bool(matching >= at_least)
        if form == "where":
            return bool(records) and matching == len(records)
        return bool(records) and Fraction(matching, len(records)) >= at_least

    def one_of_the_share(self, service: str) -> Found:
        if not self.selected:
            return NOTHING
        own = self.own(service)
        condition = self.rule.measure[2]
        matched = None if condition is None else sum(is_true(condition, self.names(each)) for each in own)
        value = Fraction(int(self.satisfied(own)))
        return Found(value, len(own), matched, self.rule.minimum_sample, absent=False)

    def share(self, members: list[str], unclear: list[str]) -> ReferenceAnswer:
        """The share of services; unknown when services that could not be read or placed decide it."""
        unread = [service for service in members if self.not_ready(service) is not None]
        some_readable: str | None = None
        if self.not_ready(None) != "permission_denied" or len(unread) == len(members):
            unread = []
        elif unread:
            some_readable = next(service for service in members if service not in unread)
        if not members or not self.selected:
            return self.graded(NOTHING, some_readable)
        good = sum(self.satisfied(self.own(service)) for service in members if service not in unread)
        possible = len(members) + len(unclear)
        least = self.verdict(Fraction(good, possible))
        best = self.verdict(Fraction(good + len(unread) + len(unclear), possible))
        if self.not_ready(some_readable) is None and least != best:
            return ReferenceAnswer("unknown", "permission_denied" if unread else "never_collected")
        value = Fraction(good, len(members))
        return self.graded(Found(value, len(members), good, len(members), absent=False), some_readable)

    # --- readiness ---------------------------------------------------------------------------------

    def needed(self) -> list[str]:
        types = {self.rule.record_type, *(link.record_type for link in self.rule.linked.values())}
        return sorted(types | ({"service"} if self.rule.services is not None else set()))

    def collections(self) -> Iterator[tuple[str, Sequence[ReferenceCollection]]]:
        for name in self.needed():
            yield name, sorted(self.world.collections.get(name, ()), key=lambda each: each.source)

    def not_ready(self, service: str | None) -> str | None:
        """Why a rule cannot be answered for a service, or for the organisation."""
        for _, found in self.collections():
            if not found:
                return "never_collected"
            for each in found:
                in_part = each.fault == "permission_denied" and each.denied
                if each.fault and not (in_part and service is not None and service not in each.denied):
                    return each.fault
        return "stale" if self.freshness(service) < Fraction(1, 4) else None

    def freshness(self, _service: str | None) -> Fraction:
        """1 within the time to live, then halving with each further one; exact to twelve decimals."""
        least = Fraction(1)
        for name, found in self.collections():
            life = self.world.lives[name]
            for each in found:
                if each.age > life:
                    with localcontext(prec=50):
                        halvings = Decimal((each.age - life) // MICROSECOND) / Decimal(life // MICROSECOND)
                        here = (Decimal("0.5") ** halvings).quantize(Decimal("1e-12"))
                    least = min(least, Fraction(here))
        return least

    def covered(self) -> Fraction:
        """The least share of the time looked back at that a source covers."""
        shares = [Fraction(1)]
        for name, back in self.looks_back().items():
            life = self.world.lives[name]
            windows = [
                (each.covered_from, self.world.as_of - (each.age if each.age > life else timedelta(0)))
                for each in self.world.collections.get(name, ())
                if each.covered_from is not None
            ]
            if windows and back:
                start = max(self.world.as_of - back, *(start for start, _ in windows))
                covered = max(timedelta(0), min(end for _, end in windows) - start)
                shares.append(Fraction(covered // MICROSECOND, back // MICROSECOND))
        return min(shares)

    def looks_back(self) -> dict[str, timedelta]:
        rule = self.rule
        window = timedelta(days=rule.window[1]) if rule.window else timedelta(0)
        own = [rule.where, *(part for part in rule.measure if _is_node(part))]
        found = {rule.record_type: max(window, *(_looked_back(each) * MICROSECOND for each in own))}
        for link in rule.linked.values():
            before = looked_before_base(link.where) * MICROSECOND
            back = max(window + before, _looked_back(link.where) * MICROSECOND)
            found[link.record_type] = max(found.get(link.record_type, timedelta(0)), back)
        return found

    # --- measures ----------------------------------------------------------------------------------

    def measured(self, records: Sequence[Record]) -> Found:
        """A measure over selected records.

        Measures are ("count", condition), ("exists", condition), ("ratio", of, where), ("rate",),
        ("days_since", instant), ("trend", "count", condition), ("trend", "median", value),
        ("percentile", value, at), and ("sum" | "avg" | "min" | "max" | "distinct", value).
        """
        word, *parts = self.rule.measure
        measure = _MEASURES.get(word)
        if measure is not None:
            return measure(self, records, *parts)
        values = self._values(records, parts[0])
        value = Fraction(_OVER_VALUES[word](values, *parts[1:])) if values else None
        return Found(value, len(values), None, len(values), absent=not values)

    def matching(self, records: Sequence[Record], condition: Node | None) -> list[Record]:
        return [record for record in records if is_true(condition, self.names(record))]

    def _values(self, records: Sequence[Record], value: Node) -> list[Any]:
        found = [value_of(value, self.names(record)) for record in records]
        return [each for each in found if each is not None]

    def count(self, records: Sequence[Record], condition: Node | None) -> Found:
        good = len(self.matching(records, condition))
        matched = None if condition is None else good
        return Found(Fraction(good), len(records), matched, len(records), absent=not records)

    def exists(self, records: Sequence[Record], condition: Node | None) -> Found:
        found = self.count(records, condition)
        return replace(found, value=Fraction(int(found.value != 0)))

    def ratio(self, records: Sequence[Record], of: Node | None, where: Node) -> Found:
        those = self.matching(records, of)
        good = len(self.matching(those, where))
        value = Fraction(good, len(those)) if those else None
        return Found(value, len(those), good, len(those), absent=not those)

    def rate(self, records: Sequence[Record]) -> Found:
        days = self.rule.window[1] if self.rule.window else 1
        return Found(Fraction(len(records), days), len(records), None, len(records), absent=not records)

    def days_since(self, records: Sequence[Record], instant: Node) -> Found:
        values = self._values(records, instant)
        value = Fraction(max(0, (self.world.as_of - max(values)) // MICROSECOND)) if values else None
        return Found(value, len(values), None, len(values), absent=not values)

    def trend(self, records: Sequence[Record], of: str, over: Node | None) -> Found:
        if self.rule.window is None:
            raise ValueError("a trend needs a window")
        name, days = self.rule.window
        middle = self.world.as_of - timedelta(days=days) / 2
        halves = [[each for each in records if (each[name] > middle) is recent] for recent in (True, False)]
        if of == "count":
            sizes = [len(self.matching(half, over)) for half in halves]
            recent, earlier = map(Fraction, sizes)
        else:
            values = [self._values(half, over or ("null",)) for half in halves]
            sizes = [len(each) for each in values]
            recent, earlier = (nearest_rank(each, Fraction(50)) if each else Fraction(0) for each in values)
            if not sizes[0]:
                earlier = Fraction(0)  # without a recent value there is no trend either
        value = (recent - earlier) / earlier if earlier else None
        return Found(value, sum(sizes), None, min(sizes), absent=not sum(sizes))


def nearest_rank(values: Sequence[Any], at: Fraction) -> Fraction:
    """The nearest-rank percentile: one of the values."""
    return Fraction(sorted(values)[ceil(at * len(values) / 100) - 1])


_MEASURES: Mapping[str, Callable[..., Found]] = {
    "count": _Answering.count,
    "exists": _Answering.exists,
    "ratio": _Answering.ratio,
    "rate": _Answering.rate,
    "days_since": _Answering.days_since,
    "trend": _Answering.trend,
}
_OVER_VALUES: Mapping[str, Callable[..., Any]] = {
    "percentile": nearest_rank,
    "sum": sum,
    "avg": lambda values: Fraction(sum(values)) / len(values),
    "min": min,
    "max": max,
    "distinct": lambda values: len(set(values)),
}


def _holds(threshold: Threshold, value: Fraction) -> bool:
    return all(COMPARISONS[symbol](value, bound) for symbol, bound in threshold)


def _linked(theirs: Any, ours: Any) -> bool:
    """Whether two link fields say the same; a list says what it contains, and nothing equals null."""
    if theirs is None or ours is None:
        return False
    if isinstance(theirs, list) and isinstance(ours, list):
        return any(each in ours for each in theirs)
    if isinstance(theirs, list):
        return ours in theirs
    return theirs in ours if isinstance(ours, list) else bool(theirs == ours)


def _is_node(part: Any) -> bool:
    return isinstance(part, tuple) and bool(part) and isinstance(part[0], str)
