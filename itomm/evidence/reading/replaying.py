"""What a ticket looked like at an instant, replayed from its transitions.

Statuses come and go: a ticket that was resolved, reopened and resolved again has only its last resolution in
``resolved_at``, but was resolved once before as well. So before its last update, status and resolution are
read from the transitions known by then. A ticket that never moved is shown as it was read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from sqlglot import exp

from itomm.evidence.record_types import Field

TRANSITIONS = "transitions"
_MOVE = {
    "at": "VARCHAR",
    "automated": "BOOLEAN",
    "by": "VARCHAR",
    "from": "VARCHAR",
    "from_category": "VARCHAR",
    "to": "VARCHAR",
    "to_category": "VARCHAR",
}
_DONE = "done"


def replayed(declared: Field, as_of: exp.Expr) -> exp.Expr:
    """A field of a ticket as it stood at an instant; ``as_of`` is a timestamp in UTC."""
    unchanged = exp.column("updated_at", quoted=True) <= as_of.copy()
    known = exp.column(declared.name, quoted=True) <= as_of.copy() if declared.later else unchanged.copy()
    return exp.Case(
        ifs=[
            exp.If(this=known, true=exp.column(declared.name, quoted=True)),
            exp.If(this=unchanged, true=exp.Null()),
        ],
        default=_REPLAYS[declared.name](as_of),
    )


def _moves() -> exp.Expr:
    return _call("from_json", exp.column(TRANSITIONS, quoted=True), exp.Literal.string(json.dumps([_MOVE])))


def _known(as_of: exp.Expr) -> exp.Expr:
    """The moves known by then."""
    return _those(_moves(), _call("epoch_us", _moment(_move())) <= _call("epoch_us", as_of.copy()))


def _status(as_of: exp.Expr) -> exp.Expr:
    as_read = exp.column("status", quoted=True)
    return _call("coalesce", _part(_last(_known(as_of)), "to"), _part(_first(_moves()), "from"), as_read)


def _category(as_of: exp.Expr) -> exp.Expr:
    return exp.Case(
        ifs=[
            exp.If(this=_number(_known(as_of)) > 0, true=_part(_last(_known(as_of)), "to_category")),
            exp.If(this=_number(_moves()) > 0, true=_part(_first(_moves()), "from_category")),
        ],
        default=exp.column("status_category", quoted=True),
    )


def _resolution(as_of: exp.Expr) -> exp.Expr:
    """The last entry into done, where the last move known ended in it."""
    is_done = _part(_last(_known(as_of)), "to_category").eq(_DONE)
    was_done = exp.NullSafeEQ(this=_part(_move(), "from_category"), expression=exp.Literal.string(_DONE))
    enters = exp.and_(_part(_move(), "to_category").eq(_DONE), exp.not_(was_done, copy=False), copy=False)
    return exp.Case(ifs=[exp.If(this=is_done, true=_instant(_last(_those(_known(as_of), enters))))])


def _last_update(as_of: exp.Expr) -> exp.Expr:
    """The last thing that is known to have happened; other updates leave no time behind."""
    acknowledged = exp.column("acknowledged_at", quoted=True)
    by_then = exp.Case(ifs=[exp.If(this=acknowledged <= as_of.copy(), true=acknowledged.copy())])
    return _call("greatest", exp.column("created_at", quoted=True), by_then, _instant(_last(_known(as_of))))


def _reopenings(as_of: exp.Expr) -> exp.Expr:
    """As it was read where no transitions were."""
    left, entered = _part(_move(), "from_category"), _part(_move(), "to_category")
    counted = _number(_those(_known(as_of), exp.and_(left.eq(_DONE), entered.neq(_DONE), copy=False)))
    return _call("coalesce", counted, exp.column("reopened_count", quoted=True))


def _transitions(as_of: exp.Expr) -> exp.Expr:
    return exp.cast(_call("to_json", _known(as_of)), "varchar", copy=False)


_REPLAYS: Mapping[str, Callable[[exp.Expr], exp.Expr]] = {
    "status": _status,
    "status_category": _category,
    "resolved_at": _resolution,
    "restored_at": _resolution,
    "actual_end": _resolution,
    "updated_at": _last_update,
    "reopened_count": _reopenings,
    TRANSITIONS: _transitions,
}


def _move() -> exp.Expr:
    """The move that a condition is about."""
    return exp.column("move")


def _those(moves: exp.Expr, condition: exp.Expr) -> exp.Expr:
    return _call("list_filter", moves, exp.Lambda(this=condition, expressions=[exp.to_identifier("move")]))


def _instant(move: exp.Expr) -> exp.Expr:
    """A move's instant as a timestamp in UTC, whatever the machine's time zone."""
    return _call("make_timestamp", _call("epoch_us", _moment(move)))


def _moment(move: exp.Expr) -> exp.Expr:
    return exp.TryCast(this=_part(move, "at"), to=exp.DataType.build("timestamptz"))


def _first(moves: exp.Expr) -> exp.Expr:
    return _call("list_extract", moves, exp.Literal.number(1))


def _last(moves: exp.Expr) -> exp.Expr:
    return _call("list_extract", moves, exp.Literal.number(-1))


def _number(moves: exp.Expr) -> exp.Expr:
    return _call("len", moves)


def _part(move: exp.Expr, name: str) -> exp.Expr:
    return _call("struct_extract", move, exp.Literal.string(name))


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A function call; takes its arguments over, so that no tree is copied that nobody else holds."""
    return exp.Anonymous(this=name, expressions=list(arguments))
