"""Small worlds of records, and variants of them that differ in one field."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlglot import exp

from itomm.config.clock import format_instant, parse_instant
from itomm.config.errors import UsageError
from itomm.evidence.record_types import Field, FieldType, record_types
from itomm.rules.cases import DEFAULT_AS_OF
from itomm.rules.expression_text import microseconds
from itomm.rules.rule import Rule
from itomm.rules.rule_tests import case_of
from itomm.rules.written_expressions import written_expressions

World = dict[str, list[dict[str, Any]]]
"""One record of the rule's type with the records that are linked to it, by type."""
_NOT_FIELDS = {"service", "repeat"}


def worlds_of(rule: Rule, siblings: Sequence[Rule] = (), most: int = 14) -> list[World]:
    """The different records of a rule's tests (and of rules alike), each with what it is linked to."""
    found: list[World] = []
    for each in (rule, *siblings):
        for index in range(len(each.written.tests)):
            case = case_of(each, index)
            if case.as_of != DEFAULT_AS_OF:
                continue
            records = list(case.given.get(rule.record_type.name, []))
            if rule.record_type.name == "service":
                records += [
                    {"source_ref": one["id"], **{key: value for key, value in one.items() if key != "id"}}
                    for one in case.services
                    if isinstance(one, dict)
                ]
            for record in records:
                world = _world(rule, record, case.given, case.services)
                if world not in found:
                    found.append(world)
    return sorted(found, key=lambda world: -len(str(world)))[:most] if len(found) > most else found


def _world(rule: Rule, record: dict[str, Any], given: Any, services: Any) -> World:
    resolve = rule.record_type.resolve
    own = {
        (declared.name if (declared := resolve(key)) else key): value
        for key, value in record.items()
        if key not in _NOT_FIELDS
    }
    own_type = rule.record_type.name == "service"
    service = record.get("source_ref", "s1") if own_type else record.get("service", "s1")
    world: World = {rule.record_type.name: [own]}
    for fact in rule.linked:
        for other in given.get(fact.record_type.name, []):
            fields = {
                (declared.name if (declared := fact.record_type.resolve(key)) else key): value
                for key, value in other.items()
                if key not in _NOT_FIELDS
            }
            theirs_service = other.get("service", "s1")
            fits = all(
                _linked(
                    theirs_service if theirs.name == "service_id" else fields.get(theirs.name),
                    service if ours.name == "service_id" else own.get(ours.name),
                )
                for theirs, ours in fact.on
            )
            if fits and fields not in world.setdefault(fact.record_type.name, []):
                world[fact.record_type.name].append(fields)
    if rule.written.services is not None and not own_type:
        written = [each for each in given.get("service", []) if each.get("source_ref") == service]
        written += [
            {key: value for key, value in each.items() if key != "id"}
            for each in services
            if isinstance(each, dict) and each["id"] == service
        ]
        fields = dict(written[0]) if written else {}
        fields.pop("source_ref", None)
        world["service"] = [fields]
    return {name: records for name, records in world.items() if records}


def _linked(left: Any, right: Any) -> bool:
    left = left if isinstance(left, list) else [left]
    right = right if isinstance(right, list) else [right]
    return bool({str(each) for each in left} & {str(each) for each in right})


def renamed(rule: Rule, world: World, number: int, service: str) -> World:
    """The world with keys of its own, so that it is linked to nothing in other worlds."""
    changed = deepcopy(world)
    if rule.record_type.name == "service":
        old = changed["service"][0].get("source_ref", "s1")
        changed["service"][0]["source_ref"] = service
        for type_name, records in changed.items():
            for record in records if type_name != "service" else ():
                for key, value in record.items():
                    record[key] = _in_place_of(value, old, service)
    used = {column.name for each in written_expressions(rule) for column in each.tree.find_all(exp.Column)}
    for fact in rule.linked:
        pairs = [(theirs.name, ours.name) for theirs, ours in fact.on]
        if any("service_id" in pair for pair in pairs):
            continue
        for theirs, ours in pairs:
            if {theirs, ours} & used:
                continue
            for name, field in ((fact.record_type.name, theirs), (rule.record_type.name, ours)):
                for record in changed.get(name, []):
                    if field in record and not str(record[field]).endswith(f"-{number}"):
                        record[field] = _suffixed(record[field], number)
    return changed


def _in_place_of(value: Any, old: str, new: str) -> Any:
    if isinstance(value, list):
        return [_in_place_of(each, old, new) for each in value]
    return new if value == old else value


def _suffixed(value: Any, number: int) -> Any:
    if isinstance(value, list):
        return [_suffixed(each, number) for each in value]
    if isinstance(value, int):
        return value + 1000 * (number + 1) if value < 1000 else value
    return f"{value}-{number}" if isinstance(value, str) else value


def variants(rule: Rule, worlds: Sequence[World], *, pairs: bool) -> Iterator[World]:
    """Worlds with one field changed, or one linked record less; with ``pairs`` two fields."""
    seen: list[str] = []
    single = []
    for world in worlds:
        for variant in [world, *_one_step(rule, world)]:
            if str(variant) not in seen:
                seen.append(str(variant))
                single.append(variant)
                yield variant
    if pairs:
        chance = random.Random(1)  # noqa: S311  the same variants every time
        twice = []
        for variant in chance.sample(single, min(40, len(single))):
            steps = list(_one_step(rule, variant))
            twice += chance.sample(steps, min(25, len(steps)))
        yield from chance.sample(twice, len(twice))


def _one_step(rule: Rule, world: World) -> Iterator[World]:
    relevant = _relevant(rule)
    values = _Values(rule)
    for type_name, records in world.items():
        for index, record in enumerate(records):
            if type_name != rule.record_type.name:
                less = deepcopy(world)
                del less[type_name][index]
                yield {name: kept for name, kept in less.items() if kept or name == "service"}
            for field in sorted(relevant.get(type_name, ())):
                declared = record_types()[type_name].fields.get(field)
                if declared is None:
                    continue
                for value in values.of(declared, world):
                    if value != record.get(field, "absent"):
                        changed = deepcopy(world)
                        changed[type_name][index][field] = value
                        yield changed


def _relevant(rule: Rule) -> dict[str, set[str]]:
    """The fields that the rule reads, by type."""
    found: dict[str, set[str]] = {rule.record_type.name: set()}
    if rule.window_field:
        found[rule.record_type.name].add(rule.window_field)
    for each in written_expressions(rule):
        for column in each.tree.find_all(exp.Column):
            owner = rule.record_type if column.table == "base" else each.record_type
            declared = owner.resolve(column.name)
            if declared is not None:
                found.setdefault(owner.name, set()).add(declared.name)
    return found


class _Values:
    """Values that are worth trying for a field."""

    def __init__(self, rule: Rule) -> None:
        trees = [each.tree for each in written_expressions(rule)]
        self.texts: dict[str, set[str]] = {}
        self.numbers: set[Decimal] = set()
        self.lengths: dict[timedelta, timedelta] = {timedelta(0): timedelta(seconds=30)}
        for tree in trees:
            self._read(tree)
        if rule.window_days:
            self.lengths[timedelta(days=rule.window_days)] = timedelta(hours=12)
        for threshold in (rule.grade.yes, rule.grade.partial):
            for comparison in threshold.comparisons if threshold else ():
                if comparison.bound.dimension == "duration":
                    length = timedelta(microseconds=int(comparison.bound.value))
                    self.lengths.setdefault(length, _unit_of(length) / 2)

    def _read(self, tree: exp.Expr) -> None:
        for interval in tree.find_all(exp.Interval):
            length = timedelta(microseconds=int(microseconds(interval)))
            unit = re.sub("s$", "", interval.args["unit"].name.lower())
            self.lengths[abs(length)] = timedelta(**{f"{unit}s": 1}) / 2
        for literal in tree.find_all(exp.Literal):
            if isinstance(literal.parent, exp.Interval):
                continue
            if literal.args.get("is_string"):
                holder = literal.find_ancestor(
                    exp.EQ, exp.NEQ, exp.In, exp.Like, exp.ArrayContains, exp.Coalesce
                )
                names = [column.name for column in holder.find_all(exp.Column)] if holder else []
                for name in names or [""]:
                    self.texts.setdefault(name, set()).add(literal.name)
            else:
                self.numbers.add(Decimal(literal.name))

    def of(self, declared: Field, world: World) -> list[Any]:  # noqa: PLR0911  one line a type
        kind = declared.type
        if declared.values:
            return [None, *declared.values]
        if kind is FieldType.BOOLEAN:
            return [True, False, None]
        if kind is FieldType.INSTANT:
            return [None, *self._instants(world)]
        if kind is FieldType.DURATION:
            lengths = sorted(
                {each + sign * half for each, half in self.lengths.items() for sign in (0, 1, -1)}
            )
            return [None, *(f"{int(each.total_seconds())} s" for each in lengths if each >= timedelta(0))]
        if kind is FieldType.LIST:
            texts = sorted(self.texts.get(declared.name, set()))
            return [None, [], ["other"], *([text] for text in texts), ["a", "b"], ["a", "b", "c"]]
        if kind is FieldType.TEXT:
            texts = sorted(self.texts.get(declared.name, set()) | self.texts.get("", set()))
            texts = [text.replace("%", "") for text in texts]
            return [None, *texts, *(text.upper() for text in texts if text.upper() != text), "other"]
        if kind is FieldType.JSON:
            return [None]
        found = set()
        for number in self.numbers:
            places = -min(0, int(number.as_tuple().exponent))
            step = Decimal(1).scaleb(-places)
            found |= {number, number + step, number - step, number - step / 2, number + step / 2}
        if kind is FieldType.INTEGER:
            return [None, 0, 1, *sorted({int(each) for each in found})]
        return [None, *sorted(found)]

    def _instants(self, world: World) -> list[str]:
        anchors = {parse_instant(DEFAULT_AS_OF)}
        for records in world.values():
            for each in records:
                for value in each.values():
                    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d", value):
                        try:
                            anchors.add(parse_instant(value))
                        except UsageError:
                            continue
        found: set[datetime] = set()
        for anchor in anchors:
            for length, half in self.lengths.items():
                for side in (1, -1):
                    found |= {anchor + side * length + shift * half for shift in (0, 1, -1)}
        return [format_instant(each) for each in sorted(found)]


def _unit_of(length: timedelta) -> timedelta:
    for unit in (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)):
        if length and length % unit == timedelta(0):
            return unit
    return timedelta(seconds=1)
