"""Strict YAML with positions.

Read as YAML 1.2: ``yes``, ``no``, ``on`` and ``off`` are words, ``012`` is text, dates are text. Duplicate
keys, anchors, aliases and tags are errors, so that no document says something other than what it shows.
Fractional numbers become :class:`decimal.Decimal`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import yaml

from itomm.config.errors import InvalidInputError, Place, Problem
from itomm.config.scalar_places import WrittenScalar

MAXIMUM_DEPTH = 40
MAXIMUM_CHARACTERS = 5_000_000

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]{1,3})?")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_MAXIMUM_DIGITS = 30
_BYTE_ORDER_MARK = "\ufeff"

PathInDocument = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """One YAML document as plain data, with the place of every key and value in its file."""

    value: object
    file: str
    text: str = field(repr=False)
    places: Mapping[PathInDocument, Place] = field(repr=False)
    scalars: Mapping[PathInDocument, WrittenScalar] = field(default_factory=dict, repr=False)

    def place(self, path: PathInDocument = ()) -> Place:
        """Where the thing at ``path`` stands; the nearest enclosing thing when it is not there."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(self.file))

    def place_within(self, path: PathInDocument, text: str, offset: int) -> Place:
        """Where the character at ``offset`` of the text at ``path`` stands."""
        scalar = self.scalars.get(path)
        return scalar.place_of(text, offset) if scalar else self.place(path)


def read_documents(path: Path, *, without: str | None = None) -> list[Document]:
    """Read all YAML documents of a file; those known to be sound may be read ``without`` one top-level key.

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
    return parse_documents(text, str(path), without=without)


def read_document(path: Path) -> Document:
    """Read a file that holds exactly one YAML document.

    Raises:
        InvalidInputError: as :func:`read_documents`, or the file holds none or several documents.
    """
    documents = read_documents(path)
    if len(documents) != 1:
        raise _problem(Place(str(path)), f"expected one YAML document, found {len(documents)}")
    return documents[0]


def parse_documents(text: str, file: str, *, without: str | None = None) -> list[Document]:
    """Parse YAML text; ``file`` names it in messages.

    With ``without``, blocks of that top-level key are passed over unread, which saves their time.

    Raises:
        InvalidInputError: the text is not strict YAML.
    """
    if len(text) > MAXIMUM_CHARACTERS:
        raise _problem(Place(file), f"longer than {MAXIMUM_CHARACTERS:,} characters")
    try:
        lines = text.removeprefix(_BYTE_ORDER_MARK).splitlines(keepends=True)
        read = text if without is None else _blanked(text, without)
        builders = list(_built(yaml.parse(read, Loader=_LOADER), file, lines))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        raise _problem(place, f"not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise _problem(Place(file), f"not YAML: {str(error).splitlines()[0]}") from None
    problems = [problem for builder in builders for problem in builder.problems]
    if problems:
        raise InvalidInputError(problems)
    return [builder.document() for builder in builders if not builder.is_empty]


def _blanked(text: str, key: str) -> str:
    """The text with empty lines in place of a top-level key and all that belongs to it."""
    kept: list[str] = []
    inside = False
    for line in text.split("\n"):
        goes_on = not line or line[0] in " #\t" or (line[0] == "-" and not line.startswith("---"))
        inside = line.rstrip() == f"{key}:" or (inside and goes_on)
        kept.append("" if inside else line)
    return "\n".join(kept)


def _built(events: Iterable[yaml.Event], file: str, lines: Sequence[str]) -> Iterator[_Builder]:
    builder = _Builder(file, lines)
    for event in events:
        if isinstance(event, yaml.DocumentEndEvent):
            yield builder
            builder = _Builder(file, lines)
        else:
            builder.take(event)


def _until_next_document(excerpt: str) -> str:
    kept: list[str] = []
    for line in excerpt.splitlines(keepends=True):
        if line.startswith(("---", "...")) and kept:
            break
        kept.append(line)
    return "".join(kept)


@dataclass
class _Open:
    """A mapping or sequence that is not finished: what it holds so far, and the key that awaits its value."""

    value: dict[str, object] | list[object]
    path: PathInDocument
    key: str | None = None
    repeated: bool = False  # the awaited value belongs to a key that stands there already


class _Builder:
    """Turns the parser's events of one document into plain data, noting places and problems."""

    def __init__(self, file: str, lines: Sequence[str]) -> None:
        self.problems: list[Problem] = []
        self.is_empty = True
        self._file = file
        self._lines = lines  # of the whole file
        self._scalars: dict[PathInDocument, WrittenScalar] = {}
        self._places: dict[PathInDocument, Place] = {}
        self._open: list[_Open] = []
        self._value: object = None
        self._first_line = 0

    def document(self) -> Document:
        """The finished document."""
        text = _until_next_document("".join(self._lines[self._first_line :]))
        return Document(self._value, self._file, text, self._places, self._scalars)

    def take(self, event: yaml.Event) -> None:
        """Take the next event.

        Raises:
            InvalidInputError: something that is not allowed at all.
        """
        match event:
            case yaml.ScalarEvent():
                self._check(event)
                self._scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._check(event)
                self._begin(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._settle(self._open.pop().value)
            case yaml.AliasEvent():
                raise _problem(
                    self._place(event), "anchors and aliases are not allowed here", "Write it out."
                )
            case _:
                pass  # the stream's and the document's own marks

    def _check(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.anchor:
            raise _problem(self._place(event), "anchors and aliases are not allowed here", "Write it out.")
        if event.tag:
            raise _problem(self._place(event), f"the tag {event.tag} is not allowed here", "Leave it out.")

    def _begin(self, event: yaml.Event) -> None:
        place = self._place(event)
        if len(self._open) >= MAXIMUM_DEPTH:
            raise _problem(place, f"nested deeper than {MAXIMUM_DEPTH} levels")
        if self._awaits_key():
            raise _problem(place, "a key must be plain text")
        path = self._path_of_next()
        self._note(path, place)
        self._open.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else [], path))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if self._awaits_key():
            self._key(event)
            return
        path, place = self._path_of_next(), self._place(event)
        self._note(path, place)
        self._scalars.setdefault(path, WrittenScalar(self._lines, place, event.style or ""))
        self._settle(event.value if event.style else _plain_scalar(event.value))

    def _key(self, event: yaml.ScalarEvent) -> None:
        holder, place, key = self._open[-1], self._place(event), event.value
        holder.key = key
        holder.repeated = isinstance(holder.value, dict) and key in holder.value
        path = (*holder.path, key)
        if holder.repeated:
            hint = f"It is first set at {self._places[path]}."
            self.problems.append(Problem(place, f"the key '{key}' stands here twice", hint))
        else:
            self._places[path] = place

    def _settle(self, value: object) -> None:
        """Put a finished value where it belongs."""
        if not self._open:
            self._value, self.is_empty = value, value is None
            return
        holder = self._open[-1]
        if isinstance(holder.value, list):
            holder.value.append(value)
        elif holder.key is not None:
            if not holder.repeated:
                holder.value[holder.key] = value
            holder.key = None

    def _awaits_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].value, dict) and self._open[-1].key is None

    def _path_of_next(self) -> PathInDocument:
        if not self._open:
            return ()
        holder = self._open[-1]
        return (*holder.path, len(holder.value) if isinstance(holder.value, list) else str(holder.key))

    def _note(self, path: PathInDocument, place: Place) -> None:
        if not self._places:
            self._first_line = place.line - 1
        self._places.setdefault(path, place)  # a value under a key is found at its key

    def _place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return Place(self._file, mark.line + 1, mark.column + 1) if mark else Place(self._file)


def _plain_scalar(text: str) -> object:
    """What an unquoted word means in YAML 1.2."""
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


def _problem(place: Place, message: str, hint: str = "") -> InvalidInputError:
    return InvalidInputError([Problem(place, message, hint)])
