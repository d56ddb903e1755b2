"""``itomm forget``: take one person's pseudonyms out of everything stored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import click

from itomm.cli.options import Invocation, common_options, output_option
from itomm.cli.progress import working
from itomm.cli.tables import print_paragraph, write_out
from itomm.cli.workspace import Workspace
from itomm.config.errors import ExitCode, StoreError, UsageError
from itomm.config.identity import PREFIX, Pseudonyms, is_pseudonym
from itomm.config.settings import Settings
from itomm.evidence.letting_go.forgetting import Forgotten, forget
from itomm.evidence.store import Store
from itomm.reports.document import plain, to_json


@click.command()
@click.argument("people", metavar="PERSON...", nargs=-1, required=True)
@click.option("--by", "actor", required=True, metavar="WHO", help="Who decides.")
@click.option("--reason", required=True, help="Why, recorded for ever; must not name the person.")
@output_option("table", "json")
@common_options
def command(invocation: Invocation, people: tuple[str, ...], *, actor: str, reason: str, output: str) -> int:
    """Take a person's pseudonyms out of everything stored, and keep them out of later collections.

    PERSON is a login, name or e-mail address as the sources know it, or a pseudonym as it is shown. Sources
    know one person by several: give them all. Decisions that people took in their own name stay.
    """
    if not actor.strip() or not reason.strip():
        raise UsageError("Say who decides with --by, and why with --reason.")
    _refuse_naming(people, reason)
    workspace = Workspace(invocation)
    store = workspace.existing_store
    with store.writing("itomm forget"), working("Forgetting", quiet=invocation.quiet):
        pseudonyms = _pseudonyms(store, people)
        try:
            done = forget(
                store, pseudonyms, at=invocation.clock(), actor=actor.strip(), reason=reason.strip()
            )
        except OSError as error:
            raise StoreError(f"Nothing was forgotten: {error}.") from None
    warnings = list(_warnings(done, workspace.configuration.settings))
    if output == "json":
        write_out(to_json({"schema": "itomm/forgetting/1", **plain(done), "warnings": warnings}))
    else:
        for line in (_told(done), *warnings):
            print_paragraph(line)
    return ExitCode.OK


def _refuse_naming(people: Sequence[str], reason: str) -> None:
    for person in people:
        if person.strip() and re.search(rf"(?<!\w){re.escape(person.strip())}(?!\w)", reason, re.IGNORECASE):
            raise UsageError("The reason names the person, and would be kept for ever. Say it without.")


def _pseudonyms(store: Store, people: Sequence[str]) -> list[str]:
    """What stands in the store for the people named.

    Raises:
        UsageError: one is empty, or a pseudonym that was cut short.
    """
    of = Pseudonyms(store.pseudonym_key())
    for person in people:
        if not person.strip() or (person.startswith(PREFIX) and not is_pseudonym(person)):
            raise UsageError(f"'{person}' is no person; a pseudonym is {PREFIX} and 12 hexadecimal digits.")
    return [of.person(person) for person in people]


def _told(done: Forgotten) -> str:
    if not done.segments and not done.raw_payloads:
        return (
            "Nothing that is stored holds this person; later collections will not bring them in. Sources may "
            "know them by another login, name or e-mail address."
        )
    return (
        f"Forgotten in {done.records:,} records of {done.segments:,} segments and in {done.raw_payloads:,} "
        "raw payloads; later collections will not bring them back. Levels stay as they are, but for measures "
        "that count different people: everybody who was forgotten counts as one."
    )


def _warnings(done: Forgotten, settings: Settings) -> Iterator[str]:
    if done.kept:
        listed = ", ".join(done.kept)
        yield f"Kept, because what people decided and what was signed must not change: {listed}."
    named = [name for name, source in settings.sources.items() if source.get("people") == "named"]
    if named:
        yield (
            f"{', '.join(named)} stores people by name ('people: named'). Names already stored stay: let "
            "these records go with a retention rule."
        )
    yield "Copies elsewhere (backups, exported bundles, reports) are not reached by this command."
