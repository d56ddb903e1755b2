"""Which layer counts under which view: precedence, statements, roll-up, inheritance, lost evidence."""

from __future__ import annotations

from fractions import Fraction

import pytest

from itomm.config.settings import Service
from itomm.evidence.decisions import Answer, Decisions, Override
from itomm.evidence.observation import UnknownReason
from itomm.rules.answer import InferredAnswer
from itomm.scoring.assessment import AnswerInForce, Interval, ScopeResult, View
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
    stated,
)

ON = "A-P-2.1"
ONE_QUESTION = model([criterion(ON)])
PROOF = ("https://wiki.example/proof",)
LOST = [UnknownReason.COLLECTION_FAILED, UnknownReason.PERMISSION_DENIED, UnknownReason.STALE]
FILLABLE = [reason for reason in UnknownReason if reason not in LOST]
TWO = (service("s1"), service("s2"))
GROUPED = (service("s1", group="g"), service("s2", group="g"), service("s3"))


def company(
    said: InferredAnswer | None = None,
    *decided: Answer | Override,
    services: tuple[Service, ...] = (service("s1"),),
    of_services: dict[str, InferredAnswer] | None = None,
) -> dict[str, ScopeResult]:
    return scored(
        ONE_QUESTION,
        services,
        by_organisation={ON: said} if said else {},
        by_service={(ON, name): answer for name, answer in (of_services or {}).items()},
        decisions=Decisions(
            tuple(each for each in decided if isinstance(each, Answer)),
            tuple(each for each in decided if isinstance(each, Override)),
        ),
    )


def shown(results: dict[str, ScopeResult], scope: str = ORGANISATION) -> list[tuple[str, str]]:
    """Verdict and layer under each view."""
    found: list[AnswerInForce] = [counts(results, scope, ON, view) for view in View]
    return [(each.verdict.value, each.layer) for each in found]


# --- precedence --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "proof", "wins"),
    [
        ("direct", (), "rule"),
        ("direct", PROOF, "rule"),
        ("proxy", (), "rule"),
        ("proxy", PROOF, "person"),
        ("weak", (), "person"),
        ("weak", PROOF, "person"),
    ],
)
def test_evidence_and_statement_take_precedence_by_their_strength(
    base: str, proof: tuple[str, ...], wins: str
) -> None:
    results = company(inferred("no", base=base), stated("yes", proof=proof))
    verdict = {"rule": "no", "person": "yes"}[wins]
    assert shown(results) == [("no", "rule"), (verdict, wins), (verdict, wins)]


@pytest.mark.parametrize("base", ["direct", "proxy", "weak"])
@pytest.mark.parametrize("proof", [(), PROOF])
def test_an_active_override_takes_precedence_over_everything(base: str, proof: tuple[str, ...]) -> None:
    results = company(inferred("no", base=base), stated("yes", proof=proof), override("partial", "no"))
    assert shown(results)[2] == ("partial", "override")
    assert shown(results)[0] == ("no", "rule")


def test_an_override_never_hides_the_inferred_answer() -> None:
    said = inferred("no")
    found = company(said, override("yes", "no"))[ORGANISATION].answers[0]
    assert found.inferred == said
    assert found.in_force[View.EVIDENCE].verdict == "no"
    assert found.in_force[View.OVERRIDES].verdict == "yes"


@pytest.mark.parametrize(("proof", "confidence"), [((), Fraction(1, 2)), (PROOF, Fraction(7, 10))])
def test_a_statement_is_trusted_by_whether_it_has_proof(proof: tuple[str, ...], confidence: Fraction) -> None:
    found = counts(company(None, stated("yes", proof=proof)), ORGANISATION, ON, View.STATED)
    assert found.confidence == confidence
    assert found.points == Interval(Fraction(1) if proof else Fraction(1, 2), Fraction(1), Fraction(1))


def test_an_override_is_trusted_as_confirmed_by_an_assessor() -> None:
    found = counts(company(inferred("no"), override("yes", "no")), ORGANISATION, ON, View.OVERRIDES)
    assert found.confidence == Fraction(17, 20)


# --- statements ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", FILLABLE)
def test_a_statement_stands_in_for_an_unknown_that_was_never_answered(reason: UnknownReason) -> None:
    assert shown(company(inferred("unknown", reason), stated("yes")))[1] == ("yes", "person")


@pytest.mark.parametrize("reason", LOST)
def test_a_statement_never_stands_in_for_ones_own_evidence_that_cannot_be_read(reason: UnknownReason) -> None:
    results = company(inferred("unknown", reason), stated("yes", proof=PROOF))
    assert shown(results) == [("unknown", "rule")] * 3


@pytest.mark.parametrize("reason", LOST)
def test_a_statement_never_stands_in_for_the_part_of_a_roll_up_that_cannot_be_read(
    reason: UnknownReason,
) -> None:
    lost = {"s1": inferred("unknown", reason), "s2": inferred("unknown")}
    results = company(None, stated("yes"), services=TWO, of_services=lost)
    assert shown(results) == [("unknown", "roll_up"), ("partial", "roll_up"), ("partial", "roll_up")]
    filled = counts(results, ORGANISATION, ON, View.STATED)
    assert (filled.known_share, filled.confidence) == (Fraction(1, 2), Fraction(1, 2))
    assert filled.points == Interval(Fraction(1, 4), Fraction(1, 2), Fraction(1))
    all_lost = {"s1": inferred("unknown", reason), "s2": inferred("unknown", reason)}
    results = company(None, stated("yes"), services=TWO, of_services=all_lost)
    assert shown(results) == [("unknown", "roll_up")] * 3


@pytest.mark.parametrize("reason", LOST)
def test_evidence_that_can_be_read_again_lowers_no_bound_beside_a_statement(reason: UnknownReason) -> None:
    # Found by 3,000 random organisations: the statement counted for nobody while one service was lost.
    of_services = {"s1": inferred("unknown", reason), "s2": inferred("unknown")}
    lost = company(None, stated("partial"), services=TWO, of_services=of_services)
    back = company(None, stated("partial"), services=TWO, of_services=of_services | {"s1": inferred("yes")})
    points = [counts(each, ORGANISATION, ON, View.STATED).points for each in (lost, back)]
    assert points == [
        Interval(Fraction(1, 4), Fraction(1, 4), Fraction(3, 4)),
        Interval(Fraction(3, 4), Fraction(3, 4), Fraction(3, 4)),
    ]


@pytest.mark.parametrize("reason", LOST)
@pytest.mark.parametrize("scope", ["s1", "g"])
def test_a_statement_never_stands_in_for_inherited_evidence_that_cannot_be_read(
    reason: UnknownReason, scope: str
) -> None:
    results = company(inferred("unknown", reason), stated("yes", scope), services=GROUPED)
    assert {verdict for verdict, _ in shown(results, scope)} == {"unknown"}


def test_a_statement_counts_until_the_very_instant_at_which_it_expires() -> None:
    at_its_end = stated("yes", expires_at=AS_OF)
    just_before = stated("yes", expires_at=AS_OF + INSTANT)
    assert shown(company(None, at_its_end))[1] == ("unknown", "nobody")
    assert shown(company(None, just_before))[1] == ("yes", "person")


def test_the_newest_statement_counts() -> None:
    older = stated("yes", at=AS_OF - 9 * DAY, identifier="A1")
    newer = stated("no", at=AS_OF - 8 * DAY, identifier="A2")
    assert shown(company(None, newer, older))[1] == ("no", "person")


def test_of_statements_made_at_one_instant_the_last_recorded_counts() -> None:
    results = company(None, stated("no", identifier="A10"), stated("yes", identifier="A9"))
    assert shown(results)[1] == ("no", "person")


def test_an_older_statement_does_not_come_back_when_a_newer_one_expires() -> None:
    older = stated("yes", at=AS_OF - 9 * DAY, identifier="A1")
    newer = stated("no", at=AS_OF - 8 * DAY, expires_at=AS_OF - DAY, identifier="A2")
    assert shown(company(None, older, newer))[1] == ("unknown", "nobody")


# --- roll-up and inheritance ---------------------------------------------------------------------------


def test_services_inherit_the_answer_of_a_rule_for_the_organisation() -> None:
    assert shown(company(inferred("partial")), "s1") == [("partial", "inherited")] * 3


def test_services_inherit_what_was_stated_about_the_whole() -> None:
    assert shown(company(None, stated("yes")), "s1")[1] == ("yes", "inherited")


def test_one_services_own_statement_does_not_take_the_others_what_was_stated_about_the_whole() -> None:
    results = company(None, stated("yes"), stated("no", "s1", identifier="A2"), services=TWO)
    assert shown(results, "s1")[1] == ("no", "person")
    assert shown(results, "s2")[1] == ("yes", "inherited")
    assert shown(results)[1] == ("partial", "roll_up")


def test_a_groups_statement_reaches_its_services_and_the_whole() -> None:
    results = company(None, stated("yes", "g"), services=GROUPED)
    assert shown(results, "g")[1] == ("yes", "roll_up")
    assert shown(results, "s1")[1] == ("yes", "inherited")
    assert shown(results, "s3")[1] == ("unknown", "nobody")
    assert counts(results, ORGANISATION, ON, View.STATED).known_share == Fraction(2, 3)


def test_the_nearest_statement_counts() -> None:
    results = company(None, stated("no"), stated("yes", "g", identifier="A2"), services=GROUPED)
    assert [shown(results, name)[1][0] for name in ("s1", "s2", "s3")] == ["yes", "yes", "no"]


def test_an_override_of_the_whole_takes_precedence_over_a_services_statement() -> None:
    results = company(None, override("partial", "unknown"), stated("yes", "s1"))
    assert shown(results, "s1") == [("unknown", "nobody"), ("yes", "person"), ("partial", "inherited")]


def test_a_statement_about_the_whole_answers_only_the_unknown_share_of_a_roll_up() -> None:
    # s1 (weight 1) is known: no; s2 (weight 3) is unknown and stated with proof: yes. So 3/4.
    services = (service("s1", "1"), service("s2", "3"))
    of_services = {"s1": inferred("no"), "s2": inferred("unknown")}
    results = company(None, stated("yes", proof=PROOF), services=services, of_services=of_services)
    share = Fraction(3, 4)
    assert counts(results, ORGANISATION, ON, View.EVIDENCE).points == Interval(
        Fraction(0), Fraction(0), share
    )
    found = counts(results, ORGANISATION, ON, View.STATED)
    assert found.points == Interval(share, share, share)
    assert found.known_share == 1
    assert found.confidence == (Fraction(9, 10) + 3 * Fraction(7, 10)) / 4


def test_evidence_that_turns_up_for_one_service_does_not_void_a_statement_about_the_rest() -> None:
    before = company(
        None, stated("yes"), services=TWO, of_services={"s1": inferred("unknown"), "s2": inferred("unknown")}
    )
    after = company(
        None, stated("yes"), services=TWO, of_services={"s1": inferred("yes"), "s2": inferred("unknown")}
    )
    assert shown(before)[1][0] == shown(after)[1][0] == "yes"


def test_services_out_of_production_do_not_count() -> None:
    retired = Service(id="s2", lifecycle="retired")
    results = company(
        None, services=(service("s1"), retired), of_services={"s1": inferred("yes"), "s2": inferred("no")}
    )
    assert set(results) == {ORGANISATION, "s1"}
    assert shown(results)[0] == ("yes", "roll_up")
