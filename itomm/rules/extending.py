"""``extends:`` of a rule: it takes every key of another rule of its rule set that it does not name itself.

The document that comes out keeps each key's own place, so that a fault is reported where its text stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from itomm.config.errors import InvalidInputError, Problem
from itomm.config.structure import closest
from itomm.config.yaml_source import Document

LONGEST_CHAIN = 5
"""Rules that may stand behind one another; beyond this nobody can tell any more what a rule says."""
_OWN = frozenset({"rule", "answers", "tests", "mutants", "extends"})
"""Keys that are never taken from another rule: what they say is about one rule."""


def with_inherited(document: Document, others: Mapping[str, Document]) -> Document:
    """A rule's document with the keys that it takes from others; ``others`` are all rules by name.

    Raises:
        InvalidInputError: there is no such rule, or they extend each other in a circle or too long a chain.
    """
    if not isinstance(document.value, dict) or not isinstance(document.value.get("extends"), str):
        return document
    found = document
    for ancestor in _ancestors(document, others):
        found = _with_keys_of(ancestor, found)
    return found


def rules_by_name(documents: Sequence[Document]) -> dict[str, Document]:
    """The rules among documents, by name; of two with the same name the first."""
    found: dict[str, Document] = {}
    for document in documents:
        name = document.value.get("rule") if isinstance(document.value, dict) else None
        if isinstance(name, str):
            found.setdefault(name, document)
    return found


def _ancestors(document: Document, others: Mapping[str, Document]) -> Iterator[Document]:
    """The rules behind a rule, nearest first."""
    names = [_text(document, "rule")]
    at = document
    while name := _text(at, "extends"):
        place = document.place(("extends",))
        if name in names:
            circle = " → ".join([*names[names.index(name) :], name])
            raise InvalidInputError([Problem(place, f"extends: these rules extend each other: {circle}")])
        if name not in others:
            if at is not document:
                return  # reported of the rule that names it
            hint = closest(name, others) or "Only rules of the same rule set can be extended."
            raise InvalidInputError([Problem(place, f"extends: there is no rule '{name}'", hint)])
        if len(names) > LONGEST_CHAIN:
            message = f"extends: more than {LONGEST_CHAIN} rules stand behind this one"
            raise InvalidInputError([Problem(place, message, "Extend a rule nearer to the beginning.")])
        names.append(name)
        at = others[name]
        yield at


def _with_keys_of(ancestor: Document, document: Document) -> Document:
    theirs = ancestor.value if isinstance(ancestor.value, dict) else {}
    ours = document.value if isinstance(document.value, dict) else {}
    taken = {key: value for key, value in theirs.items() if key not in ours and key not in _OWN}
    places = {path: place for path, place in ancestor.places.items() if path and path[0] in taken}
    scalars = {path: scalar for path, scalar in ancestor.scalars.items() if path and path[0] in taken}
    return replace(
        document,
        value={**ours, **taken},
        text=document.text + _as_written(ancestor, list(taken)),
        places={**document.places, **places},
        scalars={**document.scalars, **scalars},
    )


def _as_written(ancestor: Document, keys: Sequence[str]) -> str:
    """The lines of a document that say these keys, under a remark from where they are."""
    if not keys:
        return ""
    first = ancestor.place().line
    begins = sorted({place.line - first for path, place in ancestor.places.items() if len(path) == 1})
    lines = ancestor.text.splitlines(keepends=True)
    ends = dict(zip(begins, [*begins[1:], len(lines)], strict=True))
    wanted = sorted({ancestor.places[(key,)].line - first for key in keys})
    said = "".join("".join(lines[begin : ends[begin]]) for begin in wanted)
    remark = f"# from {_text(ancestor, 'rule')}, {ancestor.place(('rule',))}\n"
    return f"\n{remark}{said.rstrip()}\n"


def _text(document: Document, key: str) -> str:
    value = document.value.get(key) if isinstance(document.value, dict) else None
    return value if isinstance(value, str) else ""
