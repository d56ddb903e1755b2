"""Caveats in words, as a document, and with the records that each is about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from itomm.reports.document import plain
from itomm.reports.wording import count_text
from itomm.scoring.assessment import Assessment, Caveat, CaveatRecord, NotLooked, Signal

NO_EFFECT = "Caveats change no answer, no level and no other number."
RECORDS_SHOWN = 20
HEADINGS = ("", "caveat", "answers", "what was seen")
SIGNAL_WORDS: Mapping[Signal, str] = {
    Signal.BULK_CLOSING: "closed in bulk",
    Signal.BACK_DATED: "back-dated",
    Signal.RECORDED_LATE: "recorded late",
    Signal.BURST: "burst before the assessment",
    Signal.RELABELLED: "relabelled in bulk",
    Signal.OWN_WORK: "own work",
    Signal.THRESHOLD_LOOSENED: "threshold loosened",
}

AskRequest = Callable[[str, int], str]
"""The request that fetched a page of a collection, in words."""


@dataclass(frozen=True)
class CaveatHere:
    """A caveat on the answer to a criterion: ``here`` of its records counted there.

    ``records`` are those to show: of a service, its own.
    """

    caveat: Caveat
    criterion: str
    here: int
    records: tuple[CaveatRecord, ...]

    @property
    def sentence(self) -> str:
        """What was seen, and how many of the records count here."""
        before = ", or did before" if self.caveat.signal is Signal.RELABELLED else ""
        counted = (
            f" {count_text(self.here, 'of them counts', 'of them count')} here{before}." if self.here else ""
        )
        return f"{heading(self.caveat)}: {self.caveat.text}.{counted}"


@dataclass(frozen=True)
class CaveatShown:
    """A caveat as the report shows it at one criterion.

    ``counted`` says in which scopes how many of its records counted; ``records`` are the first of them.
    """

    caveat: Caveat
    counted: tuple[tuple[str, int], ...]
    records: tuple[CaveatRecord, ...]


def caveats_of_criterion(
    caveats: Sequence[Caveat], criterion: str, scope_names: Mapping[str, str]
) -> tuple[CaveatShown, ...]:
    """The caveats on the answers to one criterion, in any scope."""
    found = []
    for caveat in caveats:
        touched = [each for each in caveat.touches if each.criterion == criterion]
        if touched:
            counted = tuple((scope_names.get(each.scope, each.scope), each.records) for each in touched)
            found.append(CaveatShown(caveat, counted, caveat.records[:RECORDS_SHOWN]))
    return tuple(found)


def heading(caveat: Caveat) -> str:
    """Its id, and what it is in two or three words."""
    return f"{caveat.id}, {SIGNAL_WORDS[caveat.signal]}"


def caveats_here(assessment: Assessment, criterion: str, scope: str) -> tuple[CaveatHere, ...]:
    """The caveats on the answer to a criterion in a scope."""
    return tuple(
        CaveatHere(caveat, criterion, touched.records, _records_of(caveat, scope))
        for caveat in assessment.caveats
        for touched in caveat.touches
        if (touched.criterion, touched.scope) == (criterion, scope)
    )


def _records_of(caveat: Caveat, scope: str) -> tuple[CaveatRecord, ...]:
    of_scope = tuple(record for record in caveat.records if record.service == scope)
    return of_scope or caveat.records


def caveats_in(assessment: Assessment, criteria: Collection[str], scope: str) -> list[CaveatHere]:
    """The caveats on the answers to some criteria in a scope, by criterion."""
    return [each for criterion in criteria for each in caveats_here(assessment, criterion, scope)]


def caveats_in_short(assessment: Assessment, criterion: str, scope: str) -> str:
    """For a table's cell: which caveats an answer has; "" when it has none."""
    found = [heading(each.caveat) for each in caveats_here(assessment, criterion, scope)]
    return f"caveat {'; '.join(found)}" if found else ""


def caveats_notice(assessment: Assessment) -> str:
    """A sentence that there are caveats; "" when there are none."""
    if not assessment.caveats:
        return ""
    criteria = {touched.criterion for each in assessment.caveats for touched in each.touches}
    return (
        f"{count_text(len(assessment.caveats), 'caveat', 'caveats')} on answers to "
        f"{count_text(len(criteria), 'criterion', 'criteria')}: what counted may look better than it is. "
        f"{NO_EFFECT}"
    )


def caveat_rows(caveats: Sequence[Caveat]) -> Iterator[tuple[str, ...]]:
    """A row for each caveat, as :data:`HEADINGS`."""
    for each in caveats:
        criteria = list(dict.fromkeys(touched.criterion for touched in each.touches))
        more = f" and {len(criteria) - 3} more" if len(criteria) > 3 else ""
        yield each.id, SIGNAL_WORDS[each.signal], f"{', '.join(criteria[:3])}{more}", each.text


def not_looked_lines(not_looked: Sequence[NotLooked]) -> list[str]:
    """What could not be looked at, in sentences; what has the same reason stands together."""
    alike: dict[tuple[Signal, str], list[str]] = {}
    for each in not_looked:
        alike.setdefault((each.signal, each.why), []).append(each.subject)
    return [
        f"{SIGNAL_WORDS[signal]} ({', '.join(subjects)}): {why}."
        for (signal, why), subjects in sorted(alike.items())
    ]


def caveat_document(found: CaveatHere, request: AskRequest) -> dict[str, Any]:
    """One caveat on one answer as plain data, each record with the request that fetched it."""
    records = [{**plain(each), "request": request(each.collection, each.page)} for each in found.records]
    return {**caveat_summary(found), "records": records}


def caveat_summary(found: CaveatHere) -> dict[str, Any]:
    """One caveat on one answer as plain data, without its records."""
    caveat = found.caveat
    return {
        "id": caveat.id,
        "criterion": found.criterion,
        "signal": caveat.signal.value,
        "text": caveat.text,
        "because": caveat.because,
        "records_counted_here": found.here,
        "records_in_all": caveat.records_in_all,
    }


def caveats_by_record(assessment: Assessment) -> Mapping[tuple[str, str, str], tuple[str, ...]]:
    """Ids of the caveats about each record, by record type, source and reference."""
    found: dict[tuple[str, str, str], tuple[str, ...]] = {}
    for caveat in assessment.caveats:
        for each in caveat.records:
            key = (each.record_type, each.source, each.source_ref)
            found[key] = (*found.get(key, ()), caveat.id)
    return found
