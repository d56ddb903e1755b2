"""Where in a file each character of a YAML text value stands, whichever way the text is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from itomm.config.errors import Place

_ESCAPED_AS_ITSELF = frozenset('"\\/')


@dataclass(frozen=True, slots=True)
class WrittenScalar:
    """A text value as it is written.

    Attributes:
        lines: all lines of its file, with their ends.
        start: where it begins: its quote, the mark of a block, or the first character of a plain text.
        style: the quote, ``|`` or ``>``; "" when it is plain.
    """

    lines: Sequence[str]
    start: Place
    style: str

    def place_of(self, value: str, offset: int) -> Place:
        """Where the character at ``offset`` of the value stands; the scalar's start where that is not exact.

        White space is folded in many ways, everything else stands in the file in the value's order.
        """
        rest = value[offset:].lstrip()
        wanted = sum(not each.isspace() for each in value[: len(value) - len(rest)])
        for line, column, count in self._characters():
            if count == wanted:
                return Place(self.start.file, line + 1, column + 1)
        return self.start

    def _characters(self) -> Iterator[tuple[int, int, int]]:
        """Line and column, from 0, of each character but white space, and how many stand before it."""
        line, column = self.start.line - 1, self.start.column - 1
        if self.style in {"|", ">"}:
            line, column = line + 1, 0
        elif self.style:
            column += 1
        count = 0
        for number in range(line, len(self.lines)):
            text = self.lines[number]
            while column < len(text):
                width = self._width(text, column)
                if width == 0:
                    return
                if not text[column].isspace():
                    yield number, column, count
                    count += 1
                column += width
            column = 0

    def _width(self, text: str, column: int) -> int:
        """How many characters of a line say one of the value; 0 where that cannot be told, or it ends."""
        here, following = text[column], text[column + 1 : column + 2]
        if self.style == "'" and here == "'":
            return 2 if following == "'" else 0
        if self.style == '"' and here == "\\":
            return 2 if following in _ESCAPED_AS_ITSELF else 0
        return 0 if self.style == '"' and here == '"' else 1
