"""Recording answers and overrides: what is refused, by the service and by the database itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from itomm.config.errors import UsageError
from itomm.evidence.decision_policy import (
    LONGEST_LIFE,
    NOBODY_ASKED,
    ApprovalRight,
    DecisionPolicy,
    names_of_people,
    person_key,
)
from itomm.evidence.decisions import (
    Decision,
    Override,
    all_decisions,
    decide,
    find_override,
    propose,
    record_answer,
)
from itomm.evidence.store import Store
from tests.scoring.organisations import AS_OF, DAY, INSTANT, override, stated

PROPOSAL = replace(
    override("yes", "no", decisions=[], identifier="", proposed_at=AS_OF), expires_at=AS_OF + LONGEST_LIFE
)
SAME_AS_ANN = [
    "Ann",
    "ann",
    " ANN\t",
    "\uff21\uff4e\uff4e",  # full-width letters
    "An\u200bn",  # with a zero-width space in it
    "\u00a0Ann",  # after a no-break space
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "store", create=True)
    yield opened
    opened.engine.dispose()


def approval(actor: str, decision: str = "approved") -> Decision:
    return Decision(decision, actor, "", AS_OF + DAY)


@pytest.mark.parametrize("actor", SAME_AS_ANN)
def test_nobody_approves_their_own_override(store: Store, actor: str) -> None:
    proposed = propose(store, PROPOSAL)
    with pytest.raises(UsageError, match="a second person must approve"):
        decide(store, proposed.id, approval(actor))
    assert find_override(store, proposed.id).decisions == ()


def test_different_people_are_not_taken_for_one() -> None:
    assert person_key("Ann") != person_key("Anna")
    assert person_key("Ann Lee") != person_key("Annlee")


@pytest.mark.parametrize("actor", ["Ann", "ANN", " ann "])
@pytest.mark.parametrize("actor_key", ["ann", "ANN ", "somebody else"])
def test_the_database_refuses_a_self_approval_that_goes_past_the_service(
    store: Store, actor: str, actor_key: str
) -> None:
    proposed = propose(store, PROPOSAL)
    insert = text(
        "INSERT INTO override_decisions (override, decision, actor, actor_key, reason, at, ledger_seq) "
        "VALUES (:override, 'approved', :actor, :actor_key, '', '2026-11-23T06:00:00Z', 1)"
    )
    values = {"override": proposed.id, "actor": actor, "actor_key": actor_key}
    with store.engine.begin() as connection, pytest.raises(IntegrityError, match="second person"):
        connection.execute(insert, values)
    assert find_override(store, proposed.id).decisions == ()


def test_a_second_person_approves(store: Store) -> None:
    proposed = propose(store, PROPOSAL)
    assert decide(store, proposed.id, approval("Bob")).decisions == (approval("Bob"),)


@pytest.mark.parametrize("decision", ["rejected", "withdrawn"])
def test_a_proposer_may_take_back_what_they_proposed(store: Store, decision: str) -> None:
    proposed = propose(store, PROPOSAL)
    assert decide(store, proposed.id, approval("Ann", decision)).decisions[0].decision == decision


RENAMED = DecisionPolicy(names=names_of_people({"ann@acme.example": ["Ann", "ann.lee@acme.example"]}))


@pytest.mark.parametrize("actor", ["ann@acme.example", "Ann.Lee@acme.example", "ANN"])
def test_nobody_approves_their_own_override_under_another_of_their_names(store: Store, actor: str) -> None:
    proposed = propose(store, PROPOSAL, RENAMED)
    with pytest.raises(UsageError, match="a second person must approve"):
        decide(store, proposed.id, approval(actor), RENAMED)
    assert decide(store, proposed.id, approval("bob"), RENAMED).decisions != ()


def test_a_name_that_was_changed_after_the_proposal_is_still_the_same_person(store: Store) -> None:
    proposed = propose(store, PROPOSAL)
    with pytest.raises(UsageError, match="a second person must approve"):
        decide(store, proposed.id, approval("ann.lee@acme.example"), RENAMED)


def test_the_database_knows_a_person_by_all_their_names(store: Store) -> None:
    proposed = propose(store, PROPOSAL, RENAMED)
    insert = text(
        "INSERT INTO override_decisions (override, decision, actor, actor_key, reason, at, ledger_seq) "
        "VALUES (:override, 'approved', 'ann.lee@acme.example', 'ann@acme.example', '', 'now', 1)"
    )
    with store.engine.begin() as connection, pytest.raises(IntegrityError, match="second person"):
        connection.execute(insert, {"override": proposed.id})


@pytest.mark.parametrize(
    ("right", "actor", "refused"),
    [
        (ApprovalRight(("bob", "Carol")), "BOB", None),
        (ApprovalRight(("bob", "Carol")), "dave", "dave may not approve this: .* only Carol or bob may"),
        (ApprovalRight(("bob",), parts=frozenset({"A-P"})), "bob", None),
        (ApprovalRight(("bob",), parts=frozenset({"B"})), "bob", "nobody may"),
        (ApprovalRight(("bob",), kinds=frozenset({"accepted_risk"})), "bob", "nobody may"),
        (ApprovalRight(("bob",), kinds=frozenset({PROPOSAL.kind})), "bob", None),
        (ApprovalRight(("ann",)), "ann", "a second person must approve"),
    ],
)
def test_only_those_approve_who_may(
    store: Store, right: ApprovalRight, actor: str, refused: str | None
) -> None:
    parts = {PROPOSAL.criterion: frozenset({"A", "A-P", PROPOSAL.criterion})}
    policy = DecisionPolicy(rights=(right,), parts=parts)
    proposed = propose(store, PROPOSAL, policy)
    if refused is None:
        assert decide(store, proposed.id, approval(actor), policy).decisions[0].actor == actor
        return
    with pytest.raises(UsageError, match=refused):
        decide(store, proposed.id, approval(actor), policy)
    rejected = decide(store, proposed.id, approval("dave", "rejected"), policy)
    assert rejected.decisions[0].decision == "rejected", "anybody may stop one"


WITHOUT = DecisionPolicy(without_approval=frozenset({"filling_unknown", "lowering"}))


@pytest.mark.parametrize(
    ("verdict", "saw", "needed"),
    [
        ("yes", "unknown", False),
        ("no", "unknown", False),
        ("no", "yes", False),
        ("partial", "yes", False),
        ("yes", "no", True),
        ("partial", "no", True),
        ("yes", "yes", True),
        ("no", "not_applicable", True),
        ("not_applicable", "unknown", True),
        ("not_applicable", "yes", True),
    ],
)
def test_what_raises_an_answer_always_needs_a_second_person(
    store: Store, verdict: str, saw: str, needed: bool
) -> None:
    kind = "not_applicable" if verdict == "not_applicable" else "evidence_wrong"
    proposal = replace(PROPOSAL, verdict=verdict, saw_verdict=saw, kind=kind)
    recorded = propose(store, proposal, WITHOUT)
    assert [each.decision for each in recorded.decisions] == ([] if needed else ["approved"])
    assert propose(store, proposal).decisions == (), "by default, everything needs one"


def test_nobody_can_pass_for_the_settings(store: Store) -> None:
    proposed = propose(store, PROPOSAL, WITHOUT)
    with pytest.raises(UsageError, match="is nobody"):
        decide(store, proposed.id, approval(f" {NOBODY_ASKED.upper()}"), WITHOUT)


def test_an_organisation_may_shorten_the_life_of_overrides(store: Store) -> None:
    policy = DecisionPolicy(longest_life=30 * DAY)
    with pytest.raises(UsageError, match="30 days at most"):
        propose(store, replace(PROPOSAL, expires_at=AS_OF + 30 * DAY + INSTANT), policy)
    assert propose(store, replace(PROPOSAL, expires_at=AS_OF + 30 * DAY), policy).id == "O1"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("approved", "approved"),
        ("approved", "rejected"),
        ("rejected", "approved"),
        ("withdrawn", "approved"),
        ("withdrawn", "withdrawn"),
    ],
)
def test_what_is_decided_is_not_decided_again(store: Store, first: str, second: str) -> None:
    proposed = propose(store, PROPOSAL)
    decide(store, proposed.id, approval("Bob", first))
    with pytest.raises(UsageError, match=f"already {first}"):
        decide(store, proposed.id, approval("Carol", second))


def test_an_approved_override_can_be_withdrawn(store: Store) -> None:
    proposed = propose(store, PROPOSAL)
    decide(store, proposed.id, approval("Bob"))
    taken = decide(store, proposed.id, approval("Carol", "withdrawn")).decisions
    assert [each.decision for each in taken] == ["approved", "withdrawn"]


@pytest.mark.parametrize(
    ("proposal", "message"),
    [
        (replace(PROPOSAL, reason="x" * 19), "too short"),
        (replace(PROPOSAL, reason="x" * 19 + "   "), "too short"),
        (replace(PROPOSAL, expires_at=AS_OF + LONGEST_LIFE + INSTANT), "180 days at most"),
        (replace(PROPOSAL, expires_at=AS_OF), "before it begins"),
        (replace(PROPOSAL, expires_at=AS_OF - DAY), "before it begins"),
        (replace(PROPOSAL, kind="because"), "no kind of override"),
        (replace(PROPOSAL, kind="not_applicable"), "go together"),
        (replace(PROPOSAL, verdict="not_applicable"), "go together"),
        (replace(PROPOSAL, verdict="unknown"), "is no answer"),
        (replace(PROPOSAL, verdict="maybe"), "is no answer"),
        (replace(PROPOSAL, proposer=" "), "who proposes"),
    ],
)
def test_an_override_that_does_not_hold_together_is_refused(
    store: Store, proposal: Override, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        propose(store, proposal)
    assert all_decisions(store).overrides == ()


@pytest.mark.parametrize(
    "proposal",
    [
        PROPOSAL,
        replace(PROPOSAL, reason="x" * 20),
        replace(PROPOSAL, expires_at=AS_OF + INSTANT),
        replace(PROPOSAL, kind="not_applicable", verdict="not_applicable"),
    ],
)
def test_an_override_within_its_limits_is_recorded_as_it_was_proposed(
    store: Store, proposal: Override
) -> None:
    recorded = propose(store, proposal)
    assert recorded == replace(proposal, id="O1")
    assert all_decisions(store).overrides == (recorded,)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"verdict": "not_applicable"}, "is no answer"),
        ({"verdict": "unknown"}, "is no answer"),
        ({"author": "\t"}, "who answers"),
        ({"expires_at": AS_OF + LONGEST_LIFE + INSTANT}, "180 days at most"),
        ({"expires_at": AS_OF}, "before it begins"),
    ],
)
def test_a_statement_that_does_not_hold_together_is_refused(
    store: Store, changes: dict[str, object], message: str
) -> None:
    answer = replace(stated("yes", at=AS_OF), **changes)  # type: ignore[arg-type]  # fields by name
    with pytest.raises(UsageError, match=message):
        record_answer(store, answer)
    assert all_decisions(store).answers == ()


def test_a_statement_is_recorded_as_it_was_made(store: Store) -> None:
    answer = stated("yes", at=AS_OF, expires_at=AS_OF + LONGEST_LIFE, proof=("b", "a"), identifier="")
    recorded = record_answer(store, answer)
    assert recorded == replace(answer, id="A1")
    assert all_decisions(store).answers == (recorded,)


@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET reason = 'another reason, long enough'", "DELETE FROM {}"]
)
@pytest.mark.parametrize("table", ["answers", "overrides", "override_decisions"])
def test_decisions_are_append_only(store: Store, table: str, statement: str) -> None:
    record_answer(store, stated("yes", at=AS_OF))
    decide(store, propose(store, PROPOSAL).id, approval("Bob"))
    with store.engine.begin() as connection, pytest.raises(IntegrityError, match="append-only"):
        connection.execute(text(statement.format(table)))


def test_an_override_that_does_not_exist_is_refused_by_name(store: Store) -> None:
    with pytest.raises(UsageError, match="no override 'O7'"):
        decide(store, "O7", approval("Bob"))
