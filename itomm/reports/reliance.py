"""How much of a level rests on people's words, in sentences and rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from itomm.reports.wording import level_text, share_text
from itomm.scoring.assessment import Assessment, Reliance

HEADINGS = ("", "with overrides", "on overrides", "on stated answers", "holds")
_CAP_WORDS = {"overrides": "overrides", "people": "people's words"}


def reliance_on(assessment: Assessment, scope: str, part: str = "") -> Reliance | None:
    """What is known of a scope or one of its parts; None where nothing rests on people."""
    return next((each for each in assessment.reliances if (each.scope, each.part) == (scope, part)), None)


def reliance_sentence(reliance: Reliance | None) -> str:
    """How much of a level rests on whose word; "" where nothing does."""
    if reliance is None:
        return ""
    return (
        f"{share_text(reliance.on_overrides)} of what carries the level with overrides rests on overrides, "
        f"{share_text(reliance.on_stated)} on stated answers."
    )


def cap_sentence(reliance: Reliance | None) -> str:
    """That more rests on people than may, and which level holds; "" where it does not."""
    if reliance is None or not reliance.exceeded:
        return ""
    too_much = " and ".join(_too_much(reliance, cap) for cap in reliance.exceeded)
    return f"{too_much}. So it is capped: level {level_text(reliance.holds)} holds."


def _too_much(reliance: Reliance, cap: str) -> str:
    both = reliance.on_overrides + reliance.on_stated
    share = reliance.on_overrides if cap == "overrides" else both
    most = reliance.most_on_overrides if cap == "overrides" else reliance.most_on_people
    allowed = share_text(most) if most is not None else ""
    return f"{share_text(share)} of what carries the level rests on {_CAP_WORDS[cap]}, and {allowed} may"


def reliance_rows(reliances: Sequence[Reliance]) -> Iterator[tuple[str, ...]]:
    """A row for each, as :data:`HEADINGS`."""
    for each in reliances:
        holds = f"{level_text(each.holds)} (capped)" if each.exceeded else level_text(each.holds)
        yield (
            f"{each.scope} {each.part}".strip(),
            level_text(each.level),
            share_text(each.on_overrides),
            share_text(each.on_stated),
            holds,
        )


def shown_reliances(assessment: Assessment) -> list[Reliance]:
    """Those that the report lists: the organisation and its parts, and elsewhere what is capped."""
    top = assessment.scopes[0].id
    return [each for each in assessment.reliances if each.scope == top or each.exceeded]


def capped(assessment: Assessment) -> list[Reliance]:
    """The scopes and parts of which more rests on people than may."""
    return [each for each in assessment.reliances if each.exceeded]
