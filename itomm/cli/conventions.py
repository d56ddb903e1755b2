"""What ``itomm doctor --conventions`` shows: what teams keep, and what they would have to."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from itomm.cli.tables import print_paragraph, print_table
from itomm.cli.workspace import Workspace, score
from itomm.evidence.reading.as_of import open_evidence
from itomm.reports.wording import count_text, index_text
from itomm.rules.conventions import conventions, found_in
from itomm.scoring.assess import rules_for
from itomm.scoring.unlocking import ConventionFound, conventions_found


def conventions_of(workspace: Workspace) -> list[ConventionFound]:
    """Every convention of the shipped questionnaire, as the stored evidence shows it.

    Raises:
        StoreError: nothing was collected yet.
    """
    scored = score(workspace)
    wanted = conventions()
    types = [each.counting.record_type for each in wanted]
    with closing(open_evidence(scored.snapshot, types, scored.assessment.as_of)) as connection:
        records = found_in(connection, wanted, scored.assessment.as_of)
    model, profile = scored.assessment.model, scored.assessment.profile
    rules = rules_for(model, profile, workspace.configuration.settings)
    return conventions_found(scored.assessment, rules, workspace.rule_set.rules, records, wanted)


def print_conventions(found: Sequence[ConventionFound]) -> None:
    """Two lists: what was not found, with what it would unlock; and what was."""
    missing = [each for each in found if not each.records]
    rows = [
        (each.convention.name, index_text(each.gain), ", ".join(each.unlocks) or "nothing now")
        for each in missing
    ]
    print_table("Conventions that the evidence does not show", ("convention", "gain", "would unlock"), rows)
    for each in missing:
        if each.unlocks:
            print_paragraph(
                f"{each.convention.name}: {each.convention.keep} itomm: {each.convention.configure}"
            )
    kept = [
        (each.convention.name, count_text(each.records, "record", "records"), ", ".join(each.answers))
        for each in found
        if each.records
    ]
    print_table("Conventions found", ("convention", "seen in", "criteria that rest on it"), kept)


def conventions_document(found: Sequence[ConventionFound]) -> list[dict[str, object]]:
    """The same as plain JSON."""
    return [
        {
            "convention": each.convention.name,
            "keep": each.convention.keep,
            "configure": each.convention.configure,
            "records": each.records,
            "answers": list(each.answers),
            "unlocks": list(each.unlocks),
            "gain": str(each.gain),
        }
        for each in found
    ]
