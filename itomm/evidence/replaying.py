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
_DONE = exp.Literal.string("done")


def replayed(declared: Field, as_of: exp.Expr) -> exp.Expr:
    """A field of a ticket as it stood at an instant; ``as_of`` is a timestamp in UTC."""
    column = exp.column(declared.name, quoted=True)
    unchanged = exp.column("updated_at", quoted=True) <= as_of
    known = column <= as_of if declared.later else unchanged
    replay = _REPLAYS[declared.name](column, _known_moves(as_of), as_of)
    return exp.Case(
        ifs=[exp.If(this=known, true=column), exp.If(this=unchanged.copy(), true=exp.Null())], default=replay
    )


def _moves() -> exp.Expr:
    return _call("from_json", exp.column(TRANSITIONS, quoted=True), exp.Literal.string(json.dumps([_MOVE])))


def _known_moves(as_of: exp.Expr) -> exp.Expr:
    return _those(_moves(), lambda move: _call("epoch_us", _moment(move)) <= _call("epoch_us", as_of))


def _status(column: exp.Expr, known: exp.Expr, _as_of: exp.Expr) -> exp.Expr:
    return _call("coalesce", _part(_last(known), "to"), _part(_first(_moves()), "from"), column)


def _category(column: exp.Expr, known: exp.Expr, _as_of: exp.Expr) -> exp.Expr:
    return exp.Case(
        ifs=[
            exp.If(this=_number(known) > 0, true=_part(_last(known), "to_category")),
            exp.If(this=_number(_moves()) > 0, true=_part(_first(_moves()), "from_category")),
        ],
        default=column,
    )


def _resolution(_column: exp.Expr, known: exp.Expr, _as_of: exp.Expr) -> exp.Expr:
    """The last entry into done, where the last move known ended in it."""
    is_done = _part(_last(known), "to_category").eq(_DONE)
    return exp.Case(ifs=[exp.If(this=is_done, true=_instant(_last(_those(known, _enters_done))))])


def _last_update(_column: exp.Expr, known: exp.Expr, as_of: exp.Expr) -> exp.Expr:
    """The last thing that is known to have happened; other updates leave no time behind."""
    acknowledged = exp.column("acknowledged_at", quoted=True)
    by_then = exp.Case(ifs=[exp.If(this=acknowledged <= as_of, true=acknowledged)])
    return _call("greatest", exp.column("created_at", quoted=True), by_then, _instant(_last(known)))


def _reopenings(_column: exp.Expr, known: exp.Expr, _as_of: exp.Expr) -> exp.Expr:
    return _number(_those(known, _leaves_done))


def _transitions(_column: exp.Expr, known: exp.Expr, _as_of: exp.Expr) -> exp.Expr:
    return exp.cast(_call("to_json", known), "varchar")


_REPLAYS: Mapping[str, Callable[[exp.Expr, exp.Expr, exp.Expr], exp.Expr]] = {
    "status": _status,
    "status_category": _category,
    "resolved_at": _resolution,
    "restored_at": _resolution,
    "actual_end": _resolution,
    "updated_at": _last_update,
    "reopened_count": _reopenings,
    TRANSITIONS: _transitions,
}


def _enters_done(move: exp.Expr) -> exp.Expr:
    stays = exp.NullSafeEQ(this=_part(move, "from_category"), expression=_DONE)
    return exp.and_(_part(move, "to_category").eq(_DONE), exp.not_(stays))


def _leaves_done(move: exp.Expr) -> exp.Expr:
    return exp.and_(_part(move, "from_category").eq(_DONE), _part(move, "to_category").neq(_DONE))


def _instant(move: exp.Expr) -> exp.Expr:
    """A move's instant as a timestamp in UTC, whatever the machine's time zone."""
    return _call("make_timestamp", _call("epoch_us", _moment(move)))


def _moment(move: exp.Expr) -> exp.Expr:
    return exp.TryCast(this=_part(move, "at"), to=exp.DataType.build("timestamptz"))


def _those(moves: exp.Expr, condition: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    test = exp.Lambda(this=condition(exp.column("move")), expressions=[exp.to_identifier("move")])
    return _call("list_filter", moves, test)


def _first(moves: exp.Expr) -> exp.Expr:
    return _call("list_extract", moves, exp.Literal.number(1))


def _last(moves: exp.Expr) -> exp.Expr:
    return _call("list_extract", moves, exp.Literal.number(-1))


def _number(moves: exp.Expr) -> exp.Expr:
    return _call("len", moves)


def _part(move: exp.Expr, name: str) -> exp.Expr:
    return _call("struct_extract", move, exp.Literal.string(name))


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])
