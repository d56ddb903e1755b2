"""What the names in an expression stand for: fields of records, linked facts, the as-of instant."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from itomm.config.structure import nearest
from itomm.evidence.reading.masking import instant_literal
from itomm.evidence.record_types import FieldType, RecordType
from itomm.rules.expression_kinds import Kind, Typed
from itomm.rules.expression_text import ExpressionError, Names, shown

_FIELD_KINDS = {
    FieldType.TEXT: Kind.TEXT,
    FieldType.INTEGER: Kind.NUMBER,
    FieldType.NUMBER: Kind.NUMBER,
    FieldType.RATIO: Kind.NUMBER,
    FieldType.BOOLEAN: Kind.BOOLEAN,
    FieldType.INSTANT: Kind.INSTANT,
    FieldType.DURATION: Kind.DURATION,
    FieldType.LIST: Kind.LIST,
    FieldType.JSON: Kind.STRUCTURED,
}
_PROVENANCE_KINDS = {
    "service_id": Kind.TEXT,
    "source": Kind.TEXT,
    "source_ref": Kind.TEXT,
    "collected_at": Kind.INSTANT,
}


def column(node: exp.Expr, names: Names) -> Typed:
    """What a name in an expression stands for.

    Raises:
        ExpressionError: it stands for nothing there, or for two things.
    """
    if not isinstance(node.this, exp.Identifier) or node.args.get("db"):
        raise ExpressionError(f"'{shown(node)}' is not allowed in an expression")
    name, table = node.name, node.args.get("table")
    if names.tables and name != "as_of":
        return _column_of_table(names.tables, name, table.name if table is not None else "")
    if table is not None:
        if names.base is None or table.name != "base":
            raise ExpressionError(f"'{table.name}.' means nothing here")
        return _field(names.base, name, names.base_alias)
    if name == "as_of":
        return Typed(instant_literal(names.as_of), Kind.INSTANT)
    if name in names.flags:
        return Typed(exp.column(name, table=names.alias, quoted=True), Kind.BOOLEAN)
    if name in names.numbers:
        return Typed(exp.column(name, table=names.alias, quoted=True), Kind.NUMBER)
    linked = names.flags | names.numbers
    return _field(names.record_type, name, names.alias, linked)


def _column_of_table(tables: Mapping[str, RecordType], name: str, table: str) -> Typed:
    if table:
        if table not in tables:
            hint = nearest(table, sorted(tables))
            raise ExpressionError(f"'{table}.' is no table of the query", hint)
        return _field(tables[table], name, table)
    having = [alias for alias, each in tables.items() if name in _PROVENANCE_KINDS or each.resolve(name)]
    if len(having) > 1:
        raise ExpressionError(
            f"'{name}' is a field of {' and '.join(having)}", f"Write {having[0]}.{name}, for example."
        )
    alias = having[0] if having else next(iter(tables))
    return _field(tables[alias], name, alias)


def _field(record_type: RecordType, name: str, alias: str, flags: frozenset[str] = frozenset()) -> Typed:
    if name in _PROVENANCE_KINDS:
        return Typed(exp.column(name, table=alias, quoted=True), _PROVENANCE_KINDS[name])
    declared = record_type.resolve(name)
    if declared is None:
        allowed = sorted({*record_type.fields, *record_type.aliases, *flags})
        raise ExpressionError(f"{record_type.name} has no field '{name}'", nearest(name, allowed))
    value: exp.Expr = exp.column(declared.name, table=alias, quoted=True)
    if declared.type is FieldType.DURATION:  # stored in seconds, counted in microseconds
        value = exp.cast(exp.Mul(this=value, expression=exp.Literal.number(1_000_000)), "bigint")
    return Typed(value, _FIELD_KINDS[declared.type])
