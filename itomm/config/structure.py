"""Check a YAML document against a pydantic model and say in plain words, with places, what is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, WithJsonSchema

from itomm.config.errors import InvalidInputError, Problem
from itomm.config.yaml_source import Document, PathInDocument

Model = TypeVar("Model", bound=BaseModel)


class StrictModel(BaseModel):
    """Base of all documents that people write: unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_text(value: object) -> object:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return " ".join(value.split()) if isinstance(value, str) else value


QuantityText = Annotated[str, BeforeValidator(_as_text), WithJsonSchema({"type": ["string", "number"]})]
"""A quantity as written: text with a unit, or a plain number."""


def checked(model: type[Model], document: Document, path: PathInDocument = ()) -> Model:
    """The part of ``document`` at ``path`` as ``model``.

    Raises:
        InvalidInputError: with one problem for each thing that does not fit.
    """
    value = document.value
    for step in path:
        value = value[step]  # type: ignore[index]  # the caller walked this path already
    if not isinstance(value, dict):
        raise InvalidInputError([Problem(document.place(path), "expected a mapping of keys to values")])
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InvalidInputError(problems_of(error, model, document, path)) from None


def problems_of(
    error: ValidationError, model: type[BaseModel], document: Document, path: PathInDocument = ()
) -> list[Problem]:
    """Translate a pydantic error into problems with places in ``document``."""
    found = []
    for detail in error.errors(include_url=False, include_input=False):
        location = tuple(detail["loc"])
        place = document.place((*path, *location))
        if detail["type"] == "extra_forbidden":
            allowed = sorted(_keys_at(model, location[:-1]))
            found.append(Problem(place, f"unknown key '{location[-1]}'", nearest(str(location[-1]), allowed)))
        elif detail["type"] == "missing":
            found.append(Problem(place, f"the key '{location[-1]}' is missing"))
        else:
            where = ".".join(str(step) for step in location)
            found.append(Problem(place, f"{where}: {_plain(detail)}" if where else _plain(detail)))
    return found


def nearest(word: str, allowed: Iterable[str]) -> str:
    """A hint: the most similar allowed word, and what is allowed."""
    choices = list(allowed)
    listed = f"Allowed here: {', '.join(choices)}." if choices else ""
    return f"{closest(word, choices)} {listed}".strip()


def closest(word: str, allowed: Iterable[str]) -> str:
    """A hint where the list of what is allowed would be too long: the most similar word, if there is one."""
    close = difflib.get_close_matches(word, list(allowed), n=1)
    return f"Did you mean '{close[0]}'?" if close else ""


def _plain(detail: Any) -> str:
    message = str(detail["msg"])
    return message.removeprefix("Value error, ").replace("Input should be", "should be")


def _keys_at(model: type[BaseModel], location: PathInDocument) -> set[str]:
    """The keys that ``model`` allows at ``location``; empty when that cannot be told."""
    steps = iter(location)
    for step in steps:
        if isinstance(step, int):
            continue
        declared = model.model_fields.get(step) or next(
            (field for field in model.model_fields.values() if field.alias == step), None
        )
        inner = next(_models_in(declared.annotation), None) if declared else None
        if declared is None or inner is None:
            return set()
        if _is_mapping(declared.annotation):
            next(steps, None)  # a name that the person chose
        model = inner
    return {field.alias or name for name, field in model.model_fields.items()}


def _is_mapping(annotation: Any) -> bool:
    return get_origin(annotation) is dict or any(_is_mapping(inner) for inner in get_args(annotation))


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
