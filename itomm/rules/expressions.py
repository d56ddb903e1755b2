"""The expression language: a small part of SQL, parsed, checked and typed node by node.

Text never reaches the database. What a rule says is parsed by sqlglot; every node must be on the
allow-list below, every name must be a field of the record type, and both sides of an operator must be of
one kind. The result is a new tree built only of checked parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NoReturn

from sqlglot import exp

from itomm.config.quantities import DAY
from itomm.config.structure import nearest
from itomm.rules.expression_kinds import Kind, Typed, common_kind, must_agree
from itomm.rules.expression_names import column
from itomm.rules.expression_text import (
    PLAIN_NUMBER,
    ExpressionError,
    Names,
    microseconds,
    parsed,
    shortened,
    shown,
)
from itomm.rules.fault_places import begins

_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
AGGREGATES = (exp.Count, exp.Sum, exp.Min, exp.Max, exp.PercentileDisc)
"""What many records are made one value with, in a query."""
_PARTS_OF_ANY = frozenset({"this", "expression", "expressions"})
_OTHER_PARTS: Mapping[type[exp.Expr], frozenset[str]] = {
    exp.Column: frozenset({"table"}),
    exp.Literal: frozenset({"is_string"}),
    exp.Between: frozenset({"low", "high"}),
    exp.Case: frozenset({"ifs", "default"}),
    exp.Like: frozenset({"negate"}),
    exp.Interval: frozenset({"unit", "fraction_in_string"}),
    exp.Greatest: frozenset({"ignore_nulls"}),
    exp.Least: frozenset({"ignore_nulls"}),
    exp.TimestampTrunc: frozenset({"unit"}),
    exp.Count: frozenset({"big_int"}),
    exp.DateTrunc: frozenset({"unit"}),
}
"""What the parser may say about a node; a node that says more would lose its meaning when it is rebuilt."""
_WHAT_IS_ALLOWED = (
    "Allowed are comparisons, and, or, not, in, between, is null, like, case, + - *, intervals "
    "and the functions of the rule language's reference page."
)
_TRUNCATIONS = frozenset({"HOUR", "DAY", "WEEK", "MONTH"})


def parse_expression(text: str, names: Names) -> Typed:
    """Parse and check an expression.

    Raises:
        ExpressionError: it is not allowed, names nothing, or mixes kinds.
    """
    try:
        return _Checker(names).check(parsed(text, names))
    except RecursionError:
        raise ExpressionError("nested too deeply") from None


def check_expression(node: exp.Expr, names: Names) -> Typed:
    """Check a parsed expression; raises as :func:`parse_expression`."""
    return _Checker(names).check(node)


def parse_condition(text: str, names: Names) -> exp.Expr:
    """Parse an expression that must be yes/no.

    Raises:
        ExpressionError: as :func:`parse_expression`, or it has another kind.
    """
    typed = parse_expression(text, names)
    if typed.kind is not Kind.BOOLEAN:
        message = f"this is {typed.kind.with_article}, but a condition must be yes/no"
        raise ExpressionError(message, offset=0)
    return typed.tree


class _Checker:
    """Walks a parsed tree and rebuilds it from checked parts."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._by_node: Mapping[type[exp.Expr], Callable[[exp.Expr], Typed]] = {
            exp.Paren: self._paren,
            exp.Column: lambda node: column(node, self._names),
            exp.Literal: self._literal,
            exp.Boolean: lambda node: Typed(exp.Boolean(this=bool(node.this)), Kind.BOOLEAN),
            exp.Null: lambda _: Typed(exp.Null(), Kind.NULL),
            exp.And: self._connective,
            exp.Or: self._connective,
            exp.Not: self._not,
            exp.Is: self._is,
            exp.In: self._in,
            exp.Between: self._between,
            exp.Like: self._like,
            exp.Case: self._case,
            exp.Add: self._sum,
            exp.Sub: self._sum,
            exp.Mul: self._product,
            exp.Neg: self._negative,
            exp.Interval: self._interval,
            exp.Coalesce: self._same_kind,
            exp.Greatest: self._same_kind,
            exp.Least: self._same_kind,
            exp.Abs: self._absolute,
            exp.Lower: self._lower,
            exp.Length: self._length,
            exp.ArrayContains: self._contains,
            exp.ArraySize: self._list_length,
            exp.TimestampTrunc: self._truncated,
            exp.DateTrunc: self._truncated,
            exp.Anonymous: self._named_function,
            exp.Count: self._count,
            exp.Median: self._aggregate,
            exp.Sum: self._aggregate,
            exp.Min: self._aggregate,
            exp.Max: self._aggregate,
            **dict.fromkeys(_COMPARISONS, self._comparison),
        }

    def check(self, node: exp.Expr | None) -> Typed:
        if node is None:  # of count() and max()
            raise ExpressionError("a value is missing")
        handler = self._by_node.get(type(node))
        try:
            return _refuse(node) if handler is None or node.comments or _other_parts(node) else handler(node)
        except ExpressionError as error:  # of the parts that hold the fault, the innermost tells where
            error.offset = begins(node) if error.offset is None else error.offset
            raise

    # --- literals -------------------------------------------------------------------------

    def _literal(self, node: exp.Expr) -> Typed:
        if node.args.get("is_string"):
            return Typed(exp.Literal.string(node.name), Kind.TEXT)
        if not PLAIN_NUMBER.fullmatch(node.name):
            raise ExpressionError(
                f"'{shortened(node.name)}' is no plain number",
                "Write at most 15 digits, such as 0.95 or 120.",
            )
        return Typed(exp.Literal.number(node.name), Kind.NUMBER)

    def _interval(self, node: exp.Expr) -> Typed:
        length = microseconds(node)
        if length.denominator != 1 or abs(length) > 36_600 * DAY:
            raise ExpressionError(f"'{shown(node)}' is not a usable interval")
        return Typed(exp.Literal.number(int(length)), Kind.DURATION)

    # --- logic --------------------------------------------------------------------------------------

    def _paren(self, node: exp.Expr) -> Typed:
        inner = self.check(node.this)
        return Typed(exp.Paren(this=inner.tree), inner.kind)

    def _connective(self, node: exp.Expr) -> Typed:
        left, right = self._boolean(node.this), self._boolean(node.expression)
        return Typed(type(node)(this=left, expression=right), Kind.BOOLEAN)

    def _not(self, node: exp.Expr) -> Typed:
        return Typed(exp.Not(this=exp.Paren(this=self._boolean(node.this))), Kind.BOOLEAN)

    def _boolean(self, node: exp.Expr) -> exp.Expr:
        typed = self.check(node)
        if typed.kind not in {Kind.BOOLEAN, Kind.NULL}:
            message = f"'{shown(node)}' is {typed.kind.with_article}, but yes/no is needed here"
            raise ExpressionError(message, offset=begins(node))
        return typed.tree

    def _is(self, node: exp.Expr) -> Typed:
        value = self.check(node.this)
        if not isinstance(node.expression, (exp.Null, exp.Boolean)):
            raise ExpressionError(f"'{shown(node)}': only 'is null', 'is true' and 'is false' are allowed")
        if isinstance(node.expression, exp.Boolean) and value.kind is not Kind.BOOLEAN:
            raise ExpressionError(f"'{shown(node.this)}' is {value.kind.with_article}, not yes/no")
        return Typed(exp.Is(this=value.tree, expression=node.expression.copy()), Kind.BOOLEAN)

    def _in(self, node: exp.Expr) -> Typed:
        if not node.expressions:
            raise ExpressionError(f"'{shown(node)}': 'in' takes a list of values")
        value = self.check(node.this)
        choices = [self.check(item) for item in node.expressions]
        for item, choice in zip(node.expressions, choices, strict=True):
            must_agree(value, choice, node.this, item)
        tree = exp.In(this=value.tree, expressions=[choice.tree for choice in choices])
        return Typed(tree, Kind.BOOLEAN)

    def _between(self, node: exp.Expr) -> Typed:
        value = self.check(node.this)
        low, high = self.check(node.args["low"]), self.check(node.args["high"])
        must_agree(value, low, node.this, node.args["low"])
        must_agree(value, high, node.this, node.args["high"])
        return Typed(exp.Between(this=value.tree, low=low.tree, high=high.tree), Kind.BOOLEAN)

    def _like(self, node: exp.Expr) -> Typed:
        value, pattern = self.check(node.this), node.expression
        if value.kind is not Kind.TEXT or not (
            isinstance(pattern, exp.Literal) and pattern.args.get("is_string")
        ):
            raise ExpressionError(f"'{shown(node)}': 'like' compares text with a pattern in single quotes")
        tree: exp.Expr = exp.Like(this=value.tree, expression=exp.Literal.string(pattern.name))
        if node.args.get("negate"):
            tree = exp.Not(this=_paren(tree))
        return Typed(tree, Kind.BOOLEAN)

    def _case(self, node: exp.Expr) -> Typed:
        if node.this is not None:
            raise ExpressionError("write 'case when … then … else … end'")
        branches = [(self._boolean(part.this), self.check(part.args["true"])) for part in node.args["ifs"]]
        default = node.args.get("default")
        otherwise = self.check(default) if default is not None else None
        kind = common_kind([value for _, value in branches] + ([otherwise] if otherwise else []), node)
        ifs = [exp.If(this=condition, true=value.tree) for condition, value in branches]
        return Typed(exp.Case(ifs=ifs, default=otherwise.tree if otherwise else None), kind)

    def _comparison(self, node: exp.Expr) -> Typed:
        left, right = self.check(node.this), self.check(node.expression)
        must_agree(left, right, node.this, node.expression)
        return Typed(type(node)(this=left.tree, expression=right.tree), Kind.BOOLEAN)

    # --- arithmetic ---------------------------------------------------------------------------------

    def _sum(self, node: exp.Expr) -> Typed:
        left, right = self.check(node.this), self.check(node.expression)
        minus = isinstance(node, exp.Sub)
        kinds = (left.kind, right.kind)
        if kinds == (Kind.INSTANT, Kind.INSTANT) and minus:
            return Typed(_paren(exp.Sub(this=_epoch(left), expression=_epoch(right))), Kind.DURATION)
        if kinds == (Kind.INSTANT, Kind.DURATION):
            shift = exp.func("to_microseconds", right.tree)
            return Typed(_paren(type(node)(this=left.tree, expression=shift)), Kind.INSTANT)
        if kinds in {(Kind.NUMBER, Kind.NUMBER), (Kind.DURATION, Kind.DURATION)}:
            return Typed(_paren(type(node)(this=left.tree, expression=right.tree)), left.kind)
        raise ExpressionError(
            f"'{shown(node)}': cannot {'subtract' if minus else 'add'} {right.kind} and {left.kind}"
        )

    def _product(self, node: exp.Expr) -> Typed:
        left, right = self.check(node.this), self.check(node.expression)
        if (left.kind, right.kind) != (Kind.NUMBER, Kind.NUMBER):
            raise ExpressionError(f"'{shown(node)}': only numbers can be multiplied")
        return Typed(_paren(exp.Mul(this=left.tree, expression=right.tree)), Kind.NUMBER)

    def _negative(self, node: exp.Expr) -> Typed:
        value = self._of_kind(node.this, Kind.NUMBER, Kind.DURATION)
        return Typed(exp.Neg(this=_paren(value.tree)), value.kind)

    # --- functions ----------------------------------------------------------------------------------

    def _same_kind(self, node: exp.Expr) -> Typed:
        values = [self.check(item) for item in [node.this, *node.expressions] if item is not None]
        kind = common_kind(values, node)
        tree = type(node)(this=values[0].tree, expressions=[value.tree for value in values[1:]])
        return Typed(tree, kind)

    def _absolute(self, node: exp.Expr) -> Typed:
        value = self._of_kind(node.this, Kind.NUMBER, Kind.DURATION)
        return Typed(exp.Abs(this=value.tree), value.kind)

    def _lower(self, node: exp.Expr) -> Typed:
        return Typed(exp.Lower(this=self._of_kind(node.this, Kind.TEXT).tree), Kind.TEXT)

    def _length(self, node: exp.Expr) -> Typed:
        value = self._of_kind(node.this, Kind.TEXT, Kind.LIST)
        return (
            _list_length(value)
            if value.kind is Kind.LIST
            else Typed(exp.Length(this=value.tree), Kind.NUMBER)
        )

    def _list_length(self, node: exp.Expr) -> Typed:
        return _list_length(self._of_kind(node.this, Kind.LIST))

    def _contains(self, node: exp.Expr) -> Typed:
        items, wanted = self._of_kind(node.this, Kind.LIST), self._of_kind(node.expression, Kind.TEXT)
        return Typed(exp.func("list_contains", items.tree, wanted.tree), Kind.BOOLEAN)

    def _truncated(self, node: exp.Expr) -> Typed:
        unit = node.args.get("unit")
        name = unit.name.upper() if unit is not None else ""
        value = self._of_kind(node.this, Kind.INSTANT)
        if name not in _TRUNCATIONS:
            raise ExpressionError("date_trunc takes 'hour', 'day', 'week' or 'month'")
        return Typed(exp.func("date_trunc", exp.Literal.string(name.lower()), value.tree), Kind.INSTANT)

    # --- aggregates ---------------------------------------------------------------------------------

    def _count(self, node: exp.Expr) -> Typed:
        self._allow_aggregate(node)
        if isinstance(node.this, exp.Star):
            return Typed(exp.Count(this=exp.Star()), Kind.NUMBER)
        if not isinstance(node.this, exp.Distinct):
            return Typed(exp.Count(this=self._each(node.this).tree), Kind.NUMBER)
        if len(node.this.expressions) != 1:
            raise ExpressionError(f"'{shown(node)}': count distinct takes one expression")
        different = exp.Distinct(expressions=[self._each(node.this.expressions[0]).tree])
        return Typed(exp.Count(this=different), Kind.NUMBER)

    def _aggregate(self, node: exp.Expr) -> Typed:
        self._allow_aggregate(node)
        if node.expressions:
            raise ExpressionError(
                f"'{shown(node)}' takes one expression", "Of several, take 'greatest' or 'least'."
            )
        value = self._each(node.this)
        kinds = {Kind.NUMBER, Kind.DURATION} | (set() if isinstance(node, exp.Sum) else {Kind.INSTANT})
        if value.kind not in kinds:
            word = node.key.lower()
            raise ExpressionError(f"'{shown(node)}': {word} of {value.kind.with_article} means nothing")
        if isinstance(node, exp.Median):  # one real record's value, as everywhere in the language
            half = exp.Literal.number("0.5")
            return Typed(exp.PercentileDisc(this=value.tree, expression=half), value.kind)
        return Typed(type(node)(this=value.tree), value.kind)

    def _allow_aggregate(self, node: exp.Expr) -> None:
        if not self._names.aggregates:
            raise ExpressionError(
                f"'{shown(node)}' is not allowed here",
                "count, sum, min, max and median stand in columns and 'having' of a query that groups, "
                "not inside each other.",
            )

    def _each(self, node: exp.Expr) -> Typed:
        """A value of each record, inside an aggregate."""
        value = _Checker(replace(self._names, aggregates=False)).check(node)
        if value.kind in {Kind.LIST, Kind.STRUCTURED, Kind.NULL}:
            raise ExpressionError(f"'{shown(node)}' is {value.kind.with_article}, which cannot be counted")
        return value

    def _named_function(self, node: exp.Expr) -> Typed:
        name = str(node.this).lower()
        if name == "len" and len(node.expressions) == 1:
            return _list_length(self._of_kind(node.expressions[0], Kind.LIST))
        raise ExpressionError(
            f"there is no function '{name}'",
            nearest(name, ["abs", "coalesce", "date_trunc", "greatest", "least", "len", "length"])
            + " Also: list_contains, lower.",
        )

    def _of_kind(self, node: exp.Expr | None, *kinds: Kind) -> Typed:
        if node is None:
            raise ExpressionError("a value is missing")
        typed = self.check(node)
        if typed.kind not in kinds:
            message = f"'{shown(node)}' is {typed.kind.with_article}, but {' or '.join(kinds)} is needed here"
            raise ExpressionError(message, offset=begins(node))
        return typed


def _refuse(node: exp.Expr) -> NoReturn:
    raise ExpressionError(f"'{shown(node)}' is not allowed in an expression", _WHAT_IS_ALLOWED)


def _epoch(value: Typed) -> exp.Expr:
    return exp.func("epoch_us", value.tree)


def _paren(tree: exp.Expr) -> exp.Expr:
    return exp.Paren(this=tree)


def _list_length(value: Typed) -> Typed:
    return Typed(exp.func("len", value.tree), Kind.NUMBER)


def _other_parts(node: exp.Expr) -> set[str]:
    """What the parser says about a node that its rebuilt form would not say."""
    return (
        {name for name, value in node.args.items() if value}
        - _PARTS_OF_ANY
        - _OTHER_PARTS.get(type(node), set())
    )
