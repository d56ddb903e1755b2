"""Rules and evidence made at random from a seed, for the engine and for the reference interpreter alike.

Values come from small sets, so that ties, edges, nulls and empty groups are common.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

from itomm.config.errors import Place
from itomm.evidence.record_types import FieldType, RecordType, record_types
from itomm.rules.parameters import SetParameter
from tests.rules.made_up_expressions import INTERVALS, NUMBERS, ExpressionMaker, Scope
from tests.rules.reference_interpreter import (
    Link,
    ReferenceCollection,
    ReferenceRule,
    Threshold,
    World,
    answers,
)
from tests.rules.reference_text import text_of
from tests.rules.reference_values import Node, Record

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
SERVICES = ("a", "b", "c", "d")
TYPES = (
    "incident",
    "pipeline",
    "uptime_series",
    "deployment",
    "alert_event",
    "on_call_shift",
    "survey_response",
)
LINKED_TYPES = ("postmortem", "change", "merge_request", "sla_cycle")
WINDOWS = (2, 7, 30, 31, 31, 365, 365)
WELL = (ReferenceCollection("x"),)
FAULTS = ("collection_failed", "permission_denied", "insufficient_coverage")


@dataclass(frozen=True)
class MadeUpRule:
    """One rule twice: for the reference, and as the value of a YAML document."""

    reference: ReferenceRule
    written: dict[str, object]
    chosen: tuple[SetParameter, ...] = ()


def made_up(seed: int, rules: int) -> tuple[World, list[MadeUpRule]]:
    """A world and rules over it, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  # chosen to be repeatable
    world = world_of(chance)
    return world, [rule_in(chance, world, number) for number in range(rules)]


def world_of(chance: random.Random) -> World:
    """Evidence: records of all types that rules may look at, and how their collections went."""
    names = ("service", *TYPES, *LINKED_TYPES)
    well = chance.random() < 0.5
    services = SERVICES[: chance.choice((0, 1, 3, 4, 4, 4))]
    return World(
        as_of=_as_of(chance),
        services=services,
        records={name: _records(chance, record_types()[name], services) for name in names},
        collections={name: WELL if well else _collections(chance) for name in names},
        lives={name: timedelta(days=record_types()[name].time_to_live_days) for name in names},
    )


def rule_in(chance: random.Random, world: World, number: int) -> MadeUpRule:
    """A rule over a world's record types; its thresholds often are the very value that it measures."""
    return _RuleMaker(chance, world).rule(number)


# --- evidence -----------------------------------------------------------------------------------------


def _as_of(chance: random.Random) -> datetime:
    zone = chance.choice((UTC, UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))))
    return chance.choice(
        (AS_OF, AS_OF + timedelta(microseconds=1), datetime(2024, 2, 29, 1, tzinfo=UTC))
    ).astimezone(zone)


def _records(chance: random.Random, record_type: RecordType, services: Sequence[str]) -> list[Record]:
    if record_type.name == "service":
        known = [service for service in services if chance.random() < 0.9]
        return [_record(chance, record_type, service, service) for service in known]
    number = chance.choice((0, 2, 5, 9, 16, 25, 40))
    owners = (*services, "elsewhere", None, *services)
    return [
        _record(chance, record_type, chance.choice(owners), f"{record_type.name}-{place}")
        for place in range(number)
    ]


def _record(chance: random.Random, record_type: RecordType, service: str | None, name: str) -> Record:
    fields: dict[str, Any] = {"service_id": service, "source": chance.choice("xy"), "source_ref": name}
    for field in record_type.fields.values():
        empty = chance.random() < 0.2
        fields[field.name] = None if empty else _value(chance, field.type, field.values)
    return fields


def content_of(chance: random.Random, type_name: str, name: str) -> object:
    """What may stand in a field; nothing, too."""
    field = record_types()[type_name].fields[name]
    return None if chance.random() < 0.2 else _value(chance, field.type, field.values)


def _value(chance: random.Random, kind: FieldType, allowed: Sequence[object]) -> object:
    if allowed:
        return chance.choice(allowed)
    if kind is FieldType.BOOLEAN:
        return chance.random() < 0.5
    if kind is FieldType.INSTANT:
        return _instant(chance)
    if kind is FieldType.LIST:
        return [each for each in ("a", "b", "é", "") if chance.random() < 0.4]
    return chance.choice(_STORED[kind]) if kind in _STORED else None


def _decimals(*texts: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(text) for text in texts)


_STORED: dict[FieldType, Sequence[object]] = {
    FieldType.TEXT: ("a", "b", "B", "ab", "é", "É", "", "a%", "it's", "_"),
    FieldType.INTEGER: (0, 1, 1, 2, 3, 5, -2, 1_000_000),
    FieldType.NUMBER: _decimals("0", "0.1", "0.2", "0.3", "1.5", "-2.25", "100", "0.000000001"),
    FieldType.RATIO: _decimals("0", "0.1", "0.15", "0.333333333", "0.5", "0.9", "1"),
    FieldType.DURATION: _decimals("0", "0.000001", "30", "900", "3600", "86400.5", "14400"),
}


def _instant(chance: random.Random) -> datetime:
    """Near the edges of windows, of months and of clock changes; sometimes after the as-of instant."""
    days = chance.choice((0, 0, 1, 2, 3.5, 7, 12, 15, 15.5, 20, 29, 30, 31, 100, 200, 250, 365, -1))
    edge = chance.choice((0, 0, 0, 1, -1, 3_600_000_000, -1_800_000_000))
    early = chance.choice(
        (AS_OF, AS_OF, datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2024, 2, 29, tzinfo=UTC))
    )
    return early - timedelta(days=days) + timedelta(microseconds=edge)


def _collections(chance: random.Random) -> list[ReferenceCollection]:
    if chance.random() < 0.03:
        return []
    return [_collection(chance, source) for source in chance.choice((["x"], ["x"], ["x", "y"]))]


def _collection(chance: random.Random, source: str) -> ReferenceCollection:
    fault = chance.choice((*[None] * 30, *FAULTS))
    in_part = fault == "permission_denied" and chance.random() < 0.7
    days = chance.choice((None, None, None, None, None, None, None, 27, 30, 90, 400))
    age = timedelta(days=chance.choice((0, 0, 0, 1, 6, 8, 8, 20)), microseconds=chance.choice((0, 1)))
    return ReferenceCollection(
        source=source,
        age=age if chance.random() < 0.4 else timedelta(0),
        fault=fault,
        denied=tuple(chance.sample(SERVICES, chance.randrange(1, 4))) if in_part else (),
        covered_from=None if days is None else AS_OF - timedelta(days=days),
    )


# --- rules --------------------------------------------------------------------------------------------


class _RuleMaker:
    def __init__(self, chance: random.Random, world: World) -> None:
        self._chance = chance
        self._world = world
        self._type = record_types()[TYPES[0]]
        self._parameters: dict[str, Node] = {}

    def rule(self, number: int) -> MadeUpRule:
        """A rule that most often counts something: what counts nothing is made anew a few times."""
        for _ in range(6):
            self._parameters = {}
            reference, unit, measure = self._ungraded()
            found = answers(reference, self._world)[0]
            if found.counted or self._chance.random() < 0.1:
                break
        partial = self._threshold(found.measured, unit) if self._chance.random() < 0.6 else None
        whole = replace(reference, yes=self._threshold(found.measured, unit), partial=partial)
        if whole.window is not None and self._chance.random() < 0.3:
            days = (*WINDOWS, None)
            whole = replace(whole, yes_days=self._chance.choice(days), partial_days=self._chance.choice(days))
        return self._with_parameters(self._written(whole, measure, unit, number), whole)

    def _with_parameters(self, written: dict[str, object], rule: ReferenceRule) -> MadeUpRule:
        """The rule with its parameters declared; some are at their default, some are set."""
        chosen, declared = [], {}
        for name, value in self._parameters.items():
            text, other = _parameter_texts(value, self._chance)
            is_set = self._chance.random() < 0.5
            low, high = ("0", "1000000") if value[0] == "number" else ("0 s", "1000 d")
            looser = self._chance.choice(("higher", "lower"))
            default = other if is_set else text
            declared[name] = {"default": default, "from": low, "to": high, "looser": looser, "about": "."}
            if is_set:
                chosen.append(SetParameter(str(written["rule"]), name, text, Place("itomm.yaml")))
        if declared:
            written["parameters"] = declared
        return MadeUpRule(rule, written, tuple(chosen))

    def _ungraded(self) -> tuple[ReferenceRule, str, dict[str, object]]:
        """A rule whose grade is still to be set, the unit of its measure, and the measure as written."""
        chance = self._chance
        self._type = record_types()[chance.choice(TYPES)]
        linked = self._linked()
        maker = ExpressionMaker(chance, Scope(self._type, facts=_kinds(linked), parameters=self._parameters))
        word = chance.choice(tuple(_MEASURES))
        needs_window = word in {"rate", "trend count", "trend median"}
        measure, unit, written = _MEASURES[word](maker, chance)
        catalogue = Scope(record_types()["service"], parameters=self._parameters)
        services = ExpressionMaker(chance, catalogue).condition(2) if chance.random() < 0.2 else None
        reference = ReferenceRule(
            record_type=self._type.name,
            measure=measure,
            yes=((">=", Fraction(0)),),
            services=services,
            where=maker.condition(chance.choice((1, 2, 3))) if chance.random() < 0.6 else None,
            window=self._window() if needs_window or chance.random() < 0.4 else None,
            linked=linked,
            minimum_sample=chance.choice((1, 1, 1, 2, 3, 5)),
            minimum_coverage=chance.choice((Fraction(9, 10), Fraction(0), Fraction(1, 2), Fraction(1))),
            missing=chance.choice(
                ("unknown", "no_if_complete", "yes_if_complete", "not_applicable_if_complete")
            ),
            confidence=chance.choice(("direct", "proxy", "weak")),
        )
        return reference, unit, written

    def _window(self) -> tuple[str, int]:
        instants = [each.name for each in self._type.fields.values() if each.type is FieldType.INSTANT]
        return self._chance.choice(instants), self._chance.choice(WINDOWS)

    def _linked(self) -> dict[str, Link]:
        chance = self._chance
        if chance.random() > 0.3:
            return {}
        links = {}
        for name in ("fact_one", "fact_two")[: chance.choice((1, 1, 2))]:
            other = record_types()[chance.choice(LINKED_TYPES)]
            scope = Scope(other, base=self._type, parameters=self._parameters)
            where = ExpressionMaker(chance, scope).condition(2) if chance.random() < 0.6 else None
            links[name] = Link(other.name, self._on(other), where, counts=chance.random() < 0.4)
        return links

    def _on(self, other: RecordType) -> tuple[tuple[str, str], ...]:
        chance = self._chance
        if chance.random() < 0.3:
            return (("service_id", "service_id"),)
        group = chance.choice(({FieldType.TEXT, FieldType.LIST}, {FieldType.TEXT}, {FieldType.BOOLEAN}))
        theirs = [each.name for each in other.fields.values() if each.type in group]
        ours = [each.name for each in self._type.fields.values() if each.type in group]
        if not theirs or not ours:
            return (("source", "source"),)
        return ((chance.choice(theirs), chance.choice(ours)),)

    def _threshold(self, near: Fraction | None, unit: str) -> Threshold:
        chance = self._chance
        symbol = chance.choice((">=", "<=", ">", "<", "="))
        bound = chance.choice(_BOUNDS[unit])
        if near is not None and chance.random() < 0.6 and _can_be_written(near, unit):
            bound = near
        first = (symbol, bound)
        if symbol == ">=" and chance.random() < 0.2:
            upper = {"share": Fraction(1), "rate": 2 * bound}.get(unit, bound + chance.choice((0, 1)))
            return (first, ("<=", upper))
        return (first,)

    def _written(
        self, rule: ReferenceRule, measure: dict[str, object], unit: str, number: int
    ) -> dict[str, object]:
        grade = {"yes": _grade(_threshold_text(rule.yes, unit), rule.yes_days)}
        if rule.partial is not None:
            grade["partial"] = _grade(_threshold_text(rule.partial, unit), rule.partial_days)
        written: dict[str, object] = {
            "rule": f"made-up-{number}",
            "answers": f"A-P-{number}",
            "per": ["service", "organisation"],
            "from": rule.record_type,
            "measure": measure,
            "grade": grade,
            "missing": rule.missing,
            "confidence": rule.confidence,
            "minimum_sample": rule.minimum_sample,
            "minimum_coverage": f"{rule.minimum_coverage * 100} %",
        }
        if rule.services is not None:
            written["services"] = text_of(rule.services)
        if rule.where is not None:
            written["where"] = text_of(rule.where)
        if rule.window is not None:
            written["window"] = {"field": rule.window[0], "days": rule.window[1]}
        if rule.linked:
            written["linked"] = {name: _link_text(link) for name, link in rule.linked.items()}
        return written


def _grade(threshold: str, days: int | None) -> object:
    return threshold if days is None else {"measured": threshold, "days": days}


def _parameter_texts(value: Node, chance: random.Random) -> tuple[str, str]:
    """A number or an interval as a quantity, and another quantity of the same kind."""
    if value[0] == "number":
        return str(value[1]), chance.choice(NUMBERS)
    short = {"second": "s", "minute": "min", "hour": "h", "day": "d", "week": "wk"}
    amount, unit = chance.choice(INTERVALS)
    return f"{value[1]} {short[value[2]]}", f"{amount} {short[unit]}"


def _kinds(linked: dict[str, Link]) -> dict[str, str]:
    return {name: "number" if link.counts else "boolean" for name, link in linked.items()}


def _link_text(link: Link) -> dict[str, object]:
    written: dict[str, object] = {"from": link.record_type, "on": dict(link.on)}
    if link.where is not None:
        written["where"] = text_of(link.where)
    return {**written, "count": True} if link.counts else written


def _fractions(*texts: str) -> tuple[Fraction, ...]:
    return tuple(Fraction(text) for text in texts)


_BOUNDS: dict[str, tuple[Fraction, ...]] = {
    "number": _fractions("0", "1", "2", "3", "10", "0.3"),
    "share": _fractions("0", "1/10", "1/4", "1/2", "9/10", "1"),
    "duration": tuple(Fraction(seconds * 1_000_000) for seconds in (0, 1, 900, 3600, 86_400, 2_592_000)),
    "rate": _fractions("0", "1/7", "1/30", "1", "3"),
}
_LIMITS = {"number": None, "share": 1, "duration": None, "rate": None}


def _can_be_written(value: Fraction, unit: str) -> bool:
    """Whether a value can stand in a grade as it is: a short decimal, within what the unit allows."""
    shown = _decimal(value / _SCALES[unit])
    within = _LIMITS[unit] is None or value <= 1
    return shown is not None and within and value >= (-10_000 if unit == "number" else 0)


_SCALES = {
    "number": Fraction(1),
    "share": Fraction(1, 100),
    "duration": Fraction(1_000_000),
    "rate": Fraction(1),
}
_WRITTEN_AS: dict[str, tuple[tuple[Fraction, str], ...]] = {
    "number": ((Fraction(1), ""),),
    "share": ((Fraction(100), " %"),),
    "duration": ((Fraction(1, 1_000_000), " s"),),
    "rate": ((Fraction(1), " /day"), (Fraction(7), " /week"), (Fraction(30), " /month")),
}
"""How often a unit goes into the base unit, and its sign; several where one alone takes endless decimals."""


def _threshold_text(threshold: Threshold, unit: str) -> str:
    return " and ".join(f"{symbol} {_quantity(bound, unit)}" for symbol, bound in threshold)


def _quantity(value: Fraction, unit: str) -> str:
    """A value with a unit in which it is a short decimal: a rate of a seventh is 1 /week."""
    choices = ((_decimal(value * times), sign) for times, sign in _WRITTEN_AS[unit])
    return next(f"{text}{sign}" for text, sign in choices if text is not None)


def _decimal(value: Fraction) -> str | None:
    """A fraction in decimals when it takes at most twelve of them, else None."""
    scaled = value * 10**12
    if scaled.denominator != 1:
        return None
    return f"{Decimal(int(scaled)).scaleb(-12).normalize():f}"


# --- measures: the reference's tuple, the unit, and the words of a rule ----------------------------------

Made = tuple[tuple[Any, ...], str, dict[str, object]]


def _count(maker: ExpressionMaker, chance: random.Random) -> Made:
    condition = maker.condition(2) if chance.random() < 0.6 else None
    return ("count", condition), "number", {"count": _or_true(condition)}


def _exists(maker: ExpressionMaker, chance: random.Random) -> Made:
    condition = maker.condition(2) if chance.random() < 0.8 else None
    return ("exists", condition), "number", {"exists": _or_true(condition)}


def _ratio(maker: ExpressionMaker, chance: random.Random) -> Made:
    of = maker.condition(2) if chance.random() < 0.5 else None
    where = maker.condition(2)
    written = {"where": text_of(where), **({} if of is None else {"of": text_of(of)})}
    return ("ratio", of, where), "share", {"ratio": written}


def _share_of_services(maker: ExpressionMaker, chance: random.Random) -> Made:
    form = chance.choice(("having", "where", "ratio"))
    condition = maker.condition(2)
    if form == "having":
        number = chance.choice((1, 1, 2, 3))
        written: dict[str, object] = {"having": text_of(condition), "at_least": number}
        return (
            ("share_of_services", form, condition, Fraction(number)),
            "share",
            {"share_of_services": written},
        )
    if form == "where":
        return (
            ("share_of_services", form, condition, Fraction(1)),
            "share",
            {"share_of_services": {"where": text_of(condition)}},
        )
    share = chance.choice((25, 50, 80, 100))
    written = {"ratio": text_of(condition), "at_least": f"{share} %"}
    made = ("share_of_services", form, condition, Fraction(share, 100))
    return made, "share", {"share_of_services": written}


def _percentile(maker: ExpressionMaker, chance: random.Random) -> Made:
    value, unit = _value_over(maker, chance)
    at = chance.choice(("50", "7", "58", "90", "95", "99", "99.9", "0.001", "33.3"))
    if at == "50" and chance.random() < 0.7:
        return ("percentile", value, Fraction(50)), unit, {"median": text_of(value)}
    return ("percentile", value, Fraction(at)), unit, {"percentile": {"of": text_of(value), "at": at}}


def _over_value(word: str) -> Any:
    def made(maker: ExpressionMaker, chance: random.Random) -> Made:
        value, unit = _value_over(maker, chance)
        return (word, value), unit, {word: text_of(value)}

    return made


def _distinct(maker: ExpressionMaker, chance: random.Random) -> Made:
    value = maker.value(chance.choice(("text", "number", "boolean", "instant")), 2)
    return ("distinct", value), "number", {"distinct": text_of(value)}


def _rate(_maker: ExpressionMaker, chance: random.Random) -> Made:
    return ("rate",), "rate", {"rate": {"per": chance.choice(("day", "week", "month"))}}


def _days_since(maker: ExpressionMaker, _chance: random.Random) -> Made:
    instant = maker.value("instant", 2)
    return ("days_since", instant), "duration", {"days_since": text_of(instant)}


def _trend_count(maker: ExpressionMaker, chance: random.Random) -> Made:
    condition = maker.condition(2) if chance.random() < 0.5 else None
    return ("trend", "count", condition), "share", {"trend": {"count": _or_true(condition)}}


def _trend_median(maker: ExpressionMaker, chance: random.Random) -> Made:
    value, _ = _value_over(maker, chance)
    return ("trend", "median", value), "share", {"trend": {"median": text_of(value)}}


_MEASURES = {
    "count": _count,
    "exists": _exists,
    "ratio": _ratio,
    "share_of_services": _share_of_services,
    "percentile": _percentile,
    "sum": _over_value("sum"),
    "avg": _over_value("avg"),
    "min": _over_value("min"),
    "max": _over_value("max"),
    "distinct": _distinct,
    "rate": _rate,
    "days_since": _days_since,
    "trend count": _trend_count,
    "trend median": _trend_median,
}


def _value_over(maker: ExpressionMaker, chance: random.Random) -> tuple[Node, str]:
    kind = chance.choice(("number", "duration"))
    return maker.value(kind, 2), kind


def _or_true(condition: Node | None) -> object:
    return True if condition is None else text_of(condition)
