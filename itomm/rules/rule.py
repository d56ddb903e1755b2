"""A rule: checked, typed, ready to compile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cached_property

from sqlglot import exp

from itomm.config.quantities import Dimension, Quantity
from itomm.config.yaml_source import Document
from itomm.evidence.canonical import digest
from itomm.evidence.record_types import Field as RecordField
from itomm.evidence.record_types import RecordType, record_types
from itomm.rules.expression_text import ANY_INSTANT, Names
from itomm.rules.expressions import parse_condition
from itomm.rules.grades import Grade, Threshold
from itomm.rules.looking_back import looked_back, looked_before_base
from itomm.rules.measures import Measure, MeasureKind, parse_measure
from itomm.rules.parameters import Parameter, ParameterUsed
from itomm.rules.queries import Query, parse_query
from itomm.rules.rule_document import RuleDocument


@dataclass(frozen=True)
class LinkedFact:
    """A fact about another record type: whether a record of it fits, or how many do."""

    name: str
    record_type: RecordType
    on: tuple[tuple[RecordField, RecordField], ...]  # (field of the linked type, field of the rule's type)
    is_number: bool = False


@dataclass(frozen=True)
class Rule:
    """A checked rule. Expressions depend on the as-of instant and are built by :meth:`bound`."""

    name: str
    criterion: str
    per: frozenset[str]
    record_type: RecordType
    window_field: str | None
    window_days: int | None
    linked: tuple[LinkedFact, ...]
    minimum_sample: int
    minimum_coverage: Fraction
    grade: Grade
    missing: str
    base: str
    because: str
    measure_kind: MeasureKind
    dimension: Dimension
    written: RuleDocument
    document: Document
    query: Query | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 over what the rule says; its tests and layout do not matter, nor whose keys it took."""
        said = self.written.model_dump(mode="json", by_alias=True, exclude={"tests", "mutants", "extends"})
        if not self.untold_as_empty:  # rules of before this key keep their digest
            del said["untold_as_empty"]
        if said["looked"] is None:
            del said["looked"]
        for fact in said["linked"].values():
            if fact["none_without_source"] is None:  # likewise
                del fact["none_without_source"]
        chosen = {name: each.used.value for name, each in self.parameters.items() if each.is_set}
        return digest({**said, "set": chosen} if chosen else said)

    @cached_property
    def loosened(self) -> tuple[ParameterUsed, ...]:
        """The parameters that are set looser than the rule's own default."""
        return tuple(each.used for each in self.parameters.values() if each.used.loosened)

    @cached_property
    def values(self) -> Mapping[str, Quantity]:
        """What each ``$name`` stands for."""
        return {name: each.quantity for name, each in self.parameters.items()}

    @property
    def untold_as_empty(self) -> Mapping[str, str]:
        """Fields (``type.field``) that count as empty where the source cannot tell them, with the reason."""
        return self.written.untold_as_empty

    @property
    def needed_types(self) -> tuple[RecordType, ...]:
        """Record types that must have been collected."""
        needed = {self.record_type.name: self.record_type}
        needed |= {each.name: each for each in self.query.tables.values()} if self.query else {}
        needed |= {fact.record_type.name: fact.record_type for fact in self.linked}
        if self.written.services is not None:
            needed["service"] = record_types()["service"]
        return tuple(needed[name] for name in sorted(needed))

    @property
    def looked_type(self) -> RecordType | None:
        """The record type that shows that somebody looked, where the rule asks for that."""
        return record_types()[self.written.looked.from_] if self.written.looked else None

    @property
    def read_types(self) -> tuple[RecordType, ...]:
        """All record types that it reads: those that must have been collected, and who looked."""
        looked = self.looked_type
        read = {each.name: each for each in (*self.needed_types, *((looked,) if looked else ()))}
        return tuple(read[name] for name in sorted(read))

    @cached_property
    def optional_types(self) -> frozenset[str]:
        """The needed types of which there may be no source at all: then no record of them fits."""
        facts = {fact.record_type.name: True for fact in self.linked}
        for fact in self.linked:
            facts[fact.record_type.name] &= self.written.linked[fact.name].none_without_source is not None
        needed_anyway = {self.record_type.name, "service"}
        return frozenset(name for name, optional in facts.items() if optional) - needed_anyway

    def days_of(self, threshold: Threshold) -> int | None:
        """Length of the window that a threshold is about."""
        return threshold.days or self.window_days

    def over(self, days: int | None) -> Rule:
        """The rule with a window of another length; itself when it is its own."""
        return self if days == self.window_days else replace(self, window_days=days)

    @property
    def windows(self) -> tuple[int | None, ...]:
        """The lengths of window over which its grades are looked for."""
        thresholds = [self.grade.yes, self.grade.partial]
        return tuple(dict.fromkeys(self.days_of(each) for each in thresholds if each is not None))

    @cached_property
    def looks_back(self) -> Mapping[str, timedelta]:
        """How far back the rule looks at each record type; a source must cover that to answer."""
        window = timedelta(days=self.window_days or 0)
        names = self._names(ANY_INSTANT)
        found = {self.record_type.name: max(window, *(_back(text, names) for text in self._texts()))}
        if self.query is not None:
            found = {
                each.name: max(found[self.record_type.name], self.query.looks_back) + self.query.period
                for each in self.query.tables.values()
            }
        for fact in self.linked:
            written = self.written.linked[fact.name].where or ""
            names = linked_names(fact.record_type, self.record_type, ANY_INSTANT, self.values)
            before = (
                timedelta(microseconds=int(looked_before_base(written, names))) if written else timedelta(0)
            )
            name = fact.record_type.name
            found[name] = max(found.get(name, timedelta(0)), window + before, _back(written, names))
        return found

    def _texts(self) -> Iterator[str]:
        """The expressions over the rule's own record type."""
        yield self.written.where or ""
        waiting = [self.written.measure]
        while waiting:
            part = waiting.pop()
            if isinstance(part, dict):
                waiting += part.values()
            elif isinstance(part, str):
                yield part

    def bound(self, as_of: datetime) -> BoundRule:
        """The rule's expressions at an as-of instant; its days have 24 hours, whatever the instant's zone."""
        as_of = as_of.astimezone(UTC)
        names = self._names(as_of)
        where = parse_condition(self.written.where, names) if self.written.where else None
        conditions = {
            fact.name: parse_condition(
                text, linked_names(fact.record_type, self.record_type, as_of, self.values)
            )
            for fact in self.linked
            if (text := self.written.linked[fact.name].where)
        }
        services = None
        if self.written.services is not None:
            names_of_services = Names(record_types()["service"], as_of, parameters=self.values)
            services = parse_condition(self.written.services, names_of_services)
        measure = parse_measure(self.written.measure, names)
        query = parse_query(self.written.query, self.name, as_of, self.values) if self.written.query else None
        looked = None
        if self.looked_type is not None and self.written.looked is not None and self.written.looked.where:
            names_of_looked = Names(self.looked_type, as_of, parameters=self.values)
            looked = parse_condition(self.written.looked.where, names_of_looked)
        return BoundRule(self, as_of, where, services, conditions, measure, query, looked)

    def _names(self, as_of: datetime) -> Names:
        measured = self.query.gives if self.query else self.record_type
        return Names(
            measured,
            as_of,
            flags=frozenset(fact.name for fact in self.linked if not fact.is_number),
            numbers=frozenset(fact.name for fact in self.linked if fact.is_number),
            parameters=self.values,
        )


@dataclass(frozen=True)
class BoundRule:
    """A rule with its expressions as checked trees, at one as-of instant."""

    rule: Rule
    as_of: datetime
    where: exp.Expr | None
    services: exp.Expr | None
    linked_conditions: Mapping[str, exp.Expr]
    measure: Measure
    query: Query | None = None
    looked: exp.Expr | None = None


def _back(text: str, names: Names) -> timedelta:
    if "as_of" not in text:
        return timedelta(0)
    return timedelta(microseconds=int(looked_back(text, names)))


LINKED_ALIAS = "linked"
RECORD_ALIAS = "record"


def linked_names(
    linked: RecordType, base: RecordType, as_of: datetime, parameters: Mapping[str, Quantity]
) -> Names:
    """Names inside a linked fact: its own fields bare, the rule's record as ``base.``."""
    return Names(linked, as_of, alias=LINKED_ALIAS, base=base, base_alias=RECORD_ALIAS, parameters=parameters)
