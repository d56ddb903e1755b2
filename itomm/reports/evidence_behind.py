"""Gathers the records behind answers, each with the request that fetched it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import cache, partial

import duckdb

from itomm.evidence.letting_go.removals import raw_let_go, removals_in
from itomm.evidence.observation import RequestMade
from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.store import Store
from itomm.reports.caveats import AskRequest, caveats_by_record
from itomm.rules.listing import columns_listed
from itomm.rules.readiness import EvidenceState
from itomm.rules.records import RecordLookedAt, records_behind, records_by_service, sampled_records
from itomm.rules.rule import BoundRule, Rule
from itomm.rules.rule_set import RuleSet
from itomm.rules.untold.silences import Silence
from itomm.rules.untold.undecided import silences_heard
from itomm.scoring.assessment import Assessment, EvidenceRecord, ScopeKind, ScopeResult

EvidenceByPlace = Mapping[tuple[str, str], tuple[EvidenceRecord, ...]]
"""Records by (criterion id, scope id), those that counted first."""


def evidence_behind(
    store: Store,
    snapshot: Snapshot,
    rule_set: RuleSet,
    assessment: Assessment,
    *,
    criterion: str | None = None,
    scope: str | None = None,
    at_most: Mapping[ScopeKind, int],
    seed: int | None = None,
) -> EvidenceByPlace:
    """Records behind the inferred answers of an assessment, optionally of one criterion or scope only.

    ``at_most`` says for each kind of scope how many records to give: those that counted first, or with a
    ``seed`` a sample of those that counted.
    """
    places = list(_places(rule_set, assessment, criterion, scope))
    rules = {_key(rule): rule for rule, _ in places}
    types = [record_type for rule in rules.values() for record_type in rule.needed_types]
    request = requests_of(store)
    caveats = caveats_by_record(assessment)
    found: dict[tuple[str, str], tuple[EvidenceRecord, ...]] = {}
    bounds = {key: rule.bound(assessment.as_of) for key, rule in rules.items()}
    columns = columns_listed(list(bounds.values()))
    state = EvidenceState(snapshot, assessment.as_of, {})
    with closing(open_evidence(snapshot, types, assessment.as_of, columns=columns)) as connection:
        for key, rule in rules.items():
            results = [result for other, result in places if _key(other) == key]
            silences = silences_heard(bounds[key], state)
            if seed is None:
                listed = _listed(connection, bounds[key], results, at_most, silences=silences)
            else:
                listed = _sampled(connection, bounds[key], results, at_most, seed, silences=silences)
            for scope_id, records in listed.items():
                found[(rule.criterion, scope_id)] = tuple(
                    _evidence(rule, record, request(record.collection, record.page), caveats)
                    for record in records
                )
    return found


def requests_of(store: Store) -> AskRequest:
    """Gives the request that fetched a page of a collection, in words."""
    with store.engine.connect() as database:
        removals = removals_in(database)

    @cache
    def request(collection: str, page: int) -> str:
        text = request_text(store.request(collection, page))
        removal = raw_let_go(store, removals, collection, page)
        return f"{text} (raw payload {removal.words})" if removal else text

    return request


def _listed(
    connection: duckdb.DuckDBPyConnection,
    bound: BoundRule,
    results: Sequence[ScopeResult],
    at_most: Mapping[ScopeKind, int],
    *,
    silences: Sequence[Silence],
) -> dict[str, list[RecordLookedAt]]:
    """Records of one rule by scope id; services are read in one go when there are several."""
    services = [result.id for result in results if result.kind is ScopeKind.SERVICE]
    others = [result.id for result in results if result.kind is not ScopeKind.SERVICE]
    listed: dict[str, list[RecordLookedAt]] = {}
    ask = partial(records_behind, connection, bound, silences=silences)
    if len(services) > 1:
        most = at_most[ScopeKind.SERVICE]
        by_service = records_by_service(connection, bound, most, silences=silences)
        listed = {service: by_service.get(service, []) for service in services}
    else:
        for service in services:
            listed[service] = ask(service, at_most[ScopeKind.SERVICE])
    for organisation in others:
        listed[organisation] = ask(None, at_most[ScopeKind.ORGANISATION])
    return listed


def _sampled(
    connection: duckdb.DuckDBPyConnection,
    bound: BoundRule,
    results: Sequence[ScopeResult],
    sizes: Mapping[ScopeKind, int],
    seed: int,
    *,
    silences: Sequence[Silence],
) -> dict[str, list[RecordLookedAt]]:
    """A sample of the records of one rule that counted, by scope id."""
    named = {each.id: each.id if each.kind is ScopeKind.SERVICE else None for each in results}
    return {
        each.id: sampled_records(connection, bound, named[each.id], sizes[each.kind], seed, silences=silences)
        for each in results
    }


def request_text(request: RequestMade | None) -> str:
    """A request as an auditor would repeat it."""
    if request is None:
        return "not recorded"
    query = "&".join(f"{name}={value}" for name, value in sorted(request.query.items()))
    separator = "&" if "?" in request.url else "?"
    address = f"{request.url}{separator}{query}" if query else request.url
    status = f" → {request.status}" if request.status is not None else ""
    return f"{request.method} {address}{status}"


def _key(rule: Rule) -> tuple[str, int | None]:
    """One rule may have answered over windows of different lengths."""
    return rule.name, rule.window_days


def _places(
    rule_set: RuleSet, assessment: Assessment, criterion: str | None, scope: str | None
) -> Iterator[tuple[Rule, ScopeResult]]:
    for result in assessment.scopes:
        if scope is not None and result.id != scope:
            continue
        for answer in result.answers:
            if answer.inferred is None or (criterion is not None and answer.criterion != criterion):
                continue
            rule = rule_set.rule(answer.inferred.rule)
            if rule is not None:
                yield rule.over(answer.inferred.window_days), result


def _evidence(
    rule: Rule,
    record: RecordLookedAt,
    request: str,
    caveats: Mapping[tuple[str, str, str], tuple[str, ...]],
) -> EvidenceRecord:
    identity = (rule.record_type.name, record.source, record.source_ref)
    return EvidenceRecord(
        source=record.source,
        record_type=rule.record_type.name,
        source_ref=record.source_ref,
        url=record.url,
        service=record.service,
        collected_at=record.collected_at,
        counted=record.counted,
        matched=record.matched,
        fields=record.fields,
        request=request,
        why_not=record.why_not,
        caveats=caveats.get(identity, ()),
    )
