"""The fault matrix as a page of the documentation; run as a module, it writes the page anew."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from itomm.collectors.conformance.faults import FAULTS, Fault
from itomm.collectors.conformance.meeting import meet
from itomm.collectors.conformance.trial import Reading
from itomm.evidence.observation import UnknownReason
from tests.collectors.fault_matrix_sources import SOURCES, subject

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "fault-matrix.md"
NOT_MET = "n/a"
WORDS: Mapping[UnknownReason, str] = {
    UnknownReason.COLLECTION_FAILED: "failed",
    UnknownReason.PERMISSION_DENIED: "denied",
    UnknownReason.INSUFFICIENT_COVERAGE: "partial",
}
HEAD = """# The fault matrix

What every built-in source makes of everything that can go wrong on the way to it. Each cell is a test
(`tests/collectors/test_fault_matrix.py`): the real collector with its real client library reads a stand-in
through a server that plays the fault. Whatever the cell says, the test holds that

- a stream that calls itself complete brings the records of a good day, and not one field differs;
- an incomplete one says why, and brings nothing that is not there on a good day;
- the deadline and the budget of requests are kept (time is pretended, so that an hour passes at once);
- no token and no traceback is shown or stored.

| word | means |
| --- | --- |
| as ever | the same records as on a good day, all complete: the fault was overcome |
| failed | incomplete, reason `collection_failed` |
| denied | incomplete, reason `permission_denied` |
| partial | incomplete, reason `insufficient_coverage` |
| n/a | cannot happen there: the source knows no scopes, or has no pages |

The faults are those of the [conformance suite](conformance.md). This page is generated: after a change,
`python -m tests.collectors.fault_matrix_page` writes it anew.

"""


def outcome_of(reading: Reading | None) -> str:
    """One cell."""
    if reading is None:
        return NOT_MET
    reasons = {one.outcome.reason for one in reading.results if not one.outcome.complete}
    words = {WORDS.get(reason, str(reason)) if reason else "?" for reason in reasons}
    return ", ".join(sorted(words)) or "as ever"


def documented() -> dict[tuple[str, str], str]:
    """The cells of the page, by fault and source."""
    rows = [_cells(line) for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    table = rows[next(number for number, row in enumerate(rows) if row[0] == "fault") :]
    sources = table[0][1:]
    return {
        (row[0], source): cell for row in table[2:] for source, cell in zip(sources, row[1:], strict=True)
    }


def page(cells: Mapping[tuple[str, str], str]) -> str:
    """The whole page."""
    lines = [f"| fault | {' | '.join(SOURCES)} |", f"|{' --- |' * (len(SOURCES) + 1)}"]
    lines += [f"| {fault} | {' | '.join(cells[fault, name] for name in SOURCES)} |" for fault in FAULTS]
    return HEAD + "\n".join(lines) + "\n"


def measured() -> dict[tuple[str, str], str]:
    """All cells, each by letting the source meet the fault."""
    return {(fault.name, name): cell(fault, name) for fault in FAULTS.values() for name in SOURCES}


def cell(fault: Fault, name: str) -> str:
    """What comes of a fault."""
    return outcome_of(meet(subject(name), fault))


def _cells(line: str) -> list[str]:
    return [part.strip() for part in line.strip("|").split("|")]


if __name__ == "__main__":
    PAGE.write_text(page(measured()), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
