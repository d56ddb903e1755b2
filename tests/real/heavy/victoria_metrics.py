"""Starts a real VictoriaMetrics and gives it the same made-up past as Prometheus."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from tests.real.history import open_metrics
from tests.real.servers import RunningServer, binary, free_port, running, wait_for

RETENTION_DAYS = 200


@contextmanager
def start_victoria_metrics(folder: Path, now: datetime) -> Iterator[RunningServer]:
    """A single-node VictoriaMetrics with history, without vmalert."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [
        binary("victoria-metrics"),
        f"-storageDataPath={folder / 'data'}",
        f"-httpListenAddr=127.0.0.1:{port}",
        f"-retentionPeriod={RETENTION_DAYS}d",
        "-loggerLevel=WARN",
    ]
    with running(command, folder, url, ready="/health") as server:
        body = "".join(f"{line}\n" for line in _lines(open_metrics(now)))
        request = urllib.request.Request(f"{url}/api/v1/import/prometheus", data=body.encode())  # noqa: S310  a loopback address of ours
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  a loopback address of ours
            assert answer.status == 204
        with urllib.request.urlopen(f"{url}/internal/force_flush", timeout=30):  # noqa: S310  a loopback address of ours
            pass
        wait_for(
            f"{url}/api/v1/query?query=count_over_time(probe_success[60d])", lambda text: "checkout" in text
        )
        yield server


def _lines(history: str) -> Iterator[str]:
    """Samples with their time in milliseconds, as the import wants them."""
    for line in history.splitlines():
        if not line.startswith("#"):
            sample, seconds = line.rsplit(" ", 1)
            yield f"{sample} {seconds}000"
