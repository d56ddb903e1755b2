"""What ``itomm collect`` and ``itomm doctor`` say of the scope: conflicts, and what belongs to nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from itomm.cli.tables import print_paragraph
from itomm.cli.workspace import Workspace
from itomm.config.settings import CATALOGUE_SOURCE, Settings
from itomm.evidence.orphans import Orphans, orphans, unknown_services
from itomm.evidence.reading.snapshot import Snapshot, snapshot_of
from itomm.scoring.imported_scope import in_force
from itomm.scoring.scope_answers import in_scope

MOST_NAMES = 5


@dataclass(frozen=True)
class ScopeLine:
    """One thing to know of the scope, and whether somebody should mend it."""

    text: str
    mend: bool = True


def print_scope_report(workspace: Workspace) -> None:
    """Print a line for each thing to know of the scope; nothing when all belongs together."""
    for line in scope_lines(workspace):
        print_paragraph(f"  {line.text}")


def scope_lines(workspace: Workspace) -> Iterator[ScopeLine]:
    """Conflicts of catalogues, records without a service by source, services without records.

    Records without a service are no fault: those of a handbook belong to the whole organisation.
    """
    snapshot = snapshot_of(workspace.existing_store)
    newest = max((one.finished_at for one in snapshot.collections), default=None)
    if newest is None:
        return
    settings = in_force(workspace.configuration_file, snapshot, newest).settings
    yield from _said_by_the_catalogue(snapshot)
    yield from _orphan_lines(orphans(snapshot, newest))
    yield from _unknown_lines(
        settings, unknown_services(snapshot, (one.id for one in in_scope(settings)), newest)
    )


def _said_by_the_catalogue(snapshot: Snapshot) -> Iterator[ScopeLine]:
    """Conflicts, as the last reading of the catalogue noted them."""
    own = [one for one in snapshot.of_type("service") if one.source == CATALOGUE_SOURCE]
    for warning in own[-1].warnings if own else ():
        yield ScopeLine(f"{CATALOGUE_SOURCE}: {warning}.")


def _orphan_lines(found: list[Orphans]) -> Iterator[ScopeLine]:
    by_source: dict[str, Counter[str]] = {}
    for one in found:
        by_source.setdefault(one.source, Counter())[one.scope] += one.records
    for source, scopes in sorted(by_source.items()):
        shown = ", ".join(f"{scope} ({records:,})" for scope, records in scopes.most_common(MOST_NAMES))
        more = f", and {len(scopes) - MOST_NAMES} more" if len(scopes) > MOST_NAMES else ""
        records = scopes.total()
        belong = "1 record belongs" if records == 1 else f"{records:,} records belong"
        said = f"{source}: {belong} to no configured service: {shown}{more}."
        yield ScopeLine(said, mend=False)


def _unknown_lines(settings: Settings, unknown: list[str]) -> Iterator[ScopeLine]:
    if not unknown or not settings.sources:
        return
    shown = ", ".join(unknown[:MOST_NAMES])
    more = f", and {len(unknown) - MOST_NAMES} more" if len(unknown) > MOST_NAMES else ""
    remedy = "Give them the names that the sources use, under 'keys'."
    yield ScopeLine(f"No source knows {shown}{more}. {remedy}")
