"""Caveats: signs of gaming, put on exactly the answers that counted the records they are about.

They change nothing: no answer, level, interval or confidence is computed from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.snapshot import Snapshot
from itomm.rules.columns_read import columns_read
from itomm.rules.listing import columns_listed
from itomm.rules.rule import BoundRule, Rule
from itomm.rules.rule_set import RuleSet
from itomm.rules.signals.in_evidence import before_it_was_altered, signals_in
from itomm.rules.signals.suspicion import Identity, NotLooked, Signal, SuspectRecord, Suspicion
from itomm.rules.signals.touched import RuleKey, Touched, together, touched_answers
from itomm.scoring.assessment import (
    Caveat,
    CaveatRecord,
    CriterionAnswer,
    ScopeKind,
    ScopeResult,
    TouchedAnswer,
    View,
)

MOST_RECORDS = 1000
"""So many records of one caveat are named; how many there are is always told."""


@dataclass(frozen=True)
class Caveats:
    """What was found, and what could not be looked at."""

    found: tuple[Caveat, ...]
    not_looked: tuple[NotLooked, ...]


def caveats_on(
    scopes: Sequence[ScopeResult], rule_set: RuleSet, snapshot: Snapshot, as_of: datetime
) -> Caveats:
    """The caveats on the answers of scopes; the organisation comes first, as in an assessment."""
    rules = list(_answering(scopes, rule_set))
    counted = {name for each in rules for name in _counted_types(each)}
    looked = list(signals_in(snapshot, counted, as_of))
    suspicions = [each for each in looked if isinstance(each, Suspicion)]
    bounds = [each.bound(as_of) for each in rules] if suspicions else []
    touched = _counting(snapshot, bounds, as_of, _identities(suspicions))
    if altered := _identities(each for each in suspicions if each.field is not None):
        # What was altered may count no longer, and did before: that is what altering it may be for.
        before = before_it_was_altered(snapshot, {each.record_type for each in altered}, as_of)
        touched = together(touched, _counting(before, bounds, as_of, altered))
    reading = {(each.rule.name, each.rule.window_days): columns_read([each]) for each in bounds}
    found = [
        *((each, _touching(each, scopes, touched, reading)) for each in suspicions),
        *_loosened(scopes),
    ]
    return Caveats(
        tuple(_numbered((suspicion, touches) for suspicion, touches in found if touches)),
        tuple(sorted({each for each in looked if isinstance(each, NotLooked)})),
    )


def _identities(suspicions: Iterable[Suspicion]) -> set[Identity]:
    return {record.identity for each in suspicions for record in each.records}


def _counting(
    snapshot: Snapshot, bounds: Sequence[BoundRule], as_of: datetime, suspects: AbstractSet[Identity]
) -> Touched:
    """Which of the suspects each rule counts in a snapshot."""
    if not suspects:
        return {}
    types = [each for bound in bounds for each in bound.rule.needed_types]
    columns = {name: read | {"source"} for name, read in columns_listed(bounds).items()}
    with closing(open_evidence(snapshot, types, as_of, columns=columns)) as connection:
        return touched_answers(connection, bounds, suspects)


def _answering(scopes: Sequence[ScopeResult], rule_set: RuleSet) -> Iterator[Rule]:
    """The rules that answered, over the windows that they answered over."""
    answering = {_key(answer) for scope in scopes for answer in scope.answers}
    for name, days in sorted(
        (key for key in answering if key is not None), key=lambda key: (key[0], key[1] or 0)
    ):
        rule = rule_set.rule(name)
        if rule is not None:
            yield rule.over(days)


def _counted_types(rule: Rule) -> Iterator[str]:
    """Record types whose records count in a rule, or stand behind one that does."""
    yield rule.record_type.name
    yield from (fact.record_type.name for fact in rule.linked)


def _key(answer: CriterionAnswer) -> RuleKey | None:
    return (answer.inferred.rule, answer.inferred.window_days) if answer.inferred else None


def _touching(
    suspicion: Suspicion,
    scopes: Sequence[ScopeResult],
    touched: Touched,
    reading: Mapping[RuleKey, Mapping[str, frozenset[str]]],
) -> tuple[TouchedAnswer, ...]:
    """The answers that counted one of a suspicion's records, and read the field that it is about."""
    suspects = frozenset(each.identity for each in suspicion.records)
    counted: dict[tuple[str, str], frozenset[Identity]] = {}
    for scope in scopes:
        service = scope.id if scope.kind is ScopeKind.SERVICE else None
        for answer in scope.answers:
            key = _key(answer)
            if key is None or not _reads(reading.get(key, {}), suspicion):
                continue
            if common := suspects & touched.get(key, {}).get(service, frozenset()):
                counted[answer.criterion, scope.id] = common
    return tuple(_touched(scopes, counted, suspects))


def _reads(columns: Mapping[str, frozenset[str]], suspicion: Suspicion) -> bool:
    """Whether a rule reads the field that a suspicion is about."""
    if suspicion.field is None:
        return True
    types = {each.identity.record_type for each in suspicion.records}
    return any(suspicion.field in columns.get(name, frozenset()) for name in types)


def _touched(
    scopes: Sequence[ScopeResult],
    counted: Mapping[tuple[str, str], frozenset[Identity]],
    suspects: frozenset[Identity],
) -> Iterator[TouchedAnswer]:
    """Also the answers that services' answers are rolled up into, in the order of the scopes."""
    criteria = {criterion for criterion, _ in counted}
    for scope in scopes:
        for answer in scope.answers:
            if answer.criterion not in criteria:
                continue
            own = counted.get((answer.criterion, scope.id), frozenset())
            if answer.in_force[View.EVIDENCE].layer == "roll_up":
                below = (each for each in scopes if _is_below(each, scope))
                own = own.union(*(counted.get((answer.criterion, each.id), frozenset()) for each in below))
            if own:
                yield TouchedAnswer(answer.criterion, scope.id, len(own & suspects))


def _is_below(service: ScopeResult, scope: ScopeResult) -> bool:
    if service.kind is not ScopeKind.SERVICE:
        return False
    return scope.kind is ScopeKind.ORGANISATION or service.parent == scope.id


def _loosened(scopes: Sequence[ScopeResult]) -> Iterator[tuple[Suspicion, tuple[TouchedAnswer, ...]]]:
    """A caveat for each rule that the organisation has set looser than it ships."""
    touches: dict[str, list[TouchedAnswer]] = {}
    words: dict[str, str] = {}
    for scope in scopes:
        for answer in scope.answers:
            if answer.inferred is not None and answer.inferred.loosened:
                rule = answer.inferred.rule
                words[rule] = "; ".join(each.text for each in answer.inferred.loosened)
                touches.setdefault(rule, []).append(TouchedAnswer(answer.criterion, scope.id, 0))
    for rule in sorted(touches):
        because = "The organisation set it in its configuration, within the limits that the rule allows."
        text = f"rule {rule} is set here to {words[rule]}"
        yield Suspicion(Signal.THRESHOLD_LOOSENED, text, because, ()), tuple(touches[rule])


def _numbered(found: Iterable[tuple[Suspicion, tuple[TouchedAnswer, ...]]]) -> Iterator[Caveat]:
    in_order = sorted(found, key=lambda each: (each[0].signal, each[0].text))
    for number, (suspicion, touches) in enumerate(in_order, start=1):
        yield Caveat(
            id=f"C{number}",
            signal=suspicion.signal,
            text=suspicion.text,
            because=suspicion.because,
            records=tuple(_record(each) for each in suspicion.records[:MOST_RECORDS]),
            records_in_all=len(suspicion.records),
            touches=touches,
        )


def _record(suspect: SuspectRecord) -> CaveatRecord:
    identity = suspect.identity
    return CaveatRecord(
        record_type=identity.record_type,
        source=identity.source,
        source_ref=identity.source_ref,
        url=suspect.url,
        service=suspect.service,
        collection=suspect.collection,
        page=suspect.page,
        said=suspect.said,
    )
