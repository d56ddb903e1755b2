"""Strict YAML with positions.

Read as YAML 1.2: ``yes``, ``no``, ``on`` and ``off`` are words, ``012`` is text, dates are text. Duplicate
keys, anchors, aliases and tags are errors, so that no document says something other than what it shows.
Fractional numbers become :class:`decimal.Decimal`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from itomm.config.errors import InvalidInputError, Place, Problem

MAXIMUM_DEPTH = 40
MAXIMUM_CHARACTERS = 5_000_000

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]{1,3})?")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_MAXIMUM_DIGITS = 30

PathInDocument = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """One YAML document as plain data, with the place of every key and value in its file."""

    value: object
    file: str
    text: str = field(repr=False)
    places: Mapping[PathInDocument, Place] = field(repr=False)

    def place(self, path: PathInDocument = ()) -> Place:
        """Where the thing at ``path`` stands; the nearest enclosing thing when it is not there."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(self.file))


def read_documents(path: Path) -> list[Document]:
    """Read all YAML documents of a file.

    Raises:
        InvalidInputError: the file cannot be read or is not strict YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _problem(Place(str(path)), "there is no such file") from None
    except UnicodeDecodeError:
        raise _problem(Place(str(path)), "this is not UTF-8 text") from None
    except OSError as error:
        raise _problem(Place(str(path)), f"cannot be read: {error.strerror}") from None
    return parse_documents(text, str(path))


def read_document(path: Path) -> Document:
    """Read a file that holds exactly one YAML document.

    Raises:
        InvalidInputError: as :func:`read_documents`, or the file holds none or several documents.
    """
    documents = read_documents(path)
    if len(documents) != 1:
        raise _problem(Place(str(path)), f"expected one YAML document, found {len(documents)}")
    return documents[0]


def parse_documents(text: str, file: str) -> list[Document]:
    """Parse YAML text; ``file`` names it in messages.

    Raises:
        InvalidInputError: the text is not strict YAML.
    """
    if len(text) > MAXIMUM_CHARACTERS:
        raise _problem(Place(file), f"longer than {MAXIMUM_CHARACTERS:,} characters")
    try:
        _refuse_tricks(text, file)
        nodes = [node for node in yaml.compose_all(text, Loader=_LOADER) if node is not None]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        raise _problem(place, f"not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise _problem(Place(file), f"not YAML: {str(error).splitlines()[0]}") from None
    lines = text.splitlines(keepends=True)
    return [_document(node, file, lines) for node in nodes]


def _document(node: Node, file: str, lines: list[str]) -> Document:
    builder = _Builder(file)
    value = builder.build(node, ())
    if builder.problems:
        raise InvalidInputError(builder.problems)
    excerpt = "".join(lines[node.start_mark.line : node.end_mark.line + 1])
    return Document(value, file, _until_next_document(excerpt), builder.places)


def _until_next_document(excerpt: str) -> str:
    kept: list[str] = []
    for line in excerpt.splitlines(keepends=True):
        if line.startswith(("---", "...")) and kept:
            break
        kept.append(line)
    return "".join(kept)


def _refuse_tricks(text: str, file: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        mark = event.start_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _problem(place, "anchors and aliases are not allowed here", "Write the value out.")
        if tag := getattr(event, "tag", None):
            raise _problem(place, f"the tag {tag} is not allowed here", "Leave the tag out.")
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1
        if depth > MAXIMUM_DEPTH:
            raise _problem(place, f"nested deeper than {MAXIMUM_DEPTH} levels")


class _Builder:
    """Turns YAML nodes into plain data, noting places and problems."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[PathInDocument, Place] = {}
        self.problems: list[Problem] = []

    def build(self, node: Node, path: PathInDocument) -> object:
        self.places.setdefault(path, self._place(node))
        if isinstance(node, MappingNode):
            return dict(self._items(node, path))
        if isinstance(node, SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _items(self, node: MappingNode, path: PathInDocument) -> Iterator[tuple[str, object]]:
        seen: dict[str, Place] = {}
        for key_node, value_node in node.value:
            place = self._place(key_node)
            if not isinstance(key_node, ScalarNode):
                self.problems.append(Problem(place, "a key must be plain text"))
                continue
            key = str(key_node.value)
            if key in seen:
                self.problems.append(
                    Problem(place, f"the key '{key}' stands here twice", f"It is first set at {seen[key]}.")
                )
                continue
            seen[key] = place
            self.places[(*path, key)] = place
            yield key, self.build(value_node, (*path, key))

    def _scalar(self, node: Node) -> object:
        text = str(node.value)
        if not isinstance(node, ScalarNode) or node.style:  # quoted or block text stays text
            return text
        if text in _NULL:
            return None
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        if len(text) <= _MAXIMUM_DIGITS:
            if _INTEGER.fullmatch(text):
                return int(text)
            if _DECIMAL.fullmatch(text):
                return Decimal(text)
        return text

    def _place(self, node: Node) -> Place:
        return Place(self.file, node.start_mark.line + 1, node.start_mark.column + 1)


def _problem(place: Place, message: str, hint: str = "") -> InvalidInputError:
    return InvalidInputError([Problem(place, message, hint)])
