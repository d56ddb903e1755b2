"""The JSON Schemas of models, and of whole files of a pack."""

from __future__ import annotations

from typing import Any

from itomm.rules.model_document import ModelDocument, PracticeDocument
from itomm.rules.schemas.describing import DIALECT, described_schema
from itomm.rules.schemas.rule import rule_schema
from itomm.rules.schemas.texts import MODEL_TEXTS


def model_schema() -> dict[str, Any]:
    """A document that begins with ``model`` or ``practice``."""
    return _by_first_key("A questionnaire of itomm", {"model": _model(), "practice": _practice()})


def pack_schema() -> dict[str, Any]:
    """Any document of a pack's files: a model, a practice, or a rule."""
    kinds = {"model": _model(), "practice": _practice(), "rule": rule_schema()}
    return _by_first_key("A file of a pack of itomm", kinds)


def _model() -> dict[str, Any]:
    return described_schema(ModelDocument, "A model", MODEL_TEXTS)


def _practice() -> dict[str, Any]:
    return described_schema(PracticeDocument, "A practice with its criteria", MODEL_TEXTS)


def _by_first_key(title: str, kinds: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """One schema that is chosen by the key that says what a document is."""
    definitions: dict[str, Any] = {}
    chosen: dict[str, Any] = {"required": [next(iter(kinds))]}
    for key, schema in kinds.items():
        definitions |= schema.pop("$defs", {})
        schema.pop("$schema")
        definitions[key] = schema
    for key in reversed(kinds):
        chosen = {"if": {"required": [key]}, "then": {"$ref": f"#/$defs/{key}"}, "else": chosen}
    return {"$schema": DIALECT, "title": title, "type": "object", **chosen, "$defs": definitions}
