"""PostgreSQL is here for the team store to come: a private server starts, answers, and stops."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.servers import free_port


def newest_binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    assert found, "PostgreSQL is not installed: apt-get install --no-install-recommends postgresql"
    return found[-1]


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a private server; it refuses to run as root, so root becomes its user."""
    binaries = newest_binaries()
    user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
    folder = Path("/tmp") / f"itomm-postgresql-{os.getpid()}"  # noqa: S108  its user cannot enter root's folders
    folder.mkdir(mode=0o700)
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
    options = f"-p {port} -k {folder} -h 127.0.0.1 -c fsync=off"
    control = (binaries / "pg_ctl", "-D", data, "-w", "-s", "-l", folder / "log", "-o", options)
    try:
        as_its_user(binaries / "initdb", "-D", data, "-A", "trust", "-U", "itomm", "--locale=C.UTF-8", "-N")
        as_its_user(*control, "start")
        try:
            yield port
        finally:
            as_its_user(*control, "stop", "-m", "fast")
    finally:
        shutil.rmtree(folder)


def test_a_private_postgresql_answers(server: int) -> None:
    psql = [
        "psql",
        "-h",
        "127.0.0.1",
        "-p",
        str(server),
        "-U",
        "itomm",
        "-d",
        "postgres",
        "-Atc",
        "select 40 + 2",
    ]

    done = subprocess.run(psql, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "42"
