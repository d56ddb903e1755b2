"""Starts a real Redmine from its Debian package's files, on SQLite, filled with a known service desk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from itomm.config.clock import format_instant
from tests.real.servers import binary, free_port, running

INSTALLED = (
    Path(os.environ.get("ITOMM_REAL_SERVERS", "/opt/itomm-real-servers")) / "redmine/usr/share/redmine"
)
"""Where tests/real/install_heavy_servers.sh unpacks the package; its own set-up fails."""

SEED = Path(__file__).with_name("redmine_seed.rb")


@dataclass(frozen=True)
class Redmine:
    """A running Redmine and the API keys of its accounts."""

    url: str
    keys: Mapping[str, str]


@contextmanager
def start_redmine(folder: Path, now: datetime) -> Iterator[Redmine]:
    """A Redmine whose service desk ends at ``now``."""
    application = folder / "redmine"
    _unpack(application)
    environment = {"RAILS_ENV": "production", "REDMINE_LANG": "en"}

    def ruby(*command: str, **more: str) -> str:
        done = subprocess.run(
            [binary("bundle"), "exec", *command],
            cwd=application,
            env={**os.environ, **environment, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    ruby("rake", "db:migrate")
    ruby("rake", "redmine:load_default_data")  # apart: the process that migrates knows the old columns only
    printed = ruby("rails", "runner", str(SEED), SEED_NOW=format_instant(now))
    keys = json.loads(printed.strip().splitlines()[-1])
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [binary("puma"), "-e", "production", "-b", f"tcp://127.0.0.1:{port}", "-t", "1:4", "config.ru"]
    with running(command, application, url, ready="/issue_statuses.json", environment=environment):
        yield Redmine(url, keys)


def _unpack(application: Path) -> None:
    """A copy that has its own database, files and settings; Debian's reads those of the whole machine."""
    assert INSTALLED.is_dir(), "Redmine is not there: run tests/real/install_heavy_servers.sh"
    shutil.copytree(INSTALLED, application, symlinks=True)
    for link in ("Gemfile.lock", "instances", "config/database.yml"):
        (application / link).unlink()
    instance = application / "instances" / "default"
    for name in ("config", "tmp", "log", "files"):
        (instance / name).mkdir(parents=True)
    (application / "tmp").mkdir()
    (application / "plugins").mkdir(exist_ok=True)
    database = f"production:\n  adapter: sqlite3\n  database: {application / 'redmine.sqlite3'}\n"
    (application / "config/database.yml").write_text(database, encoding="utf-8")
    (instance / "config/database.yml").write_text(database, encoding="utf-8")
    (instance / "config/secret_key.txt").write_text("0123456789abcdef" * 4, encoding="utf-8")
    gems = (application / "Gemfile").read_text(encoding="utf-8")
    gems = gems.replace("/usr/share/redmine/{config,instances/*/config}", f"{application}/config")
    kept = [line for line in gems.splitlines() if "mocha" not in line]  # only Redmine's own tests need it
    (application / "Gemfile").write_text("\n".join(kept) + "\n", encoding="utf-8")
