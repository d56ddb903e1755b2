"""``query:`` of a rule: one SELECT over record types, checked node by node like every expression.

It reads one record type, and others joined to it, and gives rows with named columns; the rule's window,
condition and measure work on these as they would on the fields of a record type. What is not named here
(subqueries, set operations, window functions, ``select *``, order, limit) is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlglot import exp

from itomm.config.quantities import Quantity
from itomm.config.structure import nearest
from itomm.evidence.record_types import Field, FieldType, RecordType, record_types
from itomm.evidence.segments.columns import PROVENANCE_COLUMNS
from itomm.rules.conjuncts import conjuncts
from itomm.rules.expression_kinds import Kind, Typed
from itomm.rules.expression_text import ExpressionError, Names, parsed_query, shown
from itomm.rules.expressions import AGGREGATES, check_expression
from itomm.rules.fault_places import begins
from itomm.rules.looking_back import looked_back_in

SERVICE = "service_id"
"""The column that every query must give: whose row it is."""

MOST_JOINS = 4
_PARTS = frozenset({"expressions", "from_", "joins", "where", "group", "having"})
_JOIN_PARTS = frozenset({"this", "on", "side", "kind"})
_FIELD_TYPES = {
    Kind.TEXT: FieldType.TEXT,
    Kind.NUMBER: FieldType.NUMBER,
    Kind.BOOLEAN: FieldType.BOOLEAN,
    Kind.INSTANT: FieldType.INSTANT,
    Kind.DURATION: FieldType.DURATION,
}
_WHOLE = exp.column("whole record", table="looked", quoted=True)
_MICROSECOND = "0.000001"
_PERIODS = {
    "HOUR": timedelta(hours=1),
    "DAY": timedelta(days=1),
    "WEEK": timedelta(days=7),
    "MONTH": timedelta(days=31),
}
"""What date_trunc cuts time into, and how long one is at most."""


@dataclass(frozen=True)
class Query:
    """A checked query at one as-of instant.

    Attributes:
        tree: the SELECT, of checked parts only.
        gives: its columns, as the fields of a record type.
        tables: the record types that it reads, by the names that it gives them; the first is the one in FROM.
        keys: names of the columns that it groups by; None when it gives a row for each record.
        looks_back: how far before the as-of instant it looks by itself.
        period: the longest of the months, weeks, days and hours that it cuts time into; one of them may
            begin before what is looked back at does.
    """

    tree: exp.Select
    gives: RecordType
    tables: Mapping[str, RecordType]
    keys: tuple[str, ...] | None
    looks_back: timedelta
    period: timedelta

    @property
    def main(self) -> tuple[str, RecordType]:
        """Name and record type of what stands in FROM: its records are those behind the answer."""
        return next(iter(self.tables.items()))

    def records(self, names: Sequence[str], service: str | None = None) -> exp.Select:
        """The records in FROM that pass the joins and WHERE, and whose group the query gives.

        All, or one service's. Columns: the fields ``names`` of the record, and the query's own columns as its
        group has them.
        """
        looked = self._looked_at().subquery("looked")
        own = [
            exp.alias_(exp.func("struct_extract", _WHOLE.copy(), exp.Literal.string(name)), name, quoted=True)
            for name in names
            if name not in self.gives.fields
        ]
        keys = self.gives.fields if self.keys is None else self.keys
        given = [
            exp.column(name, table="looked" if name in keys else "given", quoted=True)
            for name in self.gives.fields
        ]
        query = exp.select(*own, *given).distinct().from_(looked)
        if self.keys is not None:
            same = [
                exp.NullSafeEQ(
                    this=exp.column(key, table="looked", quoted=True),
                    expression=exp.column(key, table="given", quoted=True),
                )
                for key in self.keys
            ]
            query.join(self.tree.subquery("given"), on=exp.and_(*same), copy=False)
        if service is not None:
            query.where(exp.column(SERVICE, table="looked").eq(exp.Literal.string(service)), copy=False)
        return query

    def _looked_at(self) -> exp.Select:
        """The records in FROM that pass the joins and WHERE: each as a struct, and its group's keys."""
        query = self.tree.copy()
        keys = [each for each in query.expressions if self.keys is None or each.alias in self.keys]
        record = exp.alias_(exp.column(self.main[0], quoted=True), _WHOLE.name, quoted=True)
        query.set("expressions", [record, *keys])
        query.set("group", None)
        query.set("having", None)
        return query


def parse_query(text: str, name: str, as_of: datetime, parameters: Mapping[str, Quantity]) -> Query:
    """Check the ``query:`` of the rule called ``name``.

    Raises:
        ExpressionError: it is no such query, names nothing that is there, or mixes kinds.
    """
    written = parsed_query(text, _mentioned(text), parameters)
    _refuse_other_parts(written, _PARTS, "a query")
    tables = dict(_tables(written))
    if len(tables) != 1 + len(written.args.get("joins") or ()):
        raise ExpressionError("two tables of the query have the same name", "Name one with 'as'.")
    names = Names(next(iter(tables.values())), as_of, tables=tables, parameters=parameters)
    outputs = dict(_outputs(written, names))
    keys = _keys(written, outputs, names)
    _must_tell_service(outputs, keys)
    tree = exp.Select(
        expressions=[exp.alias_(_stored(typed), column, quoted=True) for column, typed in outputs.items()]
    ).from_(_table(written.args["from_"].this, tables), copy=False)
    for join in written.args.get("joins") or ():
        tree.append("joins", _join(join, tables, names))
    if written.args.get("where") is not None:
        tree.where(_condition(written.args["where"].this, names), copy=False)
    if keys is not None:
        tree.group_by(*(outputs[key].tree.copy() for key in keys), copy=False)
    if written.args.get("having") is not None:
        if keys is None:
            raise ExpressionError("'having' needs 'group by'")
        having = _condition(
            _named_outputs(written.args["having"].this, written), replace(names, aggregates=True)
        )
        tree.having(having, copy=False)
    fields = {column: Field(column, _FIELD_TYPES[typed.kind]) for column, typed in outputs.items()}
    gives = RecordType(f"the query of {name}", "", 1, fields)
    back = timedelta(microseconds=int(looked_back_in(written)))
    return Query(tree, gives, tables, keys, back, _longest_period(written))


def _longest_period(written: exp.Select) -> timedelta:
    cut = [node.args["unit"].name.upper() for node in written.find_all(exp.TimestampTrunc, exp.DateTrunc)]
    return max((_PERIODS[unit] for unit in cut), default=timedelta(0))


def _mentioned(text: str) -> Mapping[str, RecordType]:
    found = {name: each for name, each in record_types().items() if name in text}
    if not found:
        raise ExpressionError("a query reads record types, but names none", "Write: select … from incident …")
    return found


def _refuse_other_parts(node: exp.Expr, allowed: frozenset[str], what: str) -> None:
    other = sorted(name for name, value in node.args.items() if value and name not in allowed)
    if other or node.comments:
        word = (other or ["comments"])[0].strip("_").replace("_", " ")
        raise ExpressionError(
            f"'{word}' is not allowed in {what}",
            "Allowed are select, from, [left] join … on, where, group by and having.",
        )


def _tables(written: exp.Select) -> Iterator[tuple[str, RecordType]]:
    source = written.args.get("from_")
    if source is None:
        raise ExpressionError("'from' is missing", "Name the record type that the query reads.")
    joins = written.args.get("joins") or ()
    if len(joins) > MOST_JOINS:
        raise ExpressionError(f"more than {MOST_JOINS} joins", "Each join multiplies the rows to look at.")
    for table in (source.this, *(join.this for join in joins)):
        if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
            raise ExpressionError(
                f"'{shown(table)}' is no record type", "Subqueries are not allowed.", begins(table)
            )
        _refuse_other_parts(table, frozenset({"this", "alias"}), "a table's name")
        found = record_types().get(table.name)
        if found is None:
            hint = nearest(table.name, sorted(record_types()))
            raise ExpressionError(f"there is no record type '{table.name}'", hint, begins(table))
        alias = table.args.get("alias")
        if alias is not None and alias.args.get("columns"):
            raise ExpressionError(f"'{shown(table)}': columns cannot be renamed here")
        yield table.alias or table.name, found


def _table(table: exp.Expr, tables: Mapping[str, RecordType]) -> exp.Expr:
    alias = table.alias or table.name
    return exp.alias_(exp.table_(tables[alias].name, quoted=True), alias, table=True, quoted=True)


def _join(join: exp.Join, tables: Mapping[str, RecordType], names: Names) -> exp.Join:
    _refuse_other_parts(join, _JOIN_PARTS, "a join")
    side, kind = str(join.args.get("side") or ""), str(join.args.get("kind") or "")
    if side.upper() not in {"", "LEFT"} or kind.upper() not in {"", "INNER", "OUTER"}:
        raise ExpressionError(f"'{shown(join)}': only 'join' and 'left join' are allowed")
    on = join.args.get("on")
    if on is None:
        raise ExpressionError(f"'{shown(join)}' needs 'on'")
    alias = join.this.alias or join.this.name
    if not any(_equates(each, alias) for each in conjuncts(on)):
        raise ExpressionError(
            f"'{shown(join)}' must equate a field of {alias} with a field of another table",
            f"For example: on {alias}.{SERVICE} = {next(iter(tables))}.{SERVICE}",
        )
    checked = exp.Join(this=_table(join.this, tables), on=_condition(on, names))
    if side:
        checked.set("side", "LEFT")
    return checked


def _equates(condition: exp.Expr, alias: str) -> bool:
    if not isinstance(condition, exp.EQ):
        return False
    sides = (condition.this, condition.expression)
    if not all(isinstance(side, exp.Column) for side in sides):
        return False
    return [side.table == alias for side in sides].count(True) == 1


def _condition(node: exp.Expr, names: Names) -> exp.Expr:
    typed = check_expression(node, names)
    if typed.kind is not Kind.BOOLEAN:
        raise ExpressionError(f"'{shown(node)}' is {typed.kind.with_article}, but a condition must be yes/no")
    return exp.Paren(this=typed.tree)


def _outputs(written: exp.Select, names: Names) -> Iterator[tuple[str, Typed]]:
    seen: set[str] = set()
    grouped = written.args.get("group") is not None
    for output in written.expressions:
        value = output.this if isinstance(output, exp.Alias) else output
        if not isinstance(output, exp.Alias | exp.Column) or isinstance(value, exp.Star):
            raise ExpressionError(
                f"'{shown(output)}' needs a name", "Write for example: count(*) as incidents", begins(output)
            )
        name = output.alias_or_name
        if name in seen:
            raise ExpressionError(f"two columns are called '{name}'", offset=begins(output))
        seen.add(name)
        if name in PROVENANCE_COLUMNS and name != SERVICE:
            raise ExpressionError(f"'{name}' says where a record is from", "Choose another name.")
        typed = check_expression(value, replace(names, aggregates=grouped))
        if typed.kind not in _FIELD_TYPES:
            raise ExpressionError(f"'{name}' would be {typed.kind.with_article}, which no measure can use")
        yield name, typed


def _keys(written: exp.Select, outputs: Mapping[str, Typed], names: Names) -> tuple[str, ...] | None:
    """The columns that the query groups by; every other one must be made of aggregates."""
    group = written.args.get("group")
    if group is None:
        return None
    _refuse_other_parts(group, frozenset({"expressions"}), "'group by'")
    by_text = {typed.tree.sql(dialect="duckdb"): name for name, typed in outputs.items()}
    keys: list[str] = []
    for each in group.expressions:
        if isinstance(each, exp.Column) and not each.table and each.name in outputs:
            name: str | None = each.name
        else:
            name = by_text.get(check_expression(each, names).tree.sql(dialect="duckdb"))
        if name is None or _aggregated(outputs[name]):
            possible = [column for column, typed in outputs.items() if not _aggregated(typed)]
            raise ExpressionError(
                f"'{shown(each)}' is grouped by, but is no column of the query",
                nearest(str(each.name), possible),
            )
        keys.append(name)
    for name, typed in outputs.items():
        if name not in keys and any(
            column.find_ancestor(*AGGREGATES) is None for column in typed.tree.find_all(exp.Column)
        ):
            raise ExpressionError(
                f"'{name}' is neither grouped by nor made of count, sum, min, max or median"
            )
    return tuple(dict.fromkeys(keys))


def _aggregated(typed: Typed) -> bool:
    return typed.tree.find(*AGGREGATES) is not None


def _named_outputs(condition: exp.Expr, written: exp.Select) -> exp.Expr:
    """The condition with the query's own columns written out."""
    meant = {each.alias: each.this for each in written.expressions if isinstance(each, exp.Alias)}

    def written_out(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and not node.table and node.name in meant:
            return exp.Paren(this=meant[node.name].copy())
        return node

    return condition.copy().transform(written_out)


def _must_tell_service(outputs: Mapping[str, Typed], keys: Sequence[str] | None) -> None:
    if SERVICE not in outputs or outputs[SERVICE].kind is not Kind.TEXT:
        raise ExpressionError(f"the query must give the column '{SERVICE}'")
    if keys is not None and SERVICE not in keys:
        raise ExpressionError(f"the query must group by '{SERVICE}'")


def _stored(typed: Typed) -> exp.Expr:
    """As a record's field is stored: durations in seconds, exactly."""
    if typed.kind is not Kind.DURATION:
        return typed.tree.copy()
    whole = exp.cast(exp.Paren(this=typed.tree.copy()), "decimal(20, 0)")
    return exp.Mul(this=whole, expression=exp.Literal.number(_MICROSECOND))
