"""Ids as the questionnaire writes them, however a person types their letters."""

from __future__ import annotations

from collections.abc import Iterable


def as_written(typed: str, known: Iterable[str]) -> str | None:
    """The known id that was typed, in any letter case, best exactly as typed; None when there is none."""
    ids = list(known)
    if typed in ids:
        return typed
    return next((each for each in ids if each.casefold() == typed.casefold()), None)


def nearest_case(typed: str, known: Iterable[str]) -> str:
    """What was typed in the letter case of most known ids, so that the nearest of them is found."""
    ids = list(known)
    cases = {
        text: sum(each == change for each, change in zip(ids, changed, strict=True))
        for text, changed in (
            (typed.upper(), [each.upper() for each in ids]),
            (typed.lower(), [each.lower() for each in ids]),
        )
    }
    return max(cases, key=lambda text: cases[text])
