"""Serve the stand-in estate until interrupted: ``python -m itomm.estate``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from itomm.config.errors import ItommError
from itomm.estate.estate import Estate
from itomm.estate.http_exchange import TOKEN
from itomm.estate.server import EstateServer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m itomm.estate", description=__doc__)
    parser.add_argument("--habits", type=Path, help="habits of the company (default: Acme)")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--truth", type=Path, help="write the true answers to this JSON file")
    parser.add_argument("--configuration", type=Path, help="write an itomm.yaml for this estate")
    parser.add_argument("--repository", type=Path, help="write the handbook's git repository to this folder")
    options = parser.parse_args(arguments)
    try:
        estate = Estate.load(options.habits)
        if options.repository is not None:
            estate.write_repository(options.repository)
        if options.truth is not None:
            text = json.dumps(estate.truth(), ensure_ascii=False, indent=1) + "\n"
            options.truth.write_text(text, encoding="utf-8")
        serve(estate, options.port, options.configuration, options.repository)
    except (ItommError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code if isinstance(error, ItommError) else 2
    return 0


def serve(estate: Estate, port: int, configuration: Path | None, repository: Path | None) -> None:
    """Serve until SIGINT or SIGTERM."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with EstateServer(estate, port) as server:
        if configuration is not None:
            configuration.write_text(estate.configuration(server.url, repository), encoding="utf-8")
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        sys.stderr.write(f"ITOMM_ESTATE_TOKEN={TOKEN} opens Jira and GitLab. Stop with Ctrl-C.\n")
        stopped.wait()


if __name__ == "__main__":
    raise SystemExit(main())
