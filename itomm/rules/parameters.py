"""Parameters of a rule: values that an organisation may set, within limits that the rule states.

A rule writes ``$name`` where the value stands. In grades, windows and minimums the value takes the name's
place before the rule is checked (:func:`settled`); in expressions it enters the parsed tree as a literal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from itomm.config.errors import Place, Problem
from itomm.config.quantities import DAY, Dimension, Quantity, parse_quantity
from itomm.config.structure import QuantityText, StrictModel, nearest
from itomm.config.yaml_source import Document, PathInDocument

_NAME = r"[a-z][a-z0-9_]*"
_MENTION = re.compile(rf"\$({_NAME})")
_COMPARED = re.compile(rf"(<=|>=|<|>|=)\s*\$({_NAME})")
_LOOSENED_BY = {"<=": "higher", "<": "higher", ">=": "lower", ">": "lower"}
_ALIKE = frozenset({Dimension.NUMBER, Dimension.SHARE})
ParameterName = Annotated[str, Field(pattern=rf"^{_NAME}$")]


class ParameterDocument(StrictModel):
    """One entry of ``parameters:``."""

    default: QuantityText
    from_: Annotated[QuantityText, Field(alias="from")]
    to: QuantityText
    looser: Literal["higher", "lower"]
    about: Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class SetParameter:
    """A value that the configuration sets, and where it says so."""

    rule: str
    name: str
    value: str
    place: Place


@dataclass(frozen=True, slots=True)
class ParameterUsed:
    """The value that a rule was applied with, beside the rule's own default, both as written."""

    name: str
    value: str
    default: str
    loosened: bool

    @property
    def text(self) -> str:
        """For people: "longest_restore 8 h, loosened from 4 h"."""
        if self.loosened:
            return f"{self.name} {self.value}, loosened from {self.default}"
        return f"{self.name} {self.value}"


@dataclass(frozen=True)
class Parameter:
    """A declared parameter with the value that holds; ``place`` is where that value stands."""

    used: ParameterUsed
    quantity: Quantity
    looser: str
    place: Place
    is_set: bool


def read_parameters(
    document: Document, chosen: Sequence[SetParameter] = ()
) -> tuple[dict[str, Parameter], list[Problem]]:
    """The parameters that a rule's document declares, with the chosen values; and what is wrong with them.

    What is not written as a parameter must be is left out: the check of the whole document reports it.
    """
    found: dict[str, Parameter] = {}
    problems: list[Problem] = []
    declared = _declared(document)
    for name, each in declared.items():
        try:
            found[name] = _default(name, each, document)
            _check_limits(found[name], each, document)
            for setting in chosen:
                if setting.name == name:
                    found[name] = _with_choice(found[name], each, setting)
        except _WrongParameterError as wrong:
            problems.append(wrong.problem)
    for setting in chosen:
        if setting.name not in declared:
            hint = nearest(setting.name, sorted(declared)) or "It has no parameters."
            message = f"the rule '{setting.rule}' has no parameter '{setting.name}'"
            problems.append(Problem(setting.place, message, hint))
    return found, problems


def settled(document: Document, parameters: Mapping[str, Parameter]) -> tuple[Document, list[Problem]]:
    """The document with values for the names in its grade, window and minimums; and what does not fit."""
    if not isinstance(document.value, dict):
        return document, []
    settling = _Settling(document, parameters)
    return replace(document, value=settling.whole(document.value)), settling.problems


class _WrongParameterError(ValueError):
    """A parameter cannot be used as it is declared or set."""

    def __init__(self, place: Place, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.problem = Problem(place, message, hint)


def _declared(document: Document) -> dict[str, ParameterDocument]:
    value = document.value.get("parameters") if isinstance(document.value, dict) else None
    found = {}
    for name, each in value.items() if isinstance(value, dict) else ():
        try:
            found[name] = ParameterDocument.model_validate(each)
        except ValidationError:
            continue  # reported with the rest of the document
    return found


def _default(name: str, written: ParameterDocument, document: Document) -> Parameter:
    """The parameter as the rule declares it; raises _WrongParameterError."""
    place = document.place(("parameters", name, "default"))
    used = ParameterUsed(name, written.default, written.default, loosened=False)
    return Parameter(used, _read(written.default, place, name), written.looser, place, is_set=False)


def _check_limits(default: Parameter, written: ParameterDocument, document: Document) -> None:
    """Raise _WrongParameterError when the limits are no quantities of the default's kind around it."""
    name = default.used.name
    read = []
    for key, text in (("from", written.from_), ("to", written.to)):
        place = document.place(("parameters", name, key))
        read.append(_read(text, place, name))
        if not _one_kind(read[-1], default.quantity):
            kinds = f"'{key}' is a {read[-1].dimension}, but the default is a {default.quantity.dimension}"
            raise _WrongParameterError(place, f"parameter '{name}': {kinds}")
    if not read[0].value <= default.quantity.value <= read[1].value:
        message = f"parameter '{name}': the default {written.default} does not lie {_limits(written)}"
        raise _WrongParameterError(default.place, message)


def _with_choice(default: Parameter, written: ParameterDocument, chosen: SetParameter) -> Parameter:
    """The parameter with the value that the configuration sets.

    Raises:
        _WrongParameterError: the value is no quantity of the parameter's kind, or outside its limits.
    """
    quantity = _read(chosen.value, chosen.place, chosen.name)
    limits = f"Write a value {_limits(written)}."
    if not _one_kind(quantity, default.quantity):
        message = (
            f"'{chosen.value}' is a {quantity.dimension}, "
            f"but '{chosen.name}' of the rule '{chosen.rule}' is a {default.quantity.dimension}"
        )
        raise _WrongParameterError(chosen.place, message, limits)
    if not parse_quantity(written.from_).value <= quantity.value <= parse_quantity(written.to).value:
        message = f"'{chosen.name}' of the rule '{chosen.rule}' cannot be {chosen.value}"
        raise _WrongParameterError(chosen.place, message, limits)
    beyond = quantity.value - default.quantity.value
    loosened = beyond > 0 if written.looser == "higher" else beyond < 0
    used = ParameterUsed(chosen.name, chosen.value, written.default, loosened)
    return Parameter(used, quantity, written.looser, chosen.place, is_set=bool(beyond))


def _read(text: str, place: Place, name: str) -> Quantity:
    try:
        return parse_quantity(text)
    except ValueError as error:
        raise _WrongParameterError(place, f"parameter '{name}': {error}") from None


def _one_kind(left: Quantity, right: Quantity) -> bool:
    return left.dimension is right.dimension or {left.dimension, right.dimension} == _ALIKE


def _limits(written: ParameterDocument) -> str:
    return f"from {written.from_} to {written.to}"


class _Settling:
    """Puts values where a rule's document names parameters outside expressions."""

    def __init__(self, document: Document, parameters: Mapping[str, Parameter]) -> None:
        self.problems: list[Problem] = []
        self._document = document
        self._parameters = parameters

    def whole(self, written: Mapping[str, object]) -> dict[str, object]:
        """The document's value."""
        return {key: self._part(key, value) for key, value in written.items()}

    def _part(self, key: str, value: object) -> object:
        match key, value:
            case "minimum_sample", str():
                return self._whole_number((key,), value, loosened_by="lower")
            case "minimum_coverage", str():
                return self._text((key,), value, loosened_by="lower")
            case "window", dict():
                days = value.get("days")
                number = self._whole_number((key, "days"), days) if isinstance(days, str) else days
                return {**value, "days": number} if "days" in value else value
            case "grade", dict():
                return {name: self._grade((key, name), each) for name, each in value.items()}
            case "measure", {"share_of_services": dict() as parts, **written}:
                path = (key, "share_of_services", "at_least")
                at_least = parts.get("at_least")
                text = self._text(path, at_least, "lower") if isinstance(at_least, str) else at_least
                return {**written, "share_of_services": {**parts, "at_least": text}} if text else value
            case _:
                return value

    def _grade(self, path: PathInDocument, value: object) -> object:
        match value:
            case str():
                return self._thresholds(path, value)
            case dict():
                found = dict(value)
                if isinstance(found.get("measured"), str):
                    found["measured"] = self._thresholds((*path, "measured"), found["measured"])
                if isinstance(found.get("days"), str):
                    found["days"] = self._whole_number((*path, "days"), found["days"])
                return found
            case _:
                return value

    def _whole_number(self, path: PathInDocument, text: str, loosened_by: str | None = None) -> object:
        """The value of a name that stands alone; other text is left for the check of the whole document."""
        mention = _MENTION.fullmatch(text.strip())
        parameter = self._known(path, mention[1], loosened_by, "here") if mention else None
        if parameter is None:
            return 1 if mention else text
        number, dimension = parameter.quantity.value, parameter.quantity.dimension
        in_days = path[-1] == "days" and dimension is Dimension.DURATION
        number = number / DAY if in_days else number
        if number.denominator != 1 or not (in_days or dimension is Dimension.NUMBER):
            wanted = "a whole number" + (" of days" if path[-1] == "days" else "")
            message = f"'{parameter.used.name}' is {parameter.used.value}, but {_key(path)} takes {wanted}"
            self.problems.append(Problem(parameter.place, message))
            return 1
        return int(number)

    def _thresholds(self, path: PathInDocument, text: str) -> str:
        for symbol, name in _COMPARED.findall(text):
            self._known(path, name, _LOOSENED_BY.get(symbol), f"after '{symbol}'")
        return self._text(path, text)

    def _text(self, path: PathInDocument, text: str, loosened_by: str | None = None) -> str:
        for name in dict.fromkeys(_MENTION.findall(text)):
            self._known(path, name, loosened_by, "here")
        return _MENTION.sub(self._value, text)

    def _value(self, mention: re.Match[str]) -> str:
        parameter = self._parameters.get(mention[1])
        return parameter.used.value if parameter else mention[0]

    def _known(
        self, path: PathInDocument, name: str, loosened_by: str | None, where: str
    ) -> Parameter | None:
        """The parameter of that name; whether its declaration says rightly which way it loosens the rule."""
        parameter = self._parameters.get(name)
        if parameter is None:
            self._complain(path, f"there is no parameter '${name}'", nearest(name, sorted(self._parameters)))
        elif loosened_by not in {None, parameter.looser}:
            message = f"a {loosened_by} '${name}' is looser {where}, but it says 'looser: {parameter.looser}'"
            self._complain(path, message, f"Write 'looser: {loosened_by}' in its declaration.")
        return parameter

    def _complain(self, path: PathInDocument, message: str, hint: str) -> None:
        problem = Problem(self._document.place(path), f"{_key(path)}: {message}", hint)
        if problem not in self.problems:
            self.problems.append(problem)


def _key(path: PathInDocument) -> str:
    return ".".join(str(step) for step in path)
