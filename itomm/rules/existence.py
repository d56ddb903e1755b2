"""Whether any linked record fits, asked for so that it does not take every pair of records.

A link such as "observed again later" compares one value of the linked record with one of the record itself.
Asked as EXISTS, the database tries all pairs that agree in the other fields: the square of a series' length.
The greatest linked value says the same, and is found once for all. So it is with a link such as "is in the
list of one of them": what all the lists hold is gathered once.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from itomm.rules.rule import LINKED_ALIAS, RECORD_ALIAS

_ABOVE, _BELOW = (exp.GT, exp.GTE), (exp.LT, exp.LTE)
_OTHER_WAY_ROUND = {exp.GT: exp.LT, exp.GTE: exp.LTE, exp.LT: exp.GT, exp.LTE: exp.GTE}


def any_fits(linked: exp.Expr, pairs: list[exp.Expr], written: exp.Expr | None) -> exp.Expr:
    """Whether a record of ``linked`` agrees in all ``pairs`` and meets the ``written`` condition.

    Never NULL, as EXISTS never is.
    """
    at_once = _by_extreme(linked, pairs, written) or _by_membership(linked, pairs, written)
    if at_once is not None:
        return at_once
    conditions = pairs if written is None else [*pairs, written]
    return exp.Exists(this=exp.select(exp.Literal.number(1)).from_(linked).where(*conditions))


def _by_extreme(linked: exp.Expr, pairs: list[exp.Expr], written: exp.Expr | None) -> exp.Expr | None:
    """The same by the greatest or the least linked value; None where the condition is of another form."""
    if written is None or not all(isinstance(pair, exp.EQ) for pair in pairs):
        return None
    conjuncts = list(_conjuncts(written))
    mixed = [each for each in conjuncts if RECORD_ALIAS in _records(each)]
    if len(mixed) != 1:
        return None
    compared = _linked_first(mixed[0])
    if compared is None:
        return None
    theirs, ours = compared.this, compared.expression
    extreme = exp.Max(this=theirs.copy()) if isinstance(compared, _ABOVE) else exp.Min(this=theirs.copy())
    others = [each.copy() for each in conjuncts if each is not mixed[0]]
    found = exp.select(extreme).from_(linked).where(*pairs, *others)
    fits = type(compared)(this=exp.Subquery(this=found), expression=ours.copy())
    return exp.Coalesce(this=fits, expressions=[exp.false()])


def _by_membership(linked: exp.Expr, pairs: list[exp.Expr], written: exp.Expr | None) -> exp.Expr | None:
    """The same by all that the linked lists hold; None where the link or the condition is another."""
    if len(pairs) != 1 or (written is not None and RECORD_ALIAS in _records(written)):
        return None
    link = pairs[0]
    if not isinstance(link, exp.Anonymous) or link.name != "list_contains":
        return None
    listed, wanted = link.expressions
    if _records(listed) != {LINKED_ALIAS}:
        return None
    held = exp.select(exp.Anonymous(this="unnest", expressions=[listed.copy()])).from_(linked)
    if written is not None:
        held = held.where(written)
    among = exp.In(this=wanted.copy(), query=exp.Subquery(this=held))
    return exp.Coalesce(this=among, expressions=[exp.false()])


def _conjuncts(tree: exp.Expr) -> Iterator[exp.Expr]:
    inner = tree.unnest()
    if isinstance(inner, exp.And):
        yield from _conjuncts(inner.this)
        yield from _conjuncts(inner.expression)
    else:
        yield inner


def _linked_first(tree: exp.Expr) -> exp.Expr | None:
    """``tree`` as a comparison with only the linked record on its left, and only the record on its right."""
    if not isinstance(tree, (*_ABOVE, *_BELOW)) or tree.find(exp.Query):
        return None
    sides = _records(tree.this), _records(tree.expression)
    if sides == ({LINKED_ALIAS}, {RECORD_ALIAS}):
        return tree
    if sides == ({RECORD_ALIAS}, {LINKED_ALIAS}):
        return _OTHER_WAY_ROUND[type(tree)](this=tree.expression, expression=tree.this)
    return None


def _records(tree: exp.Expr) -> set[str]:
    return {column.table for column in tree.find_all(exp.Column)}
