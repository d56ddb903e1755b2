"""Letting go what the retention rules no longer keep: recorded first, then carried out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from itomm.config.clock import format_instant
from itomm.evidence.letting_go.removals import (
    Removal,
    finish_removals,
    next_name,
    note_replacements,
    record_removals,
)
from itomm.evidence.letting_go.retention import Expired
from itomm.evidence.letting_go.rewriting import write_without_collections
from itomm.evidence.segments.segment_files import file_digest
from itomm.evidence.store import Store

_WHY = {
    "raw": "raw payloads are kept for {days} days",
    "records": "records are kept for {days} days",
    "superseded": "what something newer says again is kept for {days} days",
}


def let_go(
    store: Store, found: Sequence[Expired], *, at: datetime, actor: str, reason: str | None = None
) -> None:
    """Let go what expired; without a reason, the rule's own is told. Call it with the right to write.

    Raises:
        OSError: a compaction could not be written again; nothing is recorded then.
        StoreError: it could not be recorded, or a file that is due to go could not be removed.
    """
    if found:
        note_replacements(store, [next_name(each.path) for each in found if each.without])
        removals = [_removal(store, each, at, actor, reason) for each in found]
        lost = sorted({name for each in found for name in each.without})
        record_removals(store, removals, at=at, actor=actor, more={"lost": lost} if lost else None)
    finish_removals(store)


def _removal(store: Store, each: Expired, at: datetime, actor: str, reason: str | None) -> Removal:
    replaced_by = digest = None
    if each.without:
        replaced_by = next_name(each.path)
        target = store.folder / replaced_by
        write_without_collections(store.folder / each.path, target, each.without)
        digest = file_digest(target)
    return Removal(
        path=each.path,
        sha256=each.sha256,
        rule=each.rule.name,
        reason=reason or _WHY[each.rule.content].format(days=each.rule.keep_days),
        actor=actor,
        at=format_instant(at),
        replaced_by=replaced_by,
        replacement_sha256=digest,
    )
