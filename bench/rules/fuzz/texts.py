"""Texts that nobody should write: shipped rules changed at random, expressions and files made at random.

Everything follows from the seed of the random source that is handed in.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from itomm.config.yaml_source import parse_documents
from itomm.evidence.record_types import record_types
from tests.rules.escape_attempts import ATTEMPTS, QUERIES
from tests.rules.rules_as_text import PLAIN_RULE

PACKS = Path("itomm/rules/packs")
ESCAPES = [text for texts in ATTEMPTS.values() for text in texts]
WORDS = (
    "and", "or", "not", "in", "is", "null", "like", "between", "case", "when", "then", "else",
    "end", "true", "false", "interval", "as_of", "base.", "coalesce", "lower", "length", "len",
    "list_contains", "greatest", "least", "abs", "date_trunc", "(", ")", "[", "]", "{", "}", ",",
    ".", "=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "'", "\"", ";", "--", "/*", "*/",
    "#", "$", "?", ":", "::", "->", "|", "&", "^", "~", "\\", "severity", "title", "opened_at",
    "resolved_at", "restored_at", "labels", "major", "links", "key", "team", "kind", "1", "0", "-1",
    "0.95", ".5", "5.", "1e9", "999999999999999", "9999999999999999", "'a'", "''", "'%'", "'_'",
    "'day'", "interval'1day'", "$longest_restore", "select", "from", "where", "group", "having",
    "order", "union", "with", "exists", "any", "all", "over", "filter", "distinct", "cast", "as",
    "end_at", "service_id", "source", "collected_at", "count(*)", "sum", "max", "'1 day'",
    "'4 hours'", "'1/2 days'",
)  # fmt: skip
_MONTHS = (
    "select service_id, date_trunc('month', opened_at) as month, count(*) as incidents, "
    "median(restored_at - opened_at) as restore from incident where severity <= 2 group by service_id, month"
)
_CHANGES_BEFORE = (
    "select i.service_id, i.opened_at, c.created_at as changed from incident i "
    "left join change c on c.service_id = i.service_id and c.created_at < i.opened_at where i.severity = 1"
)
_REOPENED = (
    "select service_id, sum(reopened_count) as n, max(opened_at) as last from incident "
    "group by service_id having count(*) >= 2 and n > 1"
)
GOOD_QUERIES = (_MONTHS, _CHANGES_BEFORE, _REOPENED)
UNITS = ("days", "hours", "h", "month", "")
STRANGE = (
    "\x00", "\ufeff", "\u200b", "\u202e", "\u0661", "\uff1d", "\t", "\r", "\n", "\x85", "\u2028",
    "\x1b", "\x7f",
    "\ud7ff", "\U0001f600", "\u0301", "é", "---", "...", "&a ", "*a", "<<: ", "!!python/object:x ",
    "!!int ", "|",
    ">", "? ", "- ", ": ", "{", "}", "[", "]", ",", "#", "%YAML 1.1\n", "'", '"', "yes", "no", "on",
    "0o17", "017",
    "1:30", "0x1f", ".inf", ".nan", "~", "null", "2026-01-01", "=", "9" * 40, "-", " ", "  ", "\n\n", "\n  ",
)  # fmt: skip
KEYS = (
    "rule", "answers", "per", "services", "from", "where", "window", "field", "days", "linked",
    "on", "measure", "minimum_sample", "minimum_coverage", "grade", "yes", "partial", "missing",
    "confidence", "because", "tests", "name", "given", "expect", "answer", "measured", "counted",
    "matched", "seen", "repeat", "as_of", "scope", "service", "incomplete", "never_collected",
    "parameters", "default", "to", "looser", "about", "extends", "query", "count", "ratio", "of",
    "share_of_services", "having", "at_least", "median", "percentile", "at", "sum", "avg", "min",
    "max", "rate", "days_since", "trend", "exists", "distinct", "mutants", "change", "reason",
    "model", "practice", "area", "criteria", "levels", "title", "version", "areas", "id", "weight",
    "purpose",
)  # fmt: skip
VALUES: tuple[object, ...] = (
    None, True, False, 0, 1, -1, 5, 10**18, 10**40, 0.5, 1e300, "", " ", "yes", "no", "incident", "service",
    "organisation", "severity", "opened_at", "severity <= 2", "restored_at - opened_at", "<= 4 h", ">= 90 %",
    ">= 2 and <= 5", "3 /week", "90 %", "4 h", "unknown", "no_if_complete", "direct", "A-P-2.1", [], {},
    [[]], "$x",
)  # fmt: skip


def shipped_texts() -> list[str]:
    """Every YAML document of the shipped packs, as written."""
    return [
        document
        for file in sorted(PACKS.rglob("*.yaml"))
        for document in file.read_text(encoding="utf-8").split("\n---\n")
    ]


class Maker:
    """Makes texts, one kind after the other at random."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  # chosen to be repeatable
        self._shipped = shipped_texts()
        self._rules = [text for text in self._shipped if text.startswith("rule:") or "\nrule:" in text[:200]]
        self._small = [_without_tests(text) for text in self._rules]
        self.kinds: Mapping[str, Callable[[], bytes]] = {
            "shipped rule, bytes changed": self._bytes_changed,
            "shipped rule, characters changed": self._characters_changed,
            "shipped expressions, words changed": self._words_changed,
            "shipped rules spliced": self._spliced,
            "shipped document, lines moved": self._lines_moved,
            "words as an expression": self._words_as_expression,
            "grammar as an expression": self._grammar_as_expression,
            "escape attempt, changed": self._escape_changed,
            "query, words changed": self._query_changed,
            "parameters at random": self._parameters_changed,
            "structure at random": self._structure,
            "rule, values at random": self._values_changed,
            "noise": self._noise,
        }
        self._names = list(self.kinds)
        self._fields = sorted({name for each in record_types().values() for name in each.fields})

    def text(self) -> tuple[str, bytes]:
        """The next text: its kind, and its bytes."""
        name = self._random.choice(self._names)
        return name, self.kinds[name]()

    # --- shipped rules, changed -----------------------------------------------------------------------

    def _shipped_rule(self) -> str:
        return self._random.choice(self._rules if self._random.random() < 0.02 else self._small)

    def _bytes_changed(self) -> bytes:
        data = bytearray(self._shipped_rule().encode())
        for _ in range(self._random.choice((1, 1, 1, 2, 3, 8, 40))):
            place = self._random.randrange(len(data)) if data else 0
            match self._random.randrange(4):
                case 0 if data:
                    data[place] ^= 1 << self._random.randrange(7)
                case 1 if data:
                    data[place] = self._random.choice((self._random.randrange(256), *b"'=<>(),:- 19nat"))
                case 2:
                    del data[place : place + self._random.randrange(1, 9)]
                case _:
                    data[place:place] = data[place : place + self._random.randrange(1, 60)]
        return bytes(data)

    def _characters_changed(self) -> bytes:
        text = self._shipped_rule()
        for _ in range(self._random.choice((1, 1, 2, 3, 6))):
            place = self._random.randrange(len(text) + 1)
            inserted = self._random.choice(self._random.choice((STRANGE, WORDS, KEYS)))
            text = text[:place] + inserted + text[place + self._random.choice((0, 0, 1, 4)) :]
        return text.encode()

    def _spliced(self) -> bytes:
        first, second = self._shipped_rule(), self._shipped_rule()
        cut, begin = self._random.randrange(len(first) + 1), self._random.randrange(len(second) + 1)
        return (first[:cut] + self._random.choice(("", "\n", "\n---\n")) + second[begin:]).encode()

    def _lines_moved(self) -> bytes:
        lines = self._random.choice((*self._small, self._random.choice(self._shipped))).splitlines()
        for _ in range(self._random.randrange(1, 4)):
            line = lines.pop(self._random.randrange(len(lines))) if lines else ""
            for _ in range(self._random.choice((0, 1, 2))):
                lines.insert(
                    self._random.randrange(len(lines) + 1), self._random.choice(("", "  ", " ")) + line
                )
        return "\n".join(lines).encode()

    def _words_changed(self) -> bytes:
        return self._written(self._with_words_changed(self._rule_value()))

    def _rule_value(self) -> dict[str, object]:
        (document,) = parse_documents(self._random.choice(self._small), "shipped")
        return dict(document.value) if isinstance(document.value, dict) else {}

    def _with_words_changed(self, value: object) -> object:
        """Every text inside a value, some of them with a few of their words changed."""
        if isinstance(value, dict):
            keep = ("rule", "answers", "per", "from", "missing", "confidence", "because")
            return {
                key: inner if key in keep else self._with_words_changed(inner) for key, inner in value.items()
            }
        if not isinstance(value, str | list):
            return value
        if isinstance(value, list):
            return [self._with_words_changed(inner) for inner in value]
        words = re.findall(r"\w+|\s+|'[^']*'|[^\w\s]+", value)
        for _ in range(self._random.choice((0, 0, 0, 0, 0, 0, 0, 1, 2))):
            place = self._random.randrange(len(words) + 1)
            new = (*words, self._random.choice(WORDS), self._random.choice(self._fields))
            other = self._random.choice(new)
            words[place : place + self._random.choice((0, 1, 1, 1, 2))] = [other]
        return "".join(words)

    # --- expressions ----------------------------------------------------------------------------------

    def _with_expression(self, text: str) -> bytes:
        linked = {"from": "postmortem", "on": {"incident_key": "key"}, "where": text}
        door: Mapping[str, object] = self._random.choice(
            (
                {"where": text},
                {"services": text},
                {"measure": {"count": text}},
                {"measure": {"median": text}},
                {"measure": {"days_since": text}, "grade": {"yes": "<= 3 d"}},
                {"measure": {"distinct": text}},
                {"linked": {"fact": linked}},
                {"grade": {"yes": text}},
                {"window": {"field": "opened_at", "days": 30}, "where": text},
            )
        )
        return json.dumps({**PLAIN_RULE, **door}, ensure_ascii=self._random.random() < 0.5).encode(
            errors="surrogatepass"
        )

    def _words_as_expression(self) -> bytes:
        number = self._random.choice((1, 2, 3, 5, 8, 13, 40, 200, 700))
        words = [self._random.choice(WORDS) for _ in range(number)]
        return self._with_expression(self._random.choice(("", " ", " ", " ")).join(words))

    def _grammar_as_expression(self) -> bytes:
        return self._with_expression(self._expression(self._random.choice((1, 2, 3, 4, 5, 8))))

    def _expression(self, depth: int) -> str:
        choose = self._random.choice
        if depth <= 0:
            leaf: str = choose(
                (choose(self._fields), choose(WORDS), choose(("severity", "1", "'a'", "major")))
            )
            return leaf
        one, two = self._expression(depth - 1), self._expression(depth - choose((1, 2, 3)))
        return choose(
            (
                f"{one} {choose(('and', 'or', '=', '<', '>=', '<>', '+', '-', '*', '||', '/'))} {two}",
                f"({one})",
                f"not {one}",
                f"- {one}",
                f"{one} is {choose(('', 'not '))}null",
                f"{one} {choose(('', 'not '))}in ({two}, {choose(WORDS)})",
                f"{one} between {two} and {choose(WORDS)}",
                f"case when {one} then {two} {choose(('', 'else 1 '))}end",
                f"{choose(('coalesce', 'lower', 'len', 'abs', 'greatest', 'date_trunc', 'x'))}({one}, {two})",
                f"interval '{self._random.randrange(-9, 10 ** choose((1, 4, 12)))} {choose(UNITS)}'",
                one,
            )
        )

    def _escape_changed(self) -> bytes:
        text = self._random.choice(ESCAPES)[:600]
        for _ in range(self._random.randrange(3)):
            place = self._random.randrange(len(text) + 1)
            text = text[:place] + self._random.choice((*STRANGE, *WORDS)) + text[place:]
        return self._with_expression(text)

    def _query_changed(self) -> bytes:
        words = re.findall(r"\w+|\s+|'[^']*'|[^\w\s]", self._random.choice((*GOOD_QUERIES, *QUERIES))[:1500])
        for _ in range(self._random.choice((0, 1, 1, 2, 4))):
            place = self._random.randrange(len(words) + 1)
            other = self._random.choice(
                (*words, self._random.choice(WORDS), self._random.choice(self._fields))
            )
            words[place : place + self._random.choice((0, 1, 1, 2))] = [other]
        rule = {key: value for key, value in PLAIN_RULE.items() if key != "from"}
        return self._written({**rule, "query": "".join(words)})

    def _parameters_changed(self) -> bytes:
        choose = self._random.choice
        declared: object = {
            key: choose((value, value, value, value, self._value(1)))
            for key, value in {
                "default": "2",
                "from": "1",
                "to": "5 ",
                "looser": "higher",
                "about": ".",
            }.items()
        }
        name = choose(("least", "least", "least", "Least", "a b", "", "x" * 2000))
        places: Mapping[str, object] = choose(
            (
                {"where": f"severity <= ${choose(('least', 'most', '', 'least + 1', '1'))}"},
                {
                    "grade": {
                        "yes": f"{choose(('>=', '<=', '=', ''))} ${choose(('least', 'least h', 'least %'))}"
                    }
                },
                {"minimum_sample": "$least"},
                {"minimum_coverage": choose(("$least", "$least %"))},
                {"window": {"field": "opened_at", "days": "$least"}},
                {"grade": {"yes": {"measured": ">= 1", "days": "$least"}}},
                {"extends": "$least"},
            )
        )
        parameters = choose((declared, {name: declared}, {name: declared}, {name: declared}))
        return self._written({**PLAIN_RULE, "parameters": parameters, **places})

    # --- structures -----------------------------------------------------------------------------------

    def _value(self, depth: int) -> object:
        if depth <= 0 or self._random.random() < 0.4:
            return self._random.choice(
                (*VALUES, self._random.choice(WORDS), self._random.choice(self._fields))
            )
        if self._random.random() < 0.3:
            return [self._value(depth - 1) for _ in range(self._random.randrange(4))]
        return {self._random.choice(KEYS): self._value(depth - 1) for _ in range(self._random.randrange(5))}

    def _structure(self) -> bytes:
        beginning = self._random.choice(("rule", "practice", "model", "rule"))
        value = {beginning: self._value(1)} | {
            self._random.choice(KEYS): self._value(4) for _ in range(self._random.randrange(9))
        }
        return self._written(value)

    def _values_changed(self) -> bytes:
        value = self._rule_value()
        for _ in range(self._random.randrange(1, 4)):
            value[self._random.choice((*value, self._random.choice(KEYS)))] = self._value(3)
        return self._written(value)

    def _written(self, value: object) -> bytes:
        plain = json.dumps(value, default=float)
        if self._random.random() < 0.5:
            return plain.encode()
        return str(yaml.dump(json.loads(plain), Dumper=yaml.CSafeDumper, allow_unicode=True)).encode()

    def _noise(self) -> bytes:
        length = self._random.choice((0, 1, 2, 5, 30, 300, 3000))
        match self._random.randrange(3):
            case 0:
                return self._random.randbytes(length)
            case 1:
                parts = [self._random.choice((*STRANGE, *KEYS, *WORDS)) for _ in range(length // 3)]
                return self._random.choice(("", " ", "\n")).join(parts).encode()
            case _:
                nested: str = self._random.choice(
                    ("[", "{a: ", "- ", "? ", "a:\n ", "'", '"', "|\n", "(", "!")
                )
                return ("rule: x\nwhere: " + nested * length).encode()


def _without_tests(text: str) -> str:
    head, found, _ = text.partition("\ntests:")
    return head + "\n" if found else text
