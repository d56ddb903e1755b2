"""The same plan on two worker processes of dask.distributed, with byte-identical answers.

    python -m bench.rules.scale.on_workers --folder /tmp/scale --rows 10

Both sides evaluate the same rules over the same segments and write all answers as JSON in one order; the
digests of these bytes must be equal. On one machine the workers share its processors with the one-process
run's, so only the answers are a result here; on machines of their own they would also be quicker.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

from distributed import Client, LocalCluster

from bench.rules.scale.by_itomm import rules_of_twins
from bench.rules.scale.made_up_rows import AS_OF, services_of, write
from itomm.evidence.reading.snapshot import Snapshot
from itomm.reports.document import plain, to_json
from itomm.rules.evaluation import InferredAnswers, ServiceKeys, evaluate

SEED = 1


def main() -> int:
    """Evaluate both ways; 0 when the bytes are the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=10, help="millions")
    parser.add_argument("--services", type=int, default=10_000)
    parser.add_argument("--parts", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    rows = options.rows * 1_000_000
    snapshot = write(options.folder / f"{options.rows}M", rows, options.services, SEED)
    keys = [ServiceKeys(service, {}) for service in services_of(options.services)]
    alone = timed("one process", snapshot, keys)
    with (
        LocalCluster(  # type: ignore[no-untyped-call]  # the library has no types
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,  # type: ignore[no-untyped-call]  # as above
    ):
        executor = client.get_executor(pure=False)
        shared = {
            timed(f"two workers, {parts} parts", snapshot, keys, executor, parts) for parts in options.parts
        }
    print("the same bytes" if shared == {alone} else "DIFFERENT BYTES")
    return int(shared != {alone})


def timed(
    name: str,
    snapshot: Snapshot,
    keys: Sequence[ServiceKeys],
    executor: Executor | None = None,
    parts: int = 1,
) -> str:
    """Evaluate, print what it took, and give the digest of all answers."""
    begun = time.perf_counter()
    answers = evaluate(rules_of_twins(), snapshot, keys, AS_OF, executor=executor, parts=parts)
    seconds = time.perf_counter() - begun
    digest = digest_of(answers)
    number = len(answers.organisation) + len(answers.services)
    print(f"{name} | {number} answers | {seconds:.1f} s | sha256 {digest}", flush=True)
    return digest


def digest_of(answers: InferredAnswers) -> str:
    """SHA-256 over all answers as JSON, ordered by place."""
    hashed = hashlib.sha256()
    for criterion in sorted(answers.organisation):
        hashed.update(to_json([criterion, plain(answers.organisation[criterion])]).encode())
    for place in sorted(answers.services):
        hashed.update(to_json([*place, plain(answers.services[place])]).encode())
    return hashed.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
