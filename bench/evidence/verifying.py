"""How much of the speed of sha256sum `itomm verify` reaches on the same files."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from bench.evidence.made_up import BEGINNING, RECORD_TYPE, pages
from itomm.evidence.observation import CollectionOutcome
from itomm.evidence.store import Store
from itomm.evidence.trust.verification import verify


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=1_000_000)
    options.add_argument("--page-size", type=int, default=100)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as made:
        store = Store.open(Path(made), create=True)
        with store.writing("bench"):
            writer = store.begin_collection(
                run=1, source="gitlab", collector="gitlab", record_type=RECORD_TYPE, started_at=BEGINNING
            )
            for page, services in pages(range(chosen.records), size=chosen.page_size):
                writer.add_page(page, services)
            writer.finish(CollectionOutcome(complete=True, finished_at=BEGINNING + timedelta(days=900)))
        files = [path for path in Path(made).rglob("*") if path.is_file()]
        megabytes = sum(path.stat().st_size for path in files) / 1e6
        ours, theirs = [], []
        for _ in range(chosen.rounds):
            began = time.perf_counter()
            assert verify(store).faults == ()
            ours.append(time.perf_counter() - began)
            began = time.perf_counter()
            names = "\0".join(map(str, files)).encode()
            subprocess.run(["xargs", "-0", "sha256sum"], input=names, stdout=subprocess.DEVNULL, check=True)
            theirs.append(time.perf_counter() - began)
    print(f"{len(files):,} files, {megabytes:,.0f} MB")
    for name, seconds in (("itomm verify", ours), ("sha256sum", theirs)):
        print(
            f"{name:13} {statistics.median(seconds):7.3f} s "
            f"{megabytes / statistics.median(seconds):8,.0f} MB/s"
        )
    shares = [other / one for one, other in zip(ours, theirs, strict=True)]
    print(f"share of its speed {statistics.median(shares):6.0%} (goal: at least 60 %)")


if __name__ == "__main__":
    main()
