"""A process that collects for tests and forks one for each collection, so that killed ones start quickly.

    python -m tests.collectors.killable

Reads lines of JSON, each the arguments of one collection (``config``, ``store``, ``now``). Answers with the
process id of the collection that has begun, and then with how it ended.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import itomm.cli.collect
import itomm.collectors.gitlab.client
import itomm.collectors.http_json
import itomm.collectors.jira.client
import itomm.collectors.jira.windows
import itomm.collectors.prometheus
from itomm.cli.main import run

_LOADED = (itomm.cli.collect, itomm.collectors.http_json, itomm.collectors.prometheus)
"""Imported before the processes part, so that a kill meets the collection and not Python's start."""


def main() -> None:
    itomm.collectors.gitlab.client.PAGE_SIZE = 10
    itomm.collectors.jira.client.PAGE_SIZE = 5
    itomm.collectors.jira.windows.FEWEST_PER_WINDOW = 5
    itomm.collectors.jira.windows.ISSUES_PER_WINDOW = 5
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _collect(asked)
        _tell(child)
        _, status = os.waitpid(child, 0)
        _tell(os.waitstatus_to_exitcode(status))


def _tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _collect(asked: dict[str, Any]) -> None:
    os.dup2(os.open(asked["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1)
    os.dup2(1, 2)
    status = 70
    try:
        sys.argv = ["itomm", "collect", "--config", asked["config"], "--store", asked["store"]]
        sys.argv += ["--now", asked["now"]]
        run()
    except SystemExit as ended:
        status = int(ended.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
