"""The private PostgreSQL server that other tests use starts, answers, and keeps its databases apart."""

from __future__ import annotations

from tests.real.postgresql import PostgreSQL


def test_a_private_postgresql_answers(postgresql: PostgreSQL) -> None:
    assert postgresql.run("postgres", "SELECT 40 + 2") == [(42,)]


def test_a_copied_database_holds_what_its_template_held_and_is_its_own(postgresql: PostgreSQL) -> None:
    first = postgresql.new_database()
    postgresql.run(first, "CREATE TABLE recipes (name text)", "INSERT INTO recipes VALUES ('soup')")

    second = postgresql.new_database(template=first)
    postgresql.run(first, "DELETE FROM recipes")

    assert postgresql.run(second, "SELECT name FROM recipes") == [("soup",)]
