"""What keeps the catalogue's rows from being changed or removed: triggers, written for each database.

Migrations use these statements, too: a trigger of another form gets a new function, not a changed one.
"""

from __future__ import annotations

from sqlalchemy import Connection, Table, UniqueConstraint, text

from itomm.evidence.catalogue.database import APPEND_ONLY


def guard(connection: Connection, tables: tuple[Table, ...]) -> None:
    """Put the triggers on tables, which must be there."""
    for table in tables:
        for statement in _GUARDS[connection.dialect.name](table):
            connection.execute(text(statement))


def guard_approvals(connection: Connection) -> None:
    """Put the trigger on override_decisions by which the proposer of an override cannot approve it."""
    for statement in _SECOND_PERSON[connection.dialect.name]:
        connection.execute(text(statement))


def missing_guards(connection: Connection) -> list[str]:
    """Which triggers of the newest version are not there as they were made; a sentence each."""
    there = {
        _words(str(found)) for found in connection.execute(text(_THERE[connection.dialect.name])).scalars()
    }
    expected = {"override_second_person": ("override_decisions", _second_person(connection.dialect.name))}
    for table in APPEND_ONLY:
        expected |= {name: (table.name, known_by) for name, known_by in _guards_of(connection, table)}
    return [
        f"table {table} is no longer guarded: its trigger {name} is missing or was changed"
        for name, (table, known_by) in expected.items()
        if _words(known_by) not in there
    ]


def _guards_of(connection: Connection, table: Table) -> list[tuple[str, str]]:
    """Name of each trigger of a table, and by what the database tells that it is there."""
    if connection.dialect.name == "sqlite":
        return [(statement.split()[2], statement) for statement in _sqlite_guards(table)]
    name = f"{table.name}_append_only"
    return [(name, f"{name} refuse_change")]


def _second_person(dialect: str) -> str:
    return (
        _SECOND_PERSON["sqlite"][0] if dialect == "sqlite" else "override_second_person require_second_person"
    )


def _words(statement: str) -> str:
    return " ".join(statement.split())


def prepare(connection: Connection) -> None:
    """Make what the triggers call; before the first of them."""
    for statement in _FUNCTIONS[connection.dialect.name]:
        connection.execute(text(statement))


def _sqlite_guards(table: Table) -> list[str]:
    """Triggers against update, delete, and the replace that slips past a delete trigger.

    A replace removes whatever row has one of the new row's keys, also its hidden row number.
    """
    refuse = f"SELECT RAISE(ABORT, '{table.name} is append-only')"
    taken = " OR ".join(["rowid = NEW.rowid", *(f"({_same(key)})" for key in _keys(table))])
    exists = f'EXISTS (SELECT 1 FROM "{table.name}" WHERE {taken})'  # noqa: S608  names of declared tables
    forbidden = {
        "no_update": "BEFORE UPDATE ON {table}",
        "no_delete": "BEFORE DELETE ON {table}",
        "no_replace": "BEFORE INSERT ON {table} WHEN " + exists,
    }
    return [
        f"CREATE TRIGGER {table.name}_{name} {moment.format(table=table.name)} BEGIN {refuse}; END"
        for name, moment in forbidden.items()
    ]


def _keys(table: Table) -> list[list[str]]:
    """Sets of columns whose values no two rows share."""
    unique = [each for each in sorted(table.constraints, key=str) if isinstance(each, UniqueConstraint)]
    return [constraint.columns.keys() for constraint in [table.primary_key, *unique]]


def _same(key: list[str]) -> str:
    return " AND ".join(f'"{column}" = NEW."{column}"' for column in key)


def _postgresql_guards(table: Table) -> list[str]:
    """One trigger for each statement that is not allowed, an upsert among them, even one that meets no row.

    ALWAYS: it holds also where a superuser lets the session play the part of a replica.
    """
    name = f"{table.name}_append_only"
    return [
        f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table.name} {_REFUSE}",
        f"ALTER TABLE {table.name} ENABLE ALWAYS TRIGGER {name}",
    ]


_THERE = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname || ' ' || proname FROM pg_trigger "
    "JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid "
    "WHERE relnamespace = current_schema()::regnamespace AND tgenabled = 'A'",
}
_REFUSE = "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
_GUARDS = {"sqlite": _sqlite_guards, "postgresql": _postgresql_guards}

_FUNCTIONS: dict[str, tuple[str, ...]] = {
    "sqlite": (),
    "postgresql": (
        """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$
""",
        # The table is named with its schema: nobody may put a temporary one in its place.
        """
CREATE FUNCTION require_second_person() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE same boolean;
BEGIN
    EXECUTE format(
        'SELECT lower(trim($1)) = lower(trim(proposer_key)) OR lower(trim($2)) = lower(trim(proposer)) '
        'FROM %I.overrides WHERE id = $3', TG_TABLE_SCHEMA
    ) INTO same USING NEW.actor_key, NEW.actor, NEW.override;
    IF NEW.decision = 'approved' AND same THEN
        RAISE EXCEPTION 'an override needs a second person to approve it'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$
""",
    ),
}

_SECOND_PERSON: dict[str, tuple[str, ...]] = {
    "sqlite": (
        """
CREATE TRIGGER override_second_person BEFORE INSERT ON override_decisions
WHEN NEW.decision = 'approved' AND (
    lower(trim(NEW.actor_key)) = (SELECT lower(trim(proposer_key)) FROM overrides WHERE id = NEW.override)
    OR lower(trim(NEW.actor)) = (SELECT lower(trim(proposer)) FROM overrides WHERE id = NEW.override)
)
BEGIN SELECT RAISE(ABORT, 'an override needs a second person to approve it'); END
""",
    ),
    "postgresql": (
        """
CREATE TRIGGER override_second_person BEFORE INSERT ON override_decisions
FOR EACH ROW EXECUTE FUNCTION require_second_person()
""",
        "ALTER TABLE override_decisions ENABLE ALWAYS TRIGGER override_second_person",
    ),
}
