"""Questions of signals to evidence as of an instant: fixed texts over one record type each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from itomm.evidence.record_types import record_types
from itomm.rules.expression_text import Names
from itomm.rules.expressions import parse_condition
from itomm.rules.limits import named_rows
from itomm.rules.rule import RECORD_ALIAS
from itomm.rules.signals.suspicion import Identity, Moment

_TABLE = "records_of_type"
_EARLIER_TABLE = "earlier_of_type"
EARLIER = "earlier "
"""Before the name of a record type: the table with its records as they were read some time before."""

_OF_A_RECORD = ("source", "source_ref", "url", "service_id", "collection", "page")
Value = int | str | datetime | None


@dataclass(frozen=True)
class Question:
    """One SELECT over one record type.

    Attributes:
        text: it reads the table ``records_of_type``, and perhaps ``earlier_of_type``, the same records as
            they were read some time before; ``:name`` in it stands for a value.
        record_type: the type that it is asked of.
        values: what stands for each ``:name``.
        fields: which field of the type each column that the text makes up stands for.
        where: a condition in the rule language on the records of the table it calls ``record``.
    """

    text: str
    record_type: str
    values: Mapping[str, Value] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    where: exp.Expr | None = None

    def tree(self) -> exp.Select:
        """The statement."""
        tree = _parsed(self.text).copy()
        for column in tree.find_all(exp.Column):
            if column.name in self.fields:
                column.set("this", exp.to_identifier(self.fields[column.name], quoted=True))
        if self.where is not None:
            tree.where(self.where, copy=False)
        for placeholder in tree.find_all(exp.Placeholder):
            placeholder.replace(exp.convert(_plain(self.values[placeholder.name])))
        for table in tree.find_all(exp.Table):
            if table.name == _TABLE:
                table.set("this", exp.to_identifier(self.record_type, quoted=True))
            elif table.name == _EARLIER_TABLE:
                table.set("this", exp.to_identifier(f"{EARLIER}{self.record_type}", quoted=True))
        return tree


def rows(connection: duckdb.DuckDBPyConnection, question: Question) -> Sequence[Mapping[str, Any]]:
    """What a question gives, by column."""
    return _asked(connection, question.tree())


def moments(connection: duckdb.DuckDBPyConnection, question: Question) -> list[Moment]:
    """What a question gives that asks for ``at``, and perhaps ``person`` and ``before``, of each ``record``.

    Which record it is, is added to what the text asks for.
    """
    of_a_record = [exp.column(name, table=RECORD_ALIAS) for name in _OF_A_RECORD]
    tree = question.tree()
    tree.select(*of_a_record, copy=False)
    return [
        Moment(
            record=Identity(question.record_type, row["source"], row["source_ref"]),
            url=row["url"] or "",
            service=row["service_id"],
            collection=row["collection"],
            page=row["page"],
            at=row["at"].replace(tzinfo=UTC),
            person=row.get("person"),
            before=row["before"].replace(tzinfo=UTC) if row.get("before") else None,
        )
        for row in _asked(connection, tree)
    ]


def condition(text: str | None, record_type: str, as_of: datetime) -> exp.Expr | None:
    """A condition in the rule language, over the table that a question calls ``record``."""
    if text is None:
        return None
    return parse_condition(text, Names(record_types()[record_type], as_of, alias=RECORD_ALIAS))


def _asked(connection: duckdb.DuckDBPyConnection, tree: exp.Select) -> Sequence[Mapping[str, Any]]:
    names, found = named_rows(connection, tree.sql(dialect="duckdb"))
    return [dict(zip(names, row, strict=True)) for row in found]


def _plain(value: Value) -> Value:
    """Instants as the columns of evidence hold them."""
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value


@cache
def _parsed(text: str) -> exp.Select:
    return sqlglot.parse_one(text, dialect="duckdb", into=exp.Select)
