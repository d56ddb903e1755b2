"""Starts real Prometheus and Alertmanager servers on free ports, with back-filled history."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

DEBIAN_PACKAGES = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
}
_SECONDS_TO_START = 30.0


@dataclass(frozen=True)
class RunningServer:
    """A server that answers at ``url``; its files are in ``folder``."""

    url: str
    folder: Path


def binary(name: str) -> str:
    """Where a program is; its absence fails the test, because a skipped check proves nothing."""
    found = shutil.which(name)
    if found is None:
        raise AssertionError(
            f"{name} is not installed, and this test needs the real one: "
            f"apt-get install --no-install-recommends {DEBIAN_PACKAGES.get(name, name)}"
        )
    return found


@contextmanager
def start_prometheus(
    folder: Path,
    *,
    history: str = "",
    rule_files: Sequence[Path] = (),
    scrape: Sequence[str] = (),
    alertmanager: str = "",
    retention: str = "400d",
) -> Iterator[RunningServer]:
    """A Prometheus whose database holds ``history`` (OpenMetrics text without its last line).

    ``scrape`` lists host:port of targets; ``alertmanager`` is the URL of one that gets its alerts.
    """
    data = folder / "data"
    folder.mkdir(parents=True, exist_ok=True)
    if history:
        _back_fill(folder, data, history)
    configuration = folder / "prometheus.yml"
    configuration.write_text(_prometheus_configuration(rule_files, scrape, alertmanager), encoding="utf-8")
    port = free_port()
    command = [
        binary("prometheus"),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={data}",
        f"--storage.tsdb.retention.time={retention}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--rules.alert.resend-delay=1s",  # the first send may come before the Alertmanager is known
        "--log.level=warn",
    ]
    with running(command, folder, f"http://127.0.0.1:{port}") as server:
        wait_for(
            f"{server.url}/api/v1/targets?state=active",
            lambda answer: answer.count('"lastScrape":') == len(scrape),
        )
        yield server


@contextmanager
def start_alertmanager(folder: Path, configuration: str) -> Iterator[RunningServer]:
    """An Alertmanager with this configuration, alone (no cluster)."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "alertmanager.yml"
    file.write_text(configuration, encoding="utf-8")
    port = free_port()
    command = [
        binary("prometheus-alertmanager"),
        f"--config.file={file}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
    with running(command, folder, f"http://127.0.0.1:{port}") as server:
        yield server


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _back_fill(folder: Path, data: Path, history: str) -> None:
    file = folder / "history.om"
    file.write_text(history + "# EOF\n", encoding="utf-8")
    command = [binary("promtool"), "tsdb", "create-blocks-from", "openmetrics"]
    # Without the hidden flag a month becomes hundreds of two-hour blocks and takes a minute.
    command += ["--max-block-duration=720h", "--quiet", str(file), str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _prometheus_configuration(rule_files: Sequence[Path], scrape: Sequence[str], alertmanager: str) -> str:
    lines = ["global: {scrape_interval: 1s, evaluation_interval: 1s}"]
    if rule_files:
        lines += ["rule_files:", *(f"  - {file.resolve()}" for file in rule_files)]
    if alertmanager:
        host = alertmanager.removeprefix("http://")
        lines += ["alerting:", f"  alertmanagers: [{{static_configs: [{{targets: ['{host}']}}]}}]"]
    if scrape:
        targets = ", ".join(f"'{target}'" for target in scrape)
        lines += [
            "scrape_configs:",
            "  - job_name: checkout",
            f"    static_configs: [{{targets: [{targets}]}}]",
        ]
    return "\n".join(lines) + "\n"


@contextmanager
def running(
    command: Sequence[str],
    folder: Path,
    url: str,
    *,
    ready: str = "/-/ready",
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
    trusting: ssl.SSLContext | None = None,
) -> Iterator[RunningServer]:
    """The server that ``command`` starts, once ``ready`` answers something below status 500.

    ``environment`` is added to ours; ``user`` is who it runs as.
    """
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            user=user,
            group=user,
        )
        try:
            _wait_until_ready(process, f"{url}{ready}", log, trusting)
            yield RunningServer(url, folder)
        finally:
            process.terminate()
            process.wait(timeout=20)


def wait_for(url: str, holds: Callable[[str], bool]) -> str:
    """Ask ``url`` until the answer is as wanted; its text. Servers settle in their own time."""
    deadline = time.monotonic() + _SECONDS_TO_START
    text = ""
    while time.monotonic() < deadline:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  a loopback address of ours
            text = str(answer.read(), "utf-8")
        if holds(text):
            return text
        time.sleep(0.05)  # a server that settles gives no other sign
    raise AssertionError(f"{url} did not come to the wanted state within {_SECONDS_TO_START} s: {text[:500]}")


def _wait_until_ready(
    process: subprocess.Popen[bytes], url: str, log: Path, trusting: ssl.SSLContext | None
) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline:
        assert process.poll() is None, f"it ended at once:\n{log.read_text(encoding='utf-8')}"
        try:
            with urllib.request.urlopen(url, timeout=5, context=trusting):  # noqa: S310  a loopback address of ours
                return
        except urllib.error.HTTPError as error:
            with error:
                if error.code < 500 and error.code != 404:
                    return  # it wants to be signed in to, so it is there
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.05)  # a process that starts gives no other sign
    raise AssertionError(f"not ready after {_SECONDS_TO_START} s:\n{log.read_text(encoding='utf-8')}")
