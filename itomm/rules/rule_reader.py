"""Reading rules from YAML: every fault is reported, with its place and what is allowed there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import NoReturn, TypeVar

from itomm.config.errors import InvalidInputError, Problem
from itomm.config.quantities import Dimension, parse_quantity
from itomm.config.structure import checked, nearest
from itomm.config.yaml_source import Document, PathInDocument
from itomm.evidence.record_types import Field as RecordField
from itomm.evidence.record_types import FieldType, RecordType, record_types
from itomm.rules.columns_read import columns_read
from itomm.rules.expression_text import ANY_INSTANT, ExpressionError, Names
from itomm.rules.expressions import parse_condition
from itomm.rules.grades import Grade, Threshold, parse_threshold
from itomm.rules.measures import Measure, MeasureKind, parse_measure
from itomm.rules.parameters import Parameter, SetParameter, read_parameters, settled
from itomm.rules.queries import Query, parse_query
from itomm.rules.rule import LinkedFact, Rule, linked_names
from itomm.rules.rule_document import RuleDocument, ThresholdDocument

Result = TypeVar("Result")


def read_rule(document: Document, chosen: Sequence[SetParameter] = ()) -> Rule:
    """Check a rule document; ``chosen`` are the values that the configuration sets for its parameters.

    It must also be a rule with each parameter at either end of what may be set.

    Raises:
        InvalidInputError: with every fault found.
    """
    rule = _read(document, chosen)
    problems = [
        problem
        for name, declared in rule.written.parameters.items()
        for end, value in (("from", declared.from_), ("to", declared.to))
        for problem in _faults_with(rule, SetParameter(rule.name, name, value, rule.document.place()), end)
    ]
    if problems:
        raise InvalidInputError(problems)
    return rule


def _faults_with(rule: Rule, extreme: SetParameter, end: str) -> Iterator[Problem]:
    place = rule.document.place(("parameters", extreme.name, end))
    try:
        _read(rule.document, [extreme])
    except InvalidInputError as error:
        for each in error.problems:
            message = f"with '{extreme.name}' at {extreme.value} this is no rule: {each.message}"
            yield Problem(place, message, each.hint)


def _read(document: Document, chosen: Sequence[SetParameter]) -> Rule:
    parameters, problems = read_parameters(document, chosen)
    with_values, faults = settled(document, parameters)
    problems += faults
    try:
        written = checked(RuleDocument, with_values)
    except InvalidInputError as error:
        raise InvalidInputError(problems + error.problems) from None
    return _Reader(written, document, parameters, problems).rule()


def at_defaults(rule: Rule) -> Rule:
    """The rule as it is where no parameter is set; that is what the tests beside it are about."""
    return read_rule(rule.document) if any(each.is_set for each in rule.parameters.values()) else rule


class _Reader:
    """Checks one rule document part by part, gathering problems."""

    def __init__(
        self,
        written: RuleDocument,
        document: Document,
        parameters: Mapping[str, Parameter],
        problems: list[Problem],
    ) -> None:
        self._written = written
        self._document = document
        self._parameters = parameters
        self._values = {name: each.quantity for name, each in parameters.items()}
        self._problems = problems

    def rule(self) -> Rule:
        written = self._written
        query = self._query()
        record_type = query.main[1] if query else self._record_type(str(written.from_), ("from",))
        if record_type is None:
            raise InvalidInputError(self._problems)
        measured = query.gives if query else record_type
        window_field = self._window_field(measured)
        linked = tuple(self._linked(record_type))
        names = Names(
            measured,
            ANY_INSTANT,
            flags=frozenset(fact.name for fact in linked if not fact.is_number),
            numbers=frozenset(fact.name for fact in linked if fact.is_number),
            parameters=self._values,
        )
        if written.where is not None:
            self._attempt(("where",), lambda: parse_condition(str(written.where), names))
        if written.services is not None:
            service_names = Names(record_types()["service"], ANY_INSTANT, parameters=self._values)
            self._attempt(("services",), lambda: parse_condition(str(written.services), service_names))
        self._looked()
        measure = self._attempt(("measure",), lambda: parse_measure(written.measure, names))
        grade = self._grade(measure) if measure else None
        coverage = self._attempt(("minimum_coverage",), lambda: _share(str(written.minimum_coverage)))
        if measure:
            self._fits_together(measure)
        if self._problems or measure is None or grade is None or coverage is None:
            raise InvalidInputError(self._problems)
        rule = Rule(
            name=written.rule,
            criterion=written.answers,
            per=frozenset(written.per),
            record_type=record_type,
            window_field=window_field,
            window_days=written.window.days if written.window else None,
            linked=linked,
            minimum_sample=written.minimum_sample,
            minimum_coverage=coverage,
            grade=grade,
            missing=written.missing,
            base=written.confidence,
            because=written.because or "",
            measure_kind=measure.kind,
            dimension=measure.dimension,
            written=written,
            document=self._document,
            query=query,
            parameters=self._parameters,
        )
        self._reads_what_it_takes_for_empty(rule)
        self._can_do_without(rule)
        if self._problems:
            raise InvalidInputError(self._problems)
        return rule

    def _reads_what_it_takes_for_empty(self, rule: Rule) -> None:
        """``untold_as_empty`` names only fields that the rule reads, as ``type.field``."""
        if not rule.untold_as_empty:
            return
        read = {
            f"{name}.{column}"
            for name, columns in columns_read([rule.bound(ANY_INSTANT)]).items()
            for column in columns & record_types()[name].fields.keys()
        }
        for place in rule.untold_as_empty:
            if place not in read:
                hint = nearest(place, sorted(read))
                self._complain(("untold_as_empty", place), f"the rule does not read '{place}'", hint)

    def _looked(self) -> None:
        """``looked`` goes with an empty answer that says something good or nothing."""
        looked = self._written.looked
        if looked is None:
            return
        if self._written.missing not in {"yes_if_complete", "not_applicable_if_complete"}:
            message = "goes only with missing: yes_if_complete or not_applicable_if_complete"
            self._complain(("looked",), message, "Leave it out.")
        record_type = self._record_type(looked.from_, ("looked", "from"))
        if record_type is not None and looked.where is not None:
            names, text = Names(record_type, ANY_INSTANT, parameters=self._values), looked.where
            self._attempt(("looked", "where"), lambda: parse_condition(text, names))

    def _can_do_without(self, rule: Rule) -> None:
        """``none_without_source`` stands at all facts about a type, or at none."""
        for name, fact in rule.written.linked.items():
            if fact.none_without_source is not None and fact.from_ not in rule.optional_types:
                message = f"the rule needs {fact.from_} records anyway"
                self._complain(("linked", name, "none_without_source"), message, "Leave it out.")

    def _query(self) -> Query | None:
        written = self._written
        if written.query is None:
            if written.from_ is None:
                self._fail((), "the key 'from' is missing", "Or write 'query', one SELECT over record types.")
            return None
        for key, beside in (("from", written.from_), ("where", written.where), ("linked", written.linked)):
            if beside:
                self._complain((key,), "does not go with 'query'", "Say it in the query.")
        text, name, values = written.query, written.rule, self._values
        query = self._attempt(("query",), lambda: parse_query(text, name, ANY_INSTANT, values))
        if query is None:
            raise InvalidInputError(self._problems)
        return query

    def _fail(self, path: PathInDocument, message: str, hint: str) -> NoReturn:
        self._problems.append(Problem(self._document.place(path), message, hint))
        raise InvalidInputError(self._problems)

    def _attempt(self, path: PathInDocument, attempt: Callable[[], Result]) -> Result | None:
        try:
            return attempt()
        except ExpressionError as error:
            self._complain((*path, *error.under), str(error), error.hint, error.offset)
        except ValueError as error:
            self._complain(path, str(error))
        return None

    def _complain(
        self, path: PathInDocument, message: str, hint: str = "", offset: int | None = None
    ) -> None:
        where = ".".join(str(step) for step in path)
        place = self._document.place(path)
        written = self._text_at(path)
        if offset is not None and not (path[0] == "grade" and "$" in written):  # there, values are put in
            place = self._document.place_within(path, written, offset)
        problem = Problem(place, f"{where}: {message}", hint)
        if "$" not in message or all(told.place != problem.place for told in self._problems):
            self._problems.append(problem)  # a name that has no value is told once

    def _text_at(self, path: PathInDocument) -> str:
        value = self._document.value
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return str(value)

    def _record_type(self, name: str, path: PathInDocument) -> RecordType | None:
        found = record_types().get(name)
        if found is None:
            self._complain(path, f"there is no record type '{name}'", nearest(name, sorted(record_types())))
        return found

    def _window_field(self, record_type: RecordType) -> str | None:
        if self._written.window is None:
            return None
        declared = record_type.resolve(self._written.window.field)
        if declared is None or declared.type is not FieldType.INSTANT:
            instants = [
                field.name for field in record_type.fields.values() if field.type is FieldType.INSTANT
            ]
            name = self._written.window.field
            self._complain(
                ("window", "field"), f"'{name}' is no instant of {record_type.name}", nearest(name, instants)
            )
            return None
        return declared.name

    def _linked(self, record_type: RecordType) -> Iterator[LinkedFact]:
        for name, written in self._written.linked.items():
            path = ("linked", name)
            other = self._record_type(written.from_, (*path, "from"))
            if other is None:
                continue
            if record_type.resolve(name) is not None:
                self._complain(path, f"{record_type.name} already has a field '{name}'")
            pairs = []
            for theirs, ours in written.on.items():
                left = self._link_field(other, theirs, (*path, "on", theirs))
                right = self._link_field(record_type, ours, (*path, "on", theirs))
                if left and right and _compared(left) is not _compared(right):
                    types = f"'{theirs}' is {left.type}, but '{ours}' of {record_type.name} is {right.type}"
                    self._complain((*path, "on", theirs), types)
                elif left and right:
                    pairs.append((left, right))
            if written.where is not None:
                names = linked_names(other, record_type, ANY_INSTANT, self._values)
                self._attempt((*path, "where"), partial(parse_condition, written.where, names))
            yield LinkedFact(name, other, tuple(pairs), is_number=bool(written.count))

    def _link_field(self, record_type: RecordType, name: str, path: PathInDocument) -> RecordField | None:
        if name in {"service_id", "source_ref", "source"}:
            return RecordField(name, FieldType.TEXT)
        declared = record_type.resolve(name)
        if declared is None or declared.type in {FieldType.JSON, FieldType.DURATION}:
            self._complain(
                path,
                f"{record_type.name} cannot be linked by '{name}'",
                nearest(name, sorted(record_type.fields)),
            )
            return None
        return declared

    def _grade(self, measure: Measure) -> Grade | None:
        yes = self._threshold("yes", self._written.grade.yes, measure)
        partly = None
        if self._written.grade.partial is not None:
            partly = self._threshold("partial", self._written.grade.partial, measure)
        return Grade(yes, partly) if yes else None

    def _threshold(self, name: str, written: str | ThresholdDocument, measure: Measure) -> Threshold | None:
        path: PathInDocument = ("grade", name)
        if isinstance(written, str):
            text, days = written, None
        else:
            text, days = written.measured, written.days
            if self._written.window is None:
                self._complain((*path, "days"), "needs a 'window' that says over which field")
            path = (*path, "measured")
        found = self._attempt(path, lambda: parse_threshold(text, measure.dimension, measure.kind))
        return replace(found, days=days) if found else None

    def _fits_together(self, measure: Measure) -> None:
        needs_window = {MeasureKind.RATE, MeasureKind.TREND}
        if measure.kind in needs_window and self._written.window is None:
            self._complain(("measure",), f"{measure.kind} needs a window")


def _share(text: str) -> Fraction:
    quantity = parse_quantity(text)
    if quantity.dimension not in {Dimension.SHARE, Dimension.NUMBER} or not 0 <= quantity.value <= 1:
        raise ValueError(f"'{text}' is no share; write for example 90 %")
    return quantity.value


def _compared(field: RecordField) -> FieldType:
    """As what a field is compared with another one; lists hold text, and all numbers compare."""
    if field.type is FieldType.LIST:
        return FieldType.TEXT
    return FieldType.NUMBER if field.type in {FieldType.INTEGER, FieldType.RATIO} else field.type
