"""Starts a real Request Tracker with a database of its own, filled with a known service desk."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.real.servers import binary, free_port, running

PASSWORD = "correct horse battery"
SERVER = Path("/usr/share/request-tracker5/libexec/standalone_httpd")
SEED = Path(__file__).with_name("request_tracker_seed.pl")

_SITE = """
Set($rtname, 'shop.example');
Set($Organization, 'shop.example');
Set($Timezone, 'UTC');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {port});
Set($WebPath, '');
Set($WebBaseURL, 'http://127.0.0.1:{port}');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{folder}/database');
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'error');
Set($MailCommand, 'testfile');
1;
"""


@dataclass(frozen=True)
class RequestTracker:
    """A running Request Tracker."""

    url: str


@contextmanager
def start_request_tracker(folder: Path, now: datetime) -> Iterator[RequestTracker]:
    """A Request Tracker whose service desk ends at ``now``."""
    assert SERVER.is_file(), "Request Tracker is not there: run tests/real/install_heavy_servers.sh"
    port = free_port()
    (folder / "settings").mkdir()
    (folder / "settings" / "site.pm").write_text(_SITE.format(port=port, folder=folder), encoding="utf-8")
    (folder / "empty.pm").write_text("1;\n", encoding="utf-8")
    environment = {
        "RT_SITE_CONFIG": str(folder / "empty.pm"),
        "RT_SITE_CONFIG_DIR": str(folder / "settings"),
        "SEED_NOW": str(int(now.timestamp())),
    }

    def run(*command: str) -> None:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    run(binary("rt-setup-database-5"), "--action", "init", "--skip-create", "--dba-password", "")
    run(binary("perl"), str(SEED))
    url = f"http://127.0.0.1:{port}"
    command = [str(SERVER), "--host", "127.0.0.1", "--port", str(port)]
    with running(command, folder, url, ready="/REST/2.0/rt", environment=environment):
        yield RequestTracker(url)
