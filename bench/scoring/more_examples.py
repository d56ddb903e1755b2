"""Runs the property tests of scoring with many more random organisations than the suite has time for.

    PYTHONPATH= .venv/bin/python -m bench.scoring.more_examples --examples 2000 --seed 5

Prints a line for each property with the seconds it took; ends with 1 when one does not hold.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from hypothesis import seed, settings

MODULES = ("test_scoring_properties", "test_roadmap", "test_comparison", "test_sensitivity", "test_what_if")


def properties(wanted: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """Tests with random input and no fixtures, by name."""
    for module in MODULES:
        loaded = import_module(f"tests.scoring.{module}")
        for name, function in vars(loaded).items():
            if name.startswith("test_") and hasattr(function, "hypothesis") and wanted in name:
                yield f"{module}.{name}", function


def with_examples(function: Any, examples: int, number: int) -> Callable[[], None]:
    """The same test with other settings; hypothesis refuses to set them twice by its decorator."""
    before = function._hypothesis_internal_use_settings
    function._hypothesis_internal_use_settings = settings(
        before, max_examples=examples, derandomize=False, database=None
    )
    found: Callable[[], None] = seed(number)(function)
    return found


def main() -> int:
    """Run them all."""
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--examples", type=int, default=2000)
    reading.add_argument("--seed", type=int, default=1)
    reading.add_argument("--only", default="", help="part of a test's name")
    asked = reading.parse_args()
    failed = 0
    for name, function in properties(asked.only):
        begun = time.process_time()
        try:
            with_examples(function, asked.examples, asked.seed)()
            outcome = "holds"
        except Exception:  # noqa: BLE001  whatever a property raises is shown, and the others go on
            traceback.print_exc()
            outcome, failed = "DOES NOT HOLD", failed + 1
        print(f"{outcome:14}{time.process_time() - begun:8.1f} s  {name}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
