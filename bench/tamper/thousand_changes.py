"""Change one byte or one row of a store at random, a thousand times; verify must find each and name it.

The store is made through the front door from the stand-in estate, so that every table has rows: keys created
and rotated, an assessment, an answer, an override, a person forgotten, raw payloads let go, events compacted.
A row is changed past the triggers, which are put back, and the seal of the database file is made anew: the
ledger must tell by itself. Afterwards, a hundred stores that nobody changed must verify without a fault.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import click

import itomm.estate
from itomm.cli.main import itomm as command_line
from itomm.config.errors import ExitCode, ItommError
from itomm.estate.estate import Estate
from itomm.estate.server import EstateServer
from itomm.evidence.catalogue.engines import sqlite_engine
from itomm.evidence.catalogue.opening import DATABASE_FILE
from itomm.evidence.catalogue.seal import break_seal, seal
from itomm.evidence.segments.record_lines import record_lines
from itomm.evidence.store import Store

HABITS = Path(itomm.estate.__file__).parent / "habits" / "two_services.yaml"
FIRST_DAY = datetime(2026, 11, 1, 6, tzinfo=UTC)
SURE = "Seen with my own eyes, on site."


@dataclass(frozen=True)
class Change:
    """What was done, and words of which verify must use one."""

    done: str
    names: tuple[str, ...]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--changes", type=int, default=1000)
    options.add_argument("--untouched", type=int, default=100)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    chance = random.Random(chosen.seed)  # noqa: S311  which change is made need not be a secret
    os.environ["ITOMM_ESTATE_TOKEN"] = "estate-token"  # noqa: S105  of the stand-in
    with tempfile.TemporaryDirectory() as made:
        original = Path(made) / "original"
        make(original)
        tables = _counted(original)
        print("rows:", ", ".join(f"{name} {count}" for name, count in tables.items()))
        tally: Counter[str] = Counter()
        for number in range(chosen.changes):
            kind = chance.choice(
                [flipped_byte, flipped_byte, changed_value, removed_row, added_row, removed_file]
            )
            copy = Path(made) / str(number)
            shutil.copytree(original, copy)
            change = None
            while change is None:
                with suppress(sqlite3.IntegrityError):  # the database refused it: another one, then
                    change = kind(copy, chance)
            code, told = verified(copy)
            found = code != ExitCode.OK
            named = any(name in told for name in change.names)
            tally[f"{kind.__name__}: {'found' if found else 'MISSED'}{'' if named else ', NOT NAMED'}"] += 1
            if not found or not named:
                print(f"{'missed' if not found else 'not named'}: {change} -> {code} {told[:300]!r}")
            shutil.rmtree(copy)
        for line, count in sorted(tally.items()):
            print(f"{count:5} {line}")
        alarms = 0
        for number in range(chosen.untouched):
            copy = Path(made) / f"untouched-{number}"
            shutil.copytree(original, copy)
            alarms += verified(copy)[0] != ExitCode.OK
            shutil.rmtree(copy)
        print(f"{alarms} false alarms on {chosen.untouched} untouched stores")


def make(folder: Path) -> None:
    """A store with rows in every table."""
    estate = Estate.load(HABITS)
    folder.mkdir()
    configuration = folder / "itomm.yaml"
    with EstateServer(estate) as server:
        configuration.write_text(estate.configuration(server.url, None), encoding="utf-8")
        days = [f"{FIRST_DAY + timedelta(days=day):%Y-%m-%dT%H:%M:%SZ}" for day in range(9)]
        at_first = ("--config", configuration, "--now", days[0])
        must("collect", *at_first)
        must("keys", "create", *at_first, "--by", "ada")
        must("answer", "SM-GRC-2.2", "yes", "--by", "ada", "--reason", SURE, *at_first)
        must(
            "override",
            "propose",
            "SS-INC-4.2",
            "yes",
            "--kind",
            "compensating_control",
            "--by",
            "ada",
            "--reason",
            SURE,
            "--until",
            "2027-01-15",
            *at_first,
        )
        must("override", "approve", "O1", "--by", "grace", "--reason", SURE, *at_first)
        must("keys", "rotate", *at_first, "--by", "ada")
        for day in days[1:-1]:
            must("collect", "--full", "--config", configuration, "--now", day)
        must("assess", "--full", "--config", configuration, "--now", days[-1])
    somebody = _somebody(folder)
    must("forget", somebody, "--by", "ada", "--reason", SURE, "--config", configuration, "--now", days[-1])
    with configuration.open("a", encoding="utf-8") as file:
        file.write("retention:\n  - {name: short, content: raw, keep_days: 5}\n")
    must("retention", "apply", "--by", "ada", "--config", configuration, "--now", days[-1])
    must("verify", "--records", "--config", configuration)


def must(*arguments: object) -> None:
    code, told = called(*arguments)
    if code not in (ExitCode.OK, None):
        raise SystemExit(f"itomm {' '.join(map(str, arguments))}: {code} {told}")


def called(*arguments: object) -> tuple[int | None, str]:
    """Call itomm in this process; its exit code and all that it said."""
    printed = StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        try:
            code = command_line.main([*map(str, arguments), "--quiet"], standalone_mode=False)
        except ItommError as error:
            return int(error.exit_code), str(error)
        except click.ClickException as error:
            return error.exit_code, error.format_message()
    return code, " ".join(printed.getvalue().split())


def verified(folder: Path) -> tuple[int | None, str]:
    return called("verify", "--output", "json", "--config", folder / "itomm.yaml")


def flipped_byte(folder: Path, chance: random.Random) -> Change:
    files = [
        path for path in sorted((folder / ".itomm").rglob("*")) if path.is_file() and path.stat().st_size
    ]
    by_kind: dict[str, list[Path]] = {}
    for path in files:
        by_kind.setdefault(f"{path.relative_to(folder / '.itomm').parts[0]}", []).append(path)
    path = chance.choice(by_kind[chance.choice(sorted(by_kind))])
    content = bytearray(path.read_bytes())
    place, bit = chance.randrange(len(content)), chance.randrange(8)
    content[place] ^= 1 << bit
    path.write_bytes(content)
    names = (path.name, DATABASE_FILE, "ledger row", "table ") if path.name == DATABASE_FILE else (path.name,)
    return Change(f"bit {bit} of byte {place} of {path.name}", names)


def removed_file(folder: Path, chance: random.Random) -> Change:
    kinds = ("evidence/*/*.parquet", "raw/*/*", "assessments/*.json", "pseudonym.key")
    path = chance.choice(sorted((folder / ".itomm").glob(chance.choice(kinds))))
    path.unlink()
    return Change(f"{path.name} removed", (path.name,))


def changed_value(folder: Path, chance: random.Random) -> Change:
    table, rowid = _a_row(folder, chance)
    columns = _asked(folder, f"PRAGMA table_info({table})")
    column = chance.choice([str(row[1]) for row in columns])
    ((value,),) = _asked(folder, f'SELECT "{column}" FROM {table} WHERE rowid = {rowid}')
    other = (
        "x"
        if value is None
        else value + 1
        if isinstance(value, int)
        else _with_one_letter_changed(value, chance)
    )
    _past_triggers(folder, f'UPDATE {table} SET "{column}" = ? WHERE rowid = {rowid}', (other,))
    return Change(f"{table}.{column} of row {rowid}: {value!r:.60} -> {other!r:.60}", _names_of(table))


def removed_row(folder: Path, chance: random.Random) -> Change:
    table, rowid = _a_row(folder, chance)
    _past_triggers(folder, f"DELETE FROM {table} WHERE rowid = {rowid}")
    return Change(f"row {rowid} of {table} removed", _names_of(table))


def added_row(folder: Path, chance: random.Random) -> Change:
    table, rowid = _a_row(folder, chance)
    names = [str(row[1]) for row in _asked(folder, f"PRAGMA table_info({table})")]
    (values,) = _asked(folder, f"SELECT * FROM {table} WHERE rowid = {rowid}")
    shifted = [
        value + 1000 if isinstance(value, int) and name != "ledger_seq" else f"{value}x" if value else value
        for name, value in zip(names, values, strict=True)
    ]
    if table == "override_decisions":
        shifted = [
            value if name == "decision" else other
            for name, value, other in zip(names, values, shifted, strict=True)
        ]
    marks = ", ".join("?" * len(shifted))
    _past_triggers(folder, f"INSERT INTO {table} VALUES ({marks})", shifted)
    return Change(f"row added to {table}", _names_of(table))


def _names_of(table: str) -> tuple[str, ...]:
    return ("ledger row",) if table == "ledger" else (f"table {table}", DATABASE_FILE)


def _a_row(folder: Path, chance: random.Random) -> tuple[str, int]:
    table = chance.choice(sorted(_counted(folder)))
    rows = _asked(folder, f"SELECT rowid FROM {table}")
    return table, int(chance.choice(rows)[0])


def _with_one_letter_changed(value: str, chance: random.Random) -> str:
    place = chance.randrange(len(value)) if value else 0
    return value[:place] + ("y" if value[place : place + 1] != "y" else "z") + value[place + 1 :]


def _counted(folder: Path) -> dict[str, int]:
    names = [str(name) for (name,) in _asked(folder, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    counted = {name: int(_asked(folder, f"SELECT count(*) FROM {name}")[0][0]) for name in sorted(names)}
    assert all(counted.values()), f"a table without rows: {counted}"
    return counted


def _asked(folder: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / ".itomm" / DATABASE_FILE)) as connection:
        return connection.execute(query).fetchall()


def _past_triggers(folder: Path, statement: str, values: tuple[object, ...] | list[object] = ()) -> None:
    database = folder / ".itomm" / DATABASE_FILE
    triggers = _asked(folder, "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    with closing(sqlite3.connect(database)) as connection, connection:
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement, values)
        for _, sql in triggers:
            connection.execute(str(sql))
    break_seal(database)
    engine = sqlite_engine(database)
    seal(engine, database)
    engine.dispose()


def _somebody(folder: Path) -> str:
    """The pseudonym that most records name."""
    store = Store.open(folder / ".itomm")
    people: Counter[str] = Counter()
    for collection in store.collections():
        for line in record_lines(store.folder, collection.segments):
            people.update(re.findall(r"person-[0-9a-f]{12}", line.decode()))
    store.engine.dispose()
    return people.most_common(1)[0][0]


if __name__ == "__main__":
    main()
