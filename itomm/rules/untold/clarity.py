"""What of an expression is decided when some fields are untold: surely true, possibly true, or unclear.

An expression is *unclear* for a record when its value may depend on what a source could not tell. Where it
is not, its value is what it gives with the untold fields empty. ``and`` and ``or`` are decided by one side
that is decided, ``coalesce`` by a first value that is told, ``case`` by the branches before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

Flags = Mapping[tuple[str, str], exp.Expr]
"""By table and column, for which of its records a column is unclear; never null."""


@dataclass(frozen=True)
class Clarity:
    """Makes conditions about checked expressions. None of the conditions is ever null."""

    flags: Flags

    def unclear(self, tree: exp.Expr | None) -> exp.Expr | None:
        """For which records the value is unclear; None for none."""
        found: exp.Expr | None = None
        match tree:
            case None:
                pass
            case exp.Column():
                flag = self.flags.get((tree.table, tree.name))
                found = None if flag is None else flag.copy()
            case exp.Paren() | exp.Not():
                found = self.unclear(tree.this)
            case exp.And() | exp.Or():
                found = self._of_connective(tree)
            case exp.Coalesce():
                found = self._of_first_known([tree.this, *tree.expressions])
            case exp.Case():
                found = self._of_case(tree)
            case _:
                found = any_of([self.unclear(part) for part in tree.iter_expressions()])
        return found

    def surely(self, condition: exp.Expr) -> exp.Expr:
        """For which records a condition is true, whatever the untold fields hold."""
        match condition:
            case exp.Paren():
                return self.surely(condition.this)
            case exp.And():
                return _every([self.surely(part) for part in _parts(condition)])
            case exp.Or():
                return _some([self.surely(part) for part in _parts(condition)])
            case _:
                unclear = self.unclear(condition)
                return (
                    _is_true(condition) if unclear is None else _every([_not(unclear), _is_true(condition)])
                )

    def possibly(self, condition: exp.Expr) -> exp.Expr:
        """For which records a condition may be true, depending on what the untold fields hold."""
        match condition:
            case exp.Paren():
                return self.possibly(condition.this)
            case exp.And():
                return _every([self.possibly(part) for part in _parts(condition)])
            case exp.Or():
                return _some([self.possibly(part) for part in _parts(condition)])
            case _:
                unclear, true = self.unclear(condition), _is_true(condition)
                return true if unclear is None else _some([unclear, true])

    def _of_connective(self, tree: exp.And | exp.Or) -> exp.Expr | None:
        parts = list(_parts(tree))
        unclear = [self.unclear(part) for part in parts]
        some = any_of(unclear)
        if some is None:
            return None
        deciding = [_is_true(part) if isinstance(tree, exp.Or) else _is_true(_not(part)) for part in parts]
        decided = [
            decides if each is None else _every([_not(each), decides])
            for each, decides in zip(unclear, deciding, strict=True)
        ]
        return _every([some, _not(_some(decided))])

    def _of_first_known(self, values: Sequence[exp.Expr]) -> exp.Expr | None:
        """The first value that is not null speaks; those behind it only where it is."""
        first, *others = values
        unclear = self.unclear(first)
        rest = self._of_first_known(others) if others else None
        if rest is not None:
            rest = _every([exp.Is(this=exp.Paren(this=first.copy()), expression=exp.Null()), rest])
        return any_of([unclear, rest])

    def _of_case(self, tree: exp.Case) -> exp.Expr | None:
        branches = [(each.this, each.args["true"]) for each in tree.args["ifs"]]
        parts = [part for branch in branches for part in branch] + [tree.args.get("default")]
        if all(self.unclear(part) is None for part in parts):
            return None
        ifs: list[exp.Expr] = []
        for condition, value in branches:
            unclear = self.unclear(condition)
            if unclear is not None:
                ifs.append(exp.If(this=unclear, true=exp.true()))
            ifs.append(exp.If(this=condition.copy(), true=self.unclear(value) or exp.false()))
        return exp.Case(ifs=ifs, default=self.unclear(tree.args.get("default")) or exp.false())


def any_of(conditions: Sequence[exp.Expr | None]) -> exp.Expr | None:
    """Whether one of the conditions that there are holds; None when there is none."""
    there = [each for each in conditions if each is not None]
    return _some(there) if there else None


def _parts(tree: exp.Expr) -> Iterator[exp.Expr]:
    """What an ``and`` or an ``or`` connects, also through its own kind and parentheses."""
    for side in (tree.this, tree.expression):
        inner = side
        while isinstance(inner, exp.Paren):
            inner = inner.this
        if type(inner) is type(tree):
            yield from _parts(inner)
        else:
            yield side


def _is_true(condition: exp.Expr) -> exp.Expr:
    return exp.func("coalesce", condition.copy(), exp.false())


def _not(condition: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Paren(this=condition.copy()))


def _every(conditions: Sequence[exp.Expr]) -> exp.Expr:
    return exp.Paren(this=exp.and_(*conditions, copy=False))


def _some(conditions: Sequence[exp.Expr]) -> exp.Expr:
    return exp.Paren(this=exp.or_(*conditions, copy=False))
