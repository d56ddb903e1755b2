"""The life of an override, computed at an instant: nothing but an active one counts."""

from __future__ import annotations

from datetime import datetime

import pytest

from itomm.evidence.decisions import Decision, Decisions, Override
from itomm.evidence.observation import UnknownReason
from itomm.rules.answer import InferredAnswer, Verdict
from itomm.scoring.assessment import OverrideInForce, ScopeResult, View
from itomm.scoring.blend import overrides_at
from tests.scoring.organisations import (
    AS_OF,
    DAY,
    INSTANT,
    ORGANISATION,
    counts,
    criterion,
    inferred,
    model,
    override,
    scored,
    service,
)

ON = "A-P-2.1"
START = AS_OF - 10 * DAY


def found_at(
    *overrides: Override, said: str = "no", reason: UnknownReason | None = None, as_of: datetime = AS_OF
) -> tuple[list[str], str]:
    """The states of overrides, newest first, and the verdict that counts with overrides."""
    results = results_at(*overrides, found=inferred(said, reason), as_of=as_of)
    return [each.state for each in standing(results)], verdict(results)


def results_at(
    *overrides: Override, found: InferredAnswer, as_of: datetime = AS_OF
) -> dict[str, ScopeResult]:
    return scored(
        model([criterion(ON)]),
        [service("s1")],
        by_organisation={ON: found},
        decisions=Decisions((), overrides),
        as_of=as_of,
    )


def standing(results: dict[str, ScopeResult]) -> tuple[OverrideInForce, ...]:
    return results[ORGANISATION].answers[0].overrides


def verdict(results: dict[str, ScopeResult], scope: str = ORGANISATION) -> str:
    return counts(results, scope, ON, View.OVERRIDES).verdict.value


def decided(*taken: tuple[str, datetime]) -> list[Decision]:
    return [Decision(name, "Bob", "", at) for name, at in taken]


APPROVED = ("approved", START + DAY)


def test_a_proposed_override_does_not_count() -> None:
    assert found_at(override("yes", "no", decisions=[])) == (["proposed"], "no")


def test_an_approved_override_counts() -> None:
    assert found_at(override("yes", "no")) == (["active"], "yes")


def test_a_rejected_override_does_not_count() -> None:
    rejected = override("yes", "no", proposed_at=START, decisions=decided(("rejected", START + DAY)))
    assert found_at(rejected) == (["rejected"], "no")


def test_a_withdrawn_override_stops_counting_at_that_instant() -> None:
    withdrawn = override("yes", "no", proposed_at=START, decisions=decided(APPROVED, ("withdrawn", AS_OF)))
    assert found_at(withdrawn) == (["withdrawn"], "no")
    assert found_at(withdrawn, as_of=AS_OF - INSTANT) == (["active"], "yes")


def test_an_approved_override_counts_from_the_instant_at_which_it_takes_effect() -> None:
    later = override("yes", "no", proposed_at=START, effective_from=AS_OF)
    assert found_at(later, as_of=AS_OF - INSTANT) == (["proposed"], "no")
    assert found_at(later) == (["active"], "yes")


def test_an_override_counts_from_its_approval_and_not_from_before_it() -> None:
    approved_now = override("yes", "no", proposed_at=START, decisions=decided(("approved", AS_OF)))
    assert found_at(approved_now, as_of=AS_OF - INSTANT) == (["proposed"], "no")
    assert found_at(approved_now) == (["active"], "yes")


def test_an_override_expires_at_the_very_instant() -> None:
    ending = override("yes", "no", proposed_at=START, expires_at=AS_OF)
    assert found_at(ending, as_of=AS_OF - INSTANT) == (["active"], "yes")
    assert found_at(ending) == (["expired"], "no")


def test_a_newer_override_supersedes_an_older_one() -> None:
    older = override("yes", "no", proposed_at=START, identifier="O1")
    newer = override("partial", "no", proposed_at=START + 2 * DAY, identifier="O2")
    assert found_at(older, newer) == (["active", "superseded"], "partial")
    assert found_at(newer, older) == (["active", "superseded"], "partial")


def test_a_newer_override_that_was_never_approved_supersedes_nothing() -> None:
    older = override("yes", "no", proposed_at=START, identifier="O1")
    newer = override("partial", "no", proposed_at=START + DAY, decisions=[], identifier="O2")
    assert found_at(older, newer) == (["proposed", "active"], "yes")


def test_a_newer_override_that_was_withdrawn_before_it_took_effect_supersedes_nothing() -> None:
    older = override("yes", "no", proposed_at=START, identifier="O1")
    taken = decided(("approved", START + 2 * DAY), ("withdrawn", START + 3 * DAY))
    newer = override(
        "partial", "no", proposed_at=START + DAY, effective_from=AS_OF - DAY, decisions=taken, identifier="O2"
    )
    assert found_at(older, newer) == (["withdrawn", "active"], "yes")


def test_a_superseded_override_does_not_come_back_when_the_newer_one_expires() -> None:
    older = override("yes", "no", proposed_at=START, identifier="O1")
    newer = override("partial", "no", proposed_at=START + DAY, expires_at=AS_OF, identifier="O2")
    assert found_at(older, newer) == (["expired", "superseded"], "no")


def test_a_drifted_override_does_not_hand_over_to_the_one_it_superseded() -> None:
    older = override("yes", "no", proposed_at=START, identifier="O1")
    newer = override("yes", "partial", proposed_at=START + DAY, identifier="O2")
    assert found_at(older, newer) == (["drifted", "superseded"], "no")


@pytest.mark.parametrize("today", ["yes", "partial", "not_applicable"])
def test_an_override_drifts_when_the_inferred_answer_is_no_longer_the_one_it_saw(today: str) -> None:
    assert found_at(override("yes", "no"), said=today) == (["drifted"], today)


def test_an_override_that_filled_an_unknown_does_not_drift() -> None:
    assert found_at(override("yes", "unknown"), said="no") == (["active"], "yes")


@pytest.mark.parametrize("reason", list(UnknownReason))
def test_an_override_does_not_count_when_the_answer_it_saw_can_no_longer_be_told(
    reason: UnknownReason,
) -> None:
    # Were it to count again, a collector that fails would bring back an override that the evidence refuted.
    assert found_at(override("yes", "partial"), said="no") == (["drifted"], "no")
    assert found_at(override("yes", "partial"), said="unknown", reason=reason) == (["drifted"], "unknown")


def rolled(said: dict[str, InferredAnswer], standing_override: Override) -> tuple[str, str]:
    """State and verdict of an override over a roll-up of services."""
    results = scored(
        model([criterion(ON)]),
        [service(name) for name in said],
        by_service={(ON, name): answer for name, answer in said.items()},
        decisions=Decisions((), (standing_override,)),
    )
    return standing(results)[0].state, verdict(results)


FAILED = inferred("unknown", UnknownReason.COLLECTION_FAILED)


def test_losing_part_of_a_roll_up_does_not_bring_to_light_what_an_override_lowered() -> None:
    lowered = override("no", "yes")
    assert rolled({"s1": inferred("yes"), "s2": inferred("yes")}, lowered) == ("active", "no")
    assert rolled({"s1": inferred("yes"), "s2": FAILED}, lowered) == ("drifted", "unknown")


def test_losing_part_of_a_roll_up_does_not_revive_an_override_that_drifted() -> None:
    # Both are weakly yes, so the override that saw partial has drifted, and low is a half. With one of them
    # lost the rest looks like partial again; the override would make low a whole.
    weak = inferred("yes", base="weak")
    raised = override("yes", "partial")
    assert rolled({"s1": weak, "s2": weak}, raised) == ("drifted", "yes")
    assert rolled({"s1": weak, "s2": FAILED}, raised) == ("drifted", "unknown")


def test_an_override_stands_while_what_it_saw_holds_whatever_the_lost_part_says() -> None:
    said = {"s1": inferred("yes"), "s2": inferred("no"), "s3": FAILED}
    assert rolled(said, override("yes", "partial")) == ("active", "yes")


def test_seen_from_the_past_later_decisions_leave_no_trace() -> None:
    whole_life = override(
        "yes", "no", proposed_at=START, decisions=decided(APPROVED, ("withdrawn", START + 5 * DAY))
    )
    before = results_at(whole_life, found=inferred("no"), as_of=START - INSTANT)
    assert standing(before) == ()
    proposed = results_at(whole_life, found=inferred("no"), as_of=START)
    assert [(each.state, each.approver) for each in standing(proposed)] == [("proposed", None)]
    active = results_at(whole_life, found=inferred("no"), as_of=START + 2 * DAY)
    assert [(each.state, each.approver) for each in standing(active)] == [("active", "Bob")]
    [directly] = overrides_at([whole_life], Verdict.NO, START)
    assert (directly.state, directly.approver) == ("proposed", None)
    known = Decisions((), (whole_life,)).known_at(START)
    assert known.digest == Decisions((), (override("yes", "no", proposed_at=START, decisions=[]),)).digest
