"""Starts a private PostgreSQL server, and makes empty databases in it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg

from itomm.config.secrets import Secret
from tests.real.servers import free_port


@dataclass(frozen=True)
class PostgreSQL:
    """A running server whose superuser is ``itomm``, without a password."""

    port: int
    numbers: Iterator[int]

    def url(self, database: str, user: str = "itomm", password: str = "") -> Secret:
        """The URL of a database for a user."""
        who = f"{user}:{password}" if password else user
        return Secret(f"postgresql://{who}@127.0.0.1:{self.port}/{database}")

    def new_database(self, template: str = "template0") -> str:
        """The name of a new database: an empty one, or a copy of one that nobody is connected to."""
        name = f"store_{next(self.numbers)}"
        self.run("postgres", f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def run(self, database: str, *statements: str) -> list[tuple[object, ...]]:
        """Run SQL as the superuser; the rows of the last statement."""
        with psycopg.connect(self.url(database).reveal(), autocommit=True) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@contextmanager
def start_postgresql() -> Iterator[PostgreSQL]:
    """A private server on a free port; it refuses to run as root, so root becomes its user."""
    binaries = _newest_binaries()
    user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
    folder = Path(
        tempfile.mkdtemp(prefix="itomm-postgresql-", dir="/tmp")
    )  # its user cannot enter root's folders
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)

    def as_its_user(*command: str | Path) -> None:
        subprocess.run(
            command,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            check=True,
        )

    data, port = folder / "data", free_port()
    options = f"-p {port} -k {folder} -h 127.0.0.1 -c fsync=off -c autovacuum=off -c shared_buffers=32MB"
    control = (binaries / "pg_ctl", "-D", data, "-w", "-s", "-l", folder / "log", "-o", options)
    try:
        as_its_user(binaries / "initdb", "-D", data, "-A", "trust", "-U", "itomm", "--locale=C.UTF-8", "-N")
        as_its_user(*control, "start")
        try:
            yield PostgreSQL(port, count())
        finally:
            as_its_user(*control, "stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder)


def _newest_binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    assert found, "PostgreSQL is not installed: apt-get install --no-install-recommends postgresql"
    return found[-1]
