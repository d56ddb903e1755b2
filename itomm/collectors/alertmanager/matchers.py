"""Label matchers, in the three ways Alertmanager has had of writing them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from itomm.collectors.payload import Payload, mapping_of, rows_of

_WRITTEN = re.compile(r"""^\s*"?([^"=!~\s]+)"?\s*(=~|!~|!=|=)\s*(.*?)\s*$""", re.DOTALL)
_OUTSIDE_QUOTES = re.compile(r""",(?=(?:[^"]*"[^"]*")*[^"]*$)""")


@dataclass(frozen=True)
class Matcher:
    """One condition on a label."""

    label: str
    operator: str
    value: str

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{self.label}{self.operator}"{escaped}"'


def matchers_of_silence(silence: Payload) -> tuple[Matcher, ...]:
    """The matchers of a silence as the API gives them."""
    found = []
    for row in rows_of(silence.get("matchers")):
        positive = row.get("isEqual") is not False  # absent before version 0.22, when all were positive
        regular = row.get("isRegex") is True
        operator = ("=" if positive else "!") + ("~" if regular else ("" if positive else "="))
        found.append(Matcher(str(row.get("name", "")), operator, str(row.get("value", ""))))
    return tuple(found)


def matchers_of_route(route: Payload) -> tuple[Matcher, ...]:
    """The matchers of a route in the configuration: ``matchers``, and the older ``match``, ``match_re``."""
    old = [Matcher(str(label), "=", str(value)) for label, value in mapping_of(route.get("match")).items()]
    old += [
        Matcher(str(label), "=~", str(value)) for label, value in mapping_of(route.get("match_re")).items()
    ]
    written = route.get("matchers")
    lines = [written] if isinstance(written, str) else written if isinstance(written, list) else []
    new = [matcher for line in lines for matcher in _written(str(line))]
    return (*old, *new)


def equal_values(matchers: Sequence[Matcher], labels: Sequence[str]) -> tuple[str, ...]:
    """The values that matchers demand of these labels, in the order of ``labels``."""
    return tuple(
        matcher.value
        for label in labels
        for matcher in matchers
        if matcher.label == label and matcher.operator == "="
    )


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _written(line: str) -> list[Matcher]:
    found = []
    for part in _OUTSIDE_QUOTES.split(line.strip().removeprefix("{").removesuffix("}")):
        parts = _WRITTEN.match(part)
        if parts:
            label, operator, value = parts.groups()
            quoted = len(value) > 1 and value.startswith('"') and value.endswith('"')
            found.append(Matcher(label, operator, _unescaped(value[1:-1]) if quoted else value))
    return found
