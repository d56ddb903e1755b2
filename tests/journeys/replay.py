"""Comparing what today's store tells of an instant with what a store says that was collected then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from itomm.cli.collection import is_complete, run_collection
from itomm.cli.options import Invocation
from itomm.cli.workspace import Workspace
from itomm.config.clock import fixed_clock
from itomm.estate.estate import Estate
from itomm.estate.server import EstateServer
from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.snapshot import snapshot_of
from itomm.rules.answer import InferredAnswer
from itomm.rules.evaluation import ServiceKeys, answer_all
from itomm.rules.readiness import EvidenceState
from itomm.rules.records import records_behind
from itomm.rules.rule import Rule
from itomm.scoring.scope_answers import in_scope

Scope = tuple[str, str | None]  # rule and service; None for the organisation
RecordCounted = tuple[str, str, bool | None]  # source, reference, whether it matched


@dataclass(frozen=True)
class Told:
    """What a store says as of an instant: answers, the records that counted, and which rules are covered."""

    answers: Mapping[Scope, InferredAnswer]
    counted: Mapping[str, frozenset[RecordCounted]]
    covered: frozenset[str]


def collected(folder: Path, estate: Estate, pseudonym_key: bytes | None = None) -> Workspace:
    """A store of everything that the estate shows, collected at the estate's own instant.

    With another store's pseudonym key, people have the same pseudonyms in both. The token of the estate has
    to be in the environment.
    """
    store = folder / ".itomm"
    store.mkdir(parents=True)
    if pseudonym_key is not None:
        (store / "pseudonym.key").write_bytes(pseudonym_key)
    estate.write_repository(folder / "handbook")
    path = folder / "itomm.yaml"
    workspace = Workspace(Invocation(path, None, fixed_clock(estate.as_of), quiet=True))
    with EstateServer(estate) as server:
        path.write_text(estate.configuration(server.url, folder / "handbook"), encoding="utf-8")
        results = run_collection(workspace, purpose="replay")
    assert is_complete(results)
    return workspace


def rests_on_events(rule: Rule) -> bool:
    """Whether everything that a rule reads carries its own time."""
    return not any(record_type.is_state for record_type in rule.read_types)


def needs_state(rule: Rule) -> bool:
    """Whether a rule can say nothing without something that only an observation dates."""
    return any(record_type.is_state for record_type in rule.needed_types)


def told_by(workspace: Workspace, rules: list[Rule], as_of: datetime) -> Told:
    """What a store says of some rules as of an instant, for each service and the organisation."""
    snapshot = snapshot_of(workspace.existing_store)
    services = [ServiceKeys(each.id, each.keys) for each in in_scope(workspace.configuration.settings)]
    state = EvidenceState(snapshot, as_of, {service.id: service.keys for service in services})
    needed = {each.name: each for rule in rules for each in rule.read_types}
    with closing(open_evidence(snapshot, needed.values(), as_of)) as connection:
        inferred = answer_all(connection, rules, [service.id for service in services], state, as_of)
        counted = {
            rule.name: frozenset(
                (record.source, record.source_ref, record.matched)
                for record in records_behind(connection, rule.bound(as_of), None, None)
                if record.counted
            )
            for rule in rules
        }
    by_criterion = {rule.criterion: rule.name for rule in rules if "organisation" in rule.per}
    of_services = {rule.criterion: rule.name for rule in rules if "service" in rule.per}
    answers: dict[Scope, InferredAnswer] = {
        (by_criterion[criterion], None): answer for criterion, answer in inferred.organisation.items()
    }
    answers |= {
        (of_services[criterion], service): answer
        for (criterion, service), answer in inferred.services.items()
    }
    covered = frozenset(rule.name for rule in rules if state.readiness(rule, None).covered == 1)
    return Told(answers, counted, covered)


def differences(today: Told, then: Told) -> Iterator[str]:
    """Where two stores differ about rules whose time both cover.

    ``seen`` is left out: it also counts records from before the rule's time, of which an earlier collection
    has older ones.
    """
    compared = today.covered & then.covered
    for scope in sorted(today.answers, key=str):
        ours, theirs = (replace(told.answers[scope], seen=0) for told in (today, then))
        if scope[0] in compared and ours != theirs:
            fields = [name for name, value in vars(ours).items() if value != getattr(theirs, name)]
            shown = ", ".join(f"{name} {getattr(ours, name)} != {getattr(theirs, name)}" for name in fields)
            yield f"{scope[0]} for {scope[1] or 'the organisation'}: {shown}"
    for rule in sorted(compared):
        if today.counted[rule] != then.counted[rule]:
            yield f"{rule}: {sorted(today.counted[rule] ^ then.counted[rule], key=str)[:4]}"
