"""YAML at the head of a Markdown file, and the shape of its text. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import yaml

from itomm.collectors.payload import instant_of, text_of
from itomm.config.quantities import Dimension, parse_quantity

LONGEST_FRONT_MATTER = 10_000

_HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.+?)\s*#*\s*$|^(\S[^\n]*)\n(?:=+|-{3,})\s*$", re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(```|~~~).*?^ {0,3}\1", re.MULTILINE | re.DOTALL)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Markdown:
    """A Markdown file taken apart. ``fault`` says what is wrong with its front matter, when something is."""

    attributes: Mapping[str, object] = field(default_factory=dict)
    body: str = ""
    fault: str = ""

    @property
    def headings(self) -> list[str]:
        """Its headings, in order; what stands in code blocks is none."""
        return [found[0] or found[1] for found in _HEADING.findall(_FENCE.sub("", self.body))]

    @property
    def words(self) -> int:
        """Number of words, front matter left out."""
        return len(_WORD.findall(self.body))

    def text(self, *names: str) -> str | None:
        """The first of these attributes that is text or a number."""
        for name in names:
            value = self.attributes.get(name)
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                return text_of(str(value))
        return None

    def texts(self, *names: str) -> list[str]:
        """The first of these attributes that is there, as a list; a single text is a list of one."""
        for name in names:
            value = self.attributes.get(name)
            if isinstance(value, list):
                return [str(part) for part in value if isinstance(part, str | int)]
            if isinstance(value, str) and value.strip():
                return [part.strip() for part in value.split(",") if part.strip()]
        return []

    def instant(self, *names: str) -> datetime | None:
        """The first of these attributes that is a date (midnight UTC) or an instant."""
        for name in names:
            value = self.attributes.get(name)
            if isinstance(value, datetime):
                return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)
            if isinstance(value, date):
                return datetime(value.year, value.month, value.day, tzinfo=UTC)
            found = instant_of(value)
            if found:
                return found
        return None

    def duration(self, *names: str) -> timedelta | None:
        """The first of these attributes that is a duration such as ``4 h``."""
        for name in names:
            try:
                quantity = parse_quantity(str(self.attributes.get(name)))
            except ValueError:
                continue
            if quantity.dimension is Dimension.DURATION:
                return timedelta(microseconds=int(quantity.value))
        return None


def read_markdown(text: str) -> Markdown:
    """Split a file into front matter and body; broken front matter is told, and the body kept."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if not text.startswith("---\n"):
        return Markdown(body=text)
    end = re.compile(r"^(---|\.\.\.)[ \t]*$", re.MULTILINE).search(text, len("---\n"))
    if end is None:
        return Markdown(body=text)
    written, body = text[len("---\n") : end.start()], text[end.end() :]
    if len(written) > LONGEST_FRONT_MATTER:
        return Markdown(body=body, fault="its front matter is too long")
    try:
        attributes = yaml.safe_load(written)
    except (yaml.YAMLError, ValueError, RecursionError):  # dates such as 2026-02-31 raise ValueError
        return Markdown(body=body, fault="its front matter is not valid YAML")
    if attributes is not None and not isinstance(attributes, dict):
        return Markdown(body=body, fault="its front matter is not a mapping")
    lower = {str(name).casefold().replace("-", "_"): value for name, value in (attributes or {}).items()}
    return Markdown(lower, body)
