"""Opening what a command works on: configuration, rules, store; and scoring it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import click

from itomm.cli.assumptions import read_assumption
from itomm.cli.options import Invocation, instant_or_none
from itomm.cli.progress import working
from itomm.config.errors import StoreError
from itomm.config.secrets import Secret
from itomm.config.settings import Configuration, load_configuration
from itomm.evidence.decisions import all_decisions
from itomm.evidence.reading.snapshot import Snapshot, snapshot_of
from itomm.evidence.store import Store
from itomm.rules.pack import load_packs
from itomm.rules.pack_reader import LeftOut
from itomm.rules.parameters import SetParameter
from itomm.rules.rule_set import RuleSet
from itomm.scoring.assess import assess
from itomm.scoring.assessment import Assessment
from itomm.scoring.imported_scope import in_force


class Workspace:
    """Configuration, rules and store of one call, each opened when first needed."""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation

    @cached_property
    def configuration_file(self) -> Configuration:
        """The configuration as it stands in its file; raises InvalidInputError."""
        return load_configuration(self.invocation.configuration_path)

    @cached_property
    def configuration(self) -> Configuration:
        """The configuration, with the services that the newest stored catalogue lists if any are imported.

        Raises InvalidInputError, or VerificationError when the stored services cannot be read.
        """
        if not self.configuration_file.settings.scopes.imports:
            return self.configuration_file
        try:
            evidence = snapshot_of(self.existing_store)
            newest = self.existing_store.newest_instant()
        except StoreError:
            return self.configuration_file
        return in_force(self.configuration_file, evidence, newest) if newest else self.configuration_file

    @cached_property
    def rule_set(self) -> RuleSet:
        """Questionnaire and rules, those that are shipped without their tests; raises InvalidInputError."""
        return self._rule_set(tests=False)

    @cached_property
    def tested_rule_set(self) -> RuleSet:
        """Questionnaire and rules with all their tests; raises InvalidInputError."""
        return self._rule_set(tests=True)

    def _rule_set(self, *, tests: bool) -> RuleSet:
        rules = self.configuration.settings.rules
        own = [self.configuration.folder / path for path in rules.paths]
        document = self.configuration.document
        parameters = [
            SetParameter(rule, name, value, document.place(("rules", "parameters", rule, name)))
            for rule, values in rules.parameters.items()
            for name, value in values.items()
        ]
        without = [
            LeftOut(rule, document.place(("rules", "without", index)))
            for index, rule in enumerate(rules.without)
        ]
        return load_packs(rules.packs, own, without, parameters, tests=tests)

    @property
    def store_folder(self) -> Path:
        """The store's folder; raises InvalidInputError."""
        return self.invocation.store_path or self.configuration_file.store_path

    @property
    def store_database(self) -> Secret | None:
        """The URL of a team store's database; a folder named on the command line holds its own.

        Raises InvalidInputError, or UsageError when the reference to the URL leads nowhere.
        """
        return None if self.invocation.store_path else self.configuration_file.store_database

    @cached_property
    def store(self) -> Store:
        """The store, made when it is not there; raises StoreError or StoreVersionError."""
        return self._opened(create=True)

    @cached_property
    def existing_store(self) -> Store:
        """The store, which must be there; raises StoreError or StoreVersionError."""
        return self._opened(create=False)

    def _opened(self, *, create: bool) -> Store:
        store = Store.open(self.store_folder, create=create, database=self.store_database)
        if context := click.get_current_context(silent=True):
            context.call_on_close(store.engine.dispose)
        return store


@dataclass(frozen=True)
class Scored:
    """An assessment with what it was made from."""

    workspace: Workspace
    snapshot: Snapshot
    assessment: Assessment


def score(
    workspace: Workspace,
    *,
    as_of: str | None = None,
    snapshot: str | None = None,
    profile: str | None = None,
    assume: Sequence[str] = (),
) -> Scored:
    """Score stored evidence. Without ``as_of``, the newest instant that the store knows is meant.

    ``assume`` are answers to suppose, as typed.

    Raises:
        UsageError: an assumption cannot be read, or names what is not there.
        StoreError: there is no store or nothing in it.
    """
    assumptions = [read_assumption(each, workspace.rule_set, workspace.configuration) for each in assume]
    with working("Scoring", quiet=workspace.invocation.quiet):
        store = workspace.existing_store
        evidence = snapshot_of(store, snapshot)
        moment = instant_or_none(as_of) or newest_instant(store, evidence, named=snapshot is not None)
        assessment = assess(
            workspace.rule_set,
            evidence,
            all_decisions(store),
            workspace.configuration,
            moment,
            profile=profile,
            assumptions=assumptions,
        )
    return Scored(workspace, evidence, assessment)


def newest_instant(store: Store, evidence: Snapshot, *, named: bool) -> datetime:
    """The newest instant known: of the named snapshot, or of everything stored; raises StoreError."""
    finished = [collection.finished_at for collection in evidence.collections]
    newest = max(finished, default=None) if named else store.newest_instant()
    if newest is None:
        raise StoreError(f"The store at {store.folder} is empty. Run 'itomm collect' first.")
    return newest
