"""Text of expressions as trees, parsed by sqlglot; what it would read only in part is refused before."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise, zip_longest

from sqlglot import exp
from sqlglot.dialects import DuckDB
from sqlglot.errors import ErrorLevel, ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from itomm.config.quantities import DAY, HOUR, MINUTE, SECOND, WEEK, Dimension, Quantity
from itomm.config.structure import nearest
from itomm.config.yaml_source import PathInDocument
from itomm.evidence.record_types import RecordType

MAXIMUM_LENGTH = 2_000
MAXIMUM_NESTING = 60
START = "start"
"""Under this name the parser notes where in the text a part begins."""
PLAIN_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{0,15})?|\.[0-9]{1,15}")

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # what it warns of is refused here, in our own words
_DIALECT = DuckDB()
_BEGINNINGS_OF_STATEMENTS = {*_DIALECT.parser_class.STATEMENT_PARSERS, *_DIALECT.tokenizer_class.COMMANDS}
"""What the parser would take for a statement; of those that it does not know it would write to the log."""
_INTERVAL_UNITS = {"SECOND": SECOND, "MINUTE": MINUTE, "HOUR": HOUR, "DAY": DAY, "WEEK": WEEK}
_INTERVAL_TEXT = re.compile(r"\s*-?[0-9]{1,9}(\.[0-9]{1,6})?(\s+[A-Za-z]+)?\s*")
_HOW_TO_WRITE_INTERVALS = "Write interval '15 minutes', '4 hours', '30 days'."
_WORDS_OF_THE_LANGUAGE = frozenset(
    {
        TokenType.STRING,
        TokenType.NUMBER,
        TokenType.CASE,
        TokenType.WHEN,
        TokenType.THEN,
        TokenType.ELSE,
        TokenType.END,
        TokenType.AND,
        TokenType.OR,
        TokenType.NOT,
        TokenType.IN,
        TokenType.IS,
        TokenType.NULL,
        TokenType.TRUE,
        TokenType.FALSE,
        TokenType.BETWEEN,
        TokenType.LIKE,
        TokenType.INTERVAL,
    }
)


_WORDS_OF_A_QUERY = _WORDS_OF_THE_LANGUAGE | {
    TokenType.SELECT,
    TokenType.DISTINCT,
    TokenType.FROM,
    TokenType.JOIN,
    TokenType.LEFT,
    TokenType.INNER,
    TokenType.OUTER,
    TokenType.ON,
    TokenType.ALIAS,
    TokenType.WHERE,
    TokenType.GROUP_BY,
    TokenType.HAVING,
}


class ExpressionError(ValueError):
    """An expression is not allowed or does not fit; ``hint`` says what would.

    ``offset`` is where in the text the fault stands, when that is known; ``under`` the keys below the one
    that was read, such as ``("ratio", "where")`` of a measure.
    """

    def __init__(self, message: str, hint: str = "", offset: int | None = None) -> None:
        super().__init__(message)
        self.hint = hint
        self.offset = offset
        self.under: PathInDocument = ()


ANY_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands for the as-of instant where an expression is only checked."""


@dataclass(frozen=True)
class Names:
    """What names mean inside one expression.

    ``alias`` is the table that bare names belong to. ``base`` is the record type reachable as ``base.``
    from inside a linked fact. ``flags`` are linked facts, usable like yes/no fields, ``numbers`` linked
    numbers. ``tables`` are the record types of a query by the names it gives them; bare names then belong to
    the one that has such a field. ``aggregates`` allows ``count`` and the like. ``parameters`` are the values
    that ``$name`` stands for.
    """

    record_type: RecordType
    as_of: datetime
    alias: str = "record"
    base: RecordType | None = None
    base_alias: str = "record"
    flags: frozenset[str] = field(default_factory=frozenset)
    numbers: frozenset[str] = field(default_factory=frozenset)
    tables: Mapping[str, RecordType] = field(default_factory=dict)
    aggregates: bool = False
    parameters: Mapping[str, Quantity] = field(default_factory=dict)

    def has_field(self, name: str) -> bool:
        """Whether a record type in reach has a field of this name."""
        types = (self.record_type, self.base) if self.base else (self.record_type,)
        return any(each.resolve(name) is not None for each in (*types, *self.tables.values()))


def parsed(text: str, names: Names) -> exp.Expr:
    """The tree of an expression; not checked yet.

    Raises:
        ExpressionError: it is too long, too deep, or no expression.
    """
    _refuse_what_is_never_allowed(text)
    return _tree_of(text, names, _WORDS_OF_THE_LANGUAGE)


def _refuse_what_is_never_allowed(text: str) -> None:
    if len(text) > MAXIMUM_LENGTH:
        raise ExpressionError(f"longer than {MAXIMUM_LENGTH} characters")
    if any(mark in text for mark in (";", "--", "/*", "\x00")):
        raise ExpressionError("comments and semicolons are not allowed in an expression")
    if text.count("(") + text.count("[") + text.lower().count("case") > MAXIMUM_NESTING:
        raise ExpressionError(f"nested deeper than {MAXIMUM_NESTING} levels")


def parsed_query(
    text: str, tables: Mapping[str, RecordType], parameters: Mapping[str, Quantity] | None = None
) -> exp.Select:
    """The tree of one SELECT; not checked yet. ``tables`` are the record types that it may read.

    Raises:
        ExpressionError: as :func:`parsed`, or it is no SELECT.
    """
    any_instant = datetime.min.replace(tzinfo=UTC)
    names = Names(next(iter(tables.values())), any_instant, tables=tables, parameters=parameters or {})
    _refuse_what_is_never_allowed(text)
    tree = _tree_of(text, names, _WORDS_OF_A_QUERY)
    if not isinstance(tree, exp.Select):
        raise ExpressionError("a query is one 'select'")
    return tree


def _tree_of(text: str, names: Names, words: frozenset[TokenType]) -> exp.Expr:
    try:
        return _parsed(text, names, words)
    except SqlglotError as error:
        raise ExpressionError(f"cannot be read: {_first_line(error)}", "", _offset(error, text)) from None
    except RecursionError:
        raise ExpressionError("nested too deeply") from None
    except (
        AttributeError,
        IndexError,
        KeyError,
        TypeError,
    ) as error:  # the parser's own faults, on "{{: 1 }}"
        raise ExpressionError("cannot be read") from error


def _parsed(text: str, names: Names, words: frozenset[TokenType]) -> exp.Expr:
    """Parse text; a field may be called like a statement (``rollback``) and is then still a field."""
    tokens = _DIALECT.tokenize(f"{text} ")  # without a blank, $a and '' at the very end are not read
    _check_intervals(tokens)
    is_expression = words is _WORDS_OF_THE_LANGUAGE
    for token, following in zip_longest(tokens, tokens[1:]):
        is_function = not is_expression and following and following.token_type is TokenType.L_PAREN
        if token.token_type not in words and not is_function and names.has_field(token.text.lower()):
            token.token_type = TokenType.IDENTIFIER
    if tokens and tokens[0].token_type in _BEGINNINGS_OF_STATEMENTS:
        wanted = "an expression" if is_expression else "one 'select'"
        message = f"'{shortened(tokens[0].text)}' begins a statement; this must be {wanted}"
        raise ExpressionError(message, offset=tokens[0].start)
    trees = _DIALECT.parser().parse(tokens, text)
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, exp.Expr):
        raise ExpressionError("this is no expression")
    kinds = {token.token_type for token in tokens}
    if TokenType.PARAMETER not in kinds or TokenType.COLON in kinds:  # ':name' is no way to write one
        return tree
    starts = {
        name.text: dollar.start
        for dollar, name in reversed([*pairwise(tokens)])
        if dollar.token_type is TokenType.PARAMETER
    }
    return tree.transform(_value_of, names.parameters, starts, copy=False)


def _value_of(node: exp.Expr, parameters: Mapping[str, Quantity], starts: Mapping[str, int]) -> exp.Expr:
    """A literal for ``$name``: a number, or a length of time."""
    if not isinstance(node, exp.Placeholder):
        return node
    quantity = parameters.get(node.name)
    if quantity is None:
        hint = nearest(node.name, sorted(parameters)) or "Declare it under 'parameters'."
        raise ExpressionError(f"there is no parameter '{shown(node)}'", hint, starts.get(node.name))
    if quantity.dimension is Dimension.RATE:
        message = f"'{shown(node)}' is a rate, which only a grade can compare"
        raise ExpressionError(message, offset=starts.get(node.name))
    is_time, is_negative = quantity.dimension is Dimension.DURATION, quantity.value < 0
    amount = _decimal_text(abs(quantity.value) / (SECOND if is_time else 1))
    value: exp.Expr = exp.Literal.number(amount)
    if is_time:
        seconds = exp.Literal.string(f"-{amount}" if is_negative else amount)
        value = exp.Interval(this=seconds, unit=exp.var("SECOND"))
    elif is_negative:
        value = exp.Paren(this=exp.Neg(this=value))
    value.meta.update({_WRITTEN: node.name, START: starts.get(node.name, 0)})
    return value


_WRITTEN = "written"


def _decimal_text(value: Fraction) -> str:
    """A number that was written with decimals, in full again."""
    places = 0
    while (value * 10**places).denominator != 1:
        places += 1
    digits = str(int(value * 10**places)).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def _check_intervals(tokens: Sequence[Token]) -> None:
    """Refuse what the parser would only read in part: of '1/2 days' it keeps 2 days."""
    for word, following in pairwise(tokens):
        is_interval = (word.token_type, following.token_type) == (TokenType.INTERVAL, TokenType.STRING)
        if is_interval and not _is_interval(following.text):
            raise ExpressionError(
                f"'{following.text}' is no interval", _HOW_TO_WRITE_INTERVALS, following.start
            )


def _is_interval(text: str) -> bool:
    """Whether it is a number, alone or with a known unit."""
    match = _INTERVAL_TEXT.fullmatch(text)
    unit = (match[2] or "SECOND").strip().upper().removesuffix("S") if match else ""
    return unit in _INTERVAL_UNITS


def _first_line(error: Exception) -> str:
    line = str(error).splitlines()[0].split(". Line")[0]
    if line.startswith("Required keyword"):
        line = "something is missing"
    known = error.errors if isinstance(error, ParseError) else []
    stands_at = str(known[0].get("highlight") or "") if known else ""
    return f"{line}, at '{shortened(stands_at)}'" if stands_at else line


def _offset(error: Exception, text: str) -> int | None:
    """Where in a text the parser stopped: it tells the line, and the column after the word in question."""
    known = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
    line, column, word = known.get("line"), known.get("col"), str(known.get("highlight") or "")
    if line is None or column is None:
        return None
    before = sum(len(each) + 1 for each in text.split("\n")[: int(line) - 1])
    return max(0, before + int(column) - len(word))


def microseconds(interval: exp.Expr) -> Fraction:
    """The length of an interval.

    Raises:
        ExpressionError: it is not a plain number with a unit from second to week.
    """
    amount, unit = interval.this, interval.args.get("unit")
    unit_name = (unit.name if unit is not None else "").upper().removesuffix("S")
    plain = isinstance(amount, exp.Literal) and PLAIN_NUMBER.fullmatch(amount.name.removeprefix("-"))
    if not plain or unit_name not in _INTERVAL_UNITS:
        raise ExpressionError(f"'{shown(interval)}' is no interval", _HOW_TO_WRITE_INTERVALS)
    return Fraction(amount.name) * _INTERVAL_UNITS[unit_name]


def shown(node: exp.Expr) -> str:
    """A part of an expression as a message shows it."""
    written = node.copy().transform(_as_written, copy=False)
    return shortened(written.sql(dialect="duckdb", comments=False, unsupported_level=ErrorLevel.IGNORE))


def _as_written(node: exp.Expr) -> exp.Expr:
    return exp.Placeholder(this=node.meta[_WRITTEN]) if _WRITTEN in node.meta else node


def shortened(text: str) -> str:
    """Text cut to what fits in a message."""
    return text if len(text) <= 60 else text[:57] + "..."
