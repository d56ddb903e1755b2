"""GitLab and Jira of 500 services collected by itomm, beside the bound and beside plain loops on a sample.

The bound: requests needed, divided by those permitted at once, times the latency; or what the rate limit
allows, if that takes longer. Plain loops read some projects; their time is scaled to all. Every run has a
process of its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.collect.tool import Size

GOAL_OF_BOUND, GOAL_OF_PLAIN, GOAL_MB = 1.3, 8, 400


def main() -> None:
    """Run all and print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--scale", type=float, default=1.0)
    options.add_argument("--latency", type=float, default=0.05)
    options.add_argument("--gitlab-per-minute", type=int, default=2000)
    options.add_argument("--jira-per-minute", type=int, default=3000)
    options.add_argument("--concurrency", type=int, default=8)
    options.add_argument("--only", choices=["gitlab", "jira"])
    options.add_argument("--processes", type=int, default=1)
    chosen = options.parse_args()
    size = Size(**{name: max(1, int(each * chosen.scale)) for name, each in vars(Size()).items()})
    limits = {"gitlab": chosen.gitlab_per_minute, "jira": chosen.jira_per_minute}
    tools = {"gitlab": (size.projects, 5), "jira": (size.jira_projects, 1)}
    wanted = [chosen.only] if chosen.only else [*tools]
    with tempfile.TemporaryDirectory() as store, _tool(chosen) as url:
        what = chosen.only or "both"
        numbers = ("--concurrency", str(chosen.concurrency), "--processes", str(chosen.processes))
        options_of_ours = ("--store", store, *numbers)
        print(f"{size}, {chosen.latency * 1000:.0f} ms, requests a minute {limits} (0: any number)")
        first = _run(what, url, *options_of_ours)
        _tell("first run", first, wanted, chosen, limits)
        later = _run(what, url, *options_of_ours, "--later", "3")
        _tell("second run, nothing changed", later, wanted, chosen, limits)
        plain = 0.0
        for name in wanted:
            parts, sample = tools[name]
            run = _run(f"plain-{name}", url, "--sample", str(min(parts, sample)))
            scaled = run["seconds"] / min(parts, sample) * parts
            plain += scaled
            print(f"plain loops over {name}: {min(parts, sample)} of {parts} projects")
            print(f"  {run['seconds']:.1f} s, {run['asked']}; all would take {scaled:,.0f} s")
        print(f"plain loops take {plain / first['seconds']:.1f} times as long (goal: {GOAL_OF_PLAIN})")


@contextmanager
def _tool(chosen: argparse.Namespace) -> Iterator[str]:
    command = [sys.executable, "-m", "bench.collect.tool", "--scale", str(chosen.scale)]
    command += ["--latency", str(chosen.latency), "--gitlab-per-minute", str(chosen.gitlab_per_minute)]
    command += ["--jira-per-minute", str(chosen.jira_per_minute)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.stdin.close()


def _run(what: str, url: str, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.collect.run", what, url, *options]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(told)
    return found


def _tell(
    title: str, run: dict[str, Any], wanted: list[str], chosen: argparse.Namespace, limits: dict[str, int]
) -> None:
    bounds = []
    print(f"{title}: records {run['records']}, {run['asked']}")
    for name in wanted:
        asked, limit = run["asked"].get(name, 0), limits[name]
        by_latency = asked / chosen.concurrency * chosen.latency
        by_limit = max(0, asked - limit) / limit * 60 if limit else 0.0  # those of a minute may go at once
        bounds.append(max(by_latency, by_limit))
        print(f"  {name}: {asked:,} requests; bound by latency {by_latency:.1f} s, by limit {by_limit:.1f} s")
    bound = max(bounds)
    ratio = run["seconds"] / bound if bound else 0.0
    print(f"  {run['seconds']:.1f} s: {ratio:.2f} times the bound of {bound:.1f} s (goal: {GOAL_OF_BOUND})")
    print(f"  processor {run['processor']:.1f} s, peak {run['peak_mb']} MB (goal: {GOAL_MB})")
    print(f"  processor of the tool, on the same machine: {run['processor_of_tool']:.1f} s")
    for fault in run["faults"]:
        print(f"  INCOMPLETE: {fault}")


if __name__ == "__main__":
    main()
