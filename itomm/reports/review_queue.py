"""The review queue in words: what is the matter, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from itomm.config.clock import format_instant
from itomm.reports.document import plain
from itomm.reports.wording import REASON_SENTENCES, confidence_text, index_text, instant_text
from itomm.scoring.assessment import Assessment, Caveat, OverrideInForce
from itomm.scoring.review_queue import ReviewItem, ReviewKind

HEADINGS = ("about", "scope", "criterion", "moves", "why")
CSV_HEADINGS = ("kind", "scope", "criterion", "override", "effect", "moves_level", "uncertainty", "why", "do")


def queue_rows(items: Sequence[ReviewItem]) -> Iterator[tuple[str, ...]]:
    """A row for each item, as :data:`HEADINGS`."""
    for item in items:
        moves = f"{index_text(item.effect)}{', level' if item.moves_level else ''}"
        yield (_about(item), item.scope, item.criterion, moves, why_of(item))


def csv_rows(items: Sequence[ReviewItem], caveats: Sequence[Caveat] = ()) -> Iterator[tuple[str, ...]]:
    """A row for each item and each caveat, as :data:`CSV_HEADINGS`."""
    for item in items:
        yield (
            item.kind.name.lower(),
            item.scope,
            item.criterion,
            _named(item),
            str(item.effect),
            "yes" if item.moves_level else "no",
            str(item.uncertainty),
            why_of(item),
            what_to_do(item),
        )
    for caveat in caveats:
        yield ("caveat", "", " ".join(_criteria(caveat)), "", "", "no", "", caveat.text, _look_at(caveat))


def _criteria(caveat: Caveat) -> list[str]:
    return list(dict.fromkeys(each.criterion for each in caveat.touches))


def _look_at(caveat: Caveat) -> str:
    return f"itomm explain {caveat.touches[0].criterion}"


def queue_document(
    assessment: Assessment, items: Sequence[ReviewItem], caveats: Sequence[Caveat] = ()
) -> dict[str, object]:
    """The queue as plain JSON, with the caveats beside it."""
    return {
        "schema": "itomm/review/1",
        "as_of": format_instant(assessment.as_of),
        "inputs": dict(assessment.inputs),
        "items": [
            {
                "kind": item.kind.name.lower(),
                "scope": item.scope,
                "criterion": item.criterion,
                "override": item.override.id if item.override else None,
                "stated": item.stated.id if item.stated else None,
                "effect": plain(item.effect),
                "moves_level": item.moves_level,
                "uncertainty": plain(item.uncertainty),
                "answer": item.answer.verdict.value,
                "why": why_of(item),
                "do": what_to_do(item),
            }
            for item in items
        ],
        "caveats": [
            {
                "id": each.id,
                "signal": each.signal.value,
                "text": each.text,
                "because": each.because,
                "criteria": _criteria(each),
                "touches": plain(each.touches),
                "records_in_all": each.records_in_all,
                "do": _look_at(each),
            }
            for each in caveats
        ],
        "not_looked": plain(assessment.not_looked),
    }


def why_of(item: ReviewItem) -> str:
    """What is the matter."""
    if item.override is not None:
        return _why_override(item.kind, item.override)
    if item.stated is not None:
        ends = "ends" if item.kind is ReviewKind.EXPIRING else "ended"
        stated = f"what {item.stated.author} stated ({item.stated.verdict})"
        return f"{stated} {ends} on {instant_text(item.stated.expires_at)}"
    if item.kind is ReviewKind.WEAK:
        return f"{item.answer.verdict}, with confidence {confidence_text(item.answer.confidence)}"
    return REASON_SENTENCES[item.answer.reason] if item.answer.reason else "Some of it is not known."


def what_to_do(item: ReviewItem) -> str:
    """Which command comes next."""
    if item.stated is not None:
        return f"itomm answer --renew {item.stated.id}, or let it end"
    if item.override is None:
        return f"itomm explain {item.criterion}"
    match item.kind:
        case ReviewKind.PROPOSED:
            return f"itomm override approve {item.override.id} (or reject)"
        case ReviewKind.DRIFTED:
            return f"itomm override renew {item.override.id} (or withdraw)"
        case _:
            return f"itomm override renew {item.override.id}, or let it end"


def _about(item: ReviewItem) -> str:
    return f"{item.kind.name.lower().replace('_', ' ')} {_named(item)}".strip()


def _named(item: ReviewItem) -> str:
    about = item.override or item.stated
    return about.id if about else ""


def _why_override(kind: ReviewKind, override: OverrideInForce) -> str:
    match kind:
        case ReviewKind.DRIFTED:
            return f"evidence says no longer {override.saw_verdict}, which it was to replace"
        case ReviewKind.PROPOSED:
            return f"{override.proposer} proposed {override.verdict} in place of {override.saw_verdict}"
        case ReviewKind.EXPIRING:
            return f"ends on {instant_text(override.expires_at)}"
        case _:
            return f"ended on {instant_text(override.expires_at)}"
