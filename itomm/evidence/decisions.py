"""People's decisions: stated answers and overrides. Append-only; states are computed, never stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

from sqlalchemy import Connection, RowMapping, func, select

from itomm.config.clock import format_instant, parse_instant
from itomm.config.errors import UsageError
from itomm.config.settings import OverrideKind
from itomm.evidence.canonical import canonical_bytes, digest
from itomm.evidence.catalogue import ledger
from itomm.evidence.catalogue.database import answers, override_decisions, overrides
from itomm.evidence.decision_policy import LONGEST_LIFE, NOBODY_ASKED, DecisionPolicy, person_key
from itomm.evidence.store import Store

ANYBODY = DecisionPolicy()
SHORTEST_REASON = 20
OVERRIDE_KINDS: tuple[str, ...] = get_args(OverrideKind)
STATED_VERDICTS = ("yes", "partial", "no")
OVERRIDE_VERDICTS = (*STATED_VERDICTS, "not_applicable")


@dataclass(frozen=True)
class Answer:
    """What a person stated about one criterion of one scope."""

    id: str
    scope: str
    criterion: str
    verdict: str
    author: str
    reason: str
    attachments: tuple[str, ...]
    at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Decision:
    """What a person decided about an override: approved, rejected or withdrawn."""

    decision: str
    actor: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class Override:
    """A proposal to replace an inferred answer for a time, with what it saw, and what was decided.

    ``renews`` is the override that it goes on with, ``origin`` the reviewed file and commit it came from.
    """

    id: str
    scope: str
    criterion: str
    verdict: str
    kind: str
    reason: str
    proposer: str
    proposed_at: datetime
    effective_from: datetime
    expires_at: datetime
    saw_verdict: str
    saw_measured: str | None
    decisions: tuple[Decision, ...]
    attachments: tuple[str, ...] = ()
    renews: str | None = None
    origin: str | None = None


@dataclass(frozen=True)
class Decisions:
    """All answers and overrides of a store."""

    answers: tuple[Answer, ...] = ()
    overrides: tuple[Override, ...] = ()

    def known_at(self, as_of: datetime) -> Decisions:
        """What had been decided by an instant, oldest first; later decisions leave no trace."""
        answered = [answer for answer in self.answers if answer.at <= as_of]
        proposed = [
            _known_at(override, as_of) for override in self.overrides if override.proposed_at <= as_of
        ]
        return Decisions(
            tuple(sorted(answered, key=lambda answer: (answer.at, _counting_order(answer.id)))),
            tuple(
                sorted(proposed, key=lambda override: (override.proposed_at, _counting_order(override.id)))
            ),
        )

    @property
    def digest(self) -> str:
        """SHA-256 over everything decided."""
        stated = [vars(answer) for answer in self.answers]
        replaced = [
            {**_said(override), "decisions": [vars(decision) for decision in override.decisions]}
            for override in self.overrides
        ]
        return digest({"answers": stated, "overrides": replaced})


def record_answer(store: Store, answer: Answer) -> Answer:
    """Record a stated answer; its id is given by the store.

    Raises:
        UsageError: the verdict is none, the author is missing, or it lives too long.
    """
    if answer.verdict not in STATED_VERDICTS:
        raise UsageError(f"'{answer.verdict}' is no answer; use {', '.join(STATED_VERDICTS)}.")
    _require(answer.author, "Say who answers with --by.")
    _check_life(answer.at, answer.expires_at, LONGEST_LIFE)
    values = _plain(vars(answer))
    values["attachments"] = canonical_bytes(answer.attachments).decode()
    with store.transaction() as connection:
        values["id"] = f"A{_next(connection.execute(select(func.count()).select_from(answers)).scalar())}"
        body = {**values, "attachments": list(answer.attachments)}
        seq = ledger.append(connection, at=answer.at, kind="answer", actor=answer.author, body=body)
        connection.execute(answers.insert().values(**values, ledger_seq=seq))
    return Answer(**{**vars(answer), "id": str(values["id"])})


def find_answer(store: Store, answer_id: str) -> Answer:
    """The stated answer with an id.

    Raises:
        UsageError: there is none.
    """
    for answer in all_decisions(store).answers:
        if answer.id == answer_id:
            return answer
    raise UsageError(f"There is no stated answer '{answer_id}'. 'itomm explain CRITERION' tells its id.")


def newest_answer(store: Store, scope: str, criterion: str) -> Answer | None:
    """What was stated last about a criterion of a scope; None when nothing was."""
    found = all_decisions(store).answers
    return next(
        (each for each in reversed(found) if (each.scope, each.criterion) == (scope, criterion)), None
    )


def propose(store: Store, override: Override, policy: DecisionPolicy = ANYBODY) -> Override:
    """Record a proposal; it counts for nothing before a second person approves it.

    Where the policy asks for no second person, the approval is recorded with it, and says so.

    Raises:
        UsageError: the reason is too short, the kind or the verdict unknown, or it lives too long.
    """
    if override.verdict not in OVERRIDE_VERDICTS:
        raise UsageError(f"'{override.verdict}' is no answer; use {', '.join(OVERRIDE_VERDICTS)}.")
    if override.kind not in OVERRIDE_KINDS:
        raise UsageError(f"'{override.kind}' is no kind of override; use {', '.join(OVERRIDE_KINDS)}.")
    if (override.kind == "not_applicable") != (override.verdict == "not_applicable"):
        raise UsageError("The kind not_applicable and the answer not_applicable go together.")
    if len(override.reason.strip()) < SHORTEST_REASON:
        raise UsageError(f"The reason is too short: write at least {SHORTEST_REASON} characters.")
    _require(override.proposer, "Say who proposes with --by.")
    _check_life(override.effective_from, override.expires_at, policy.longest_life)
    values = _plain(_said(override))
    with store.transaction() as connection:
        values["id"] = f"O{_next(connection.execute(select(func.count()).select_from(overrides)).scalar())}"
        values["proposer_key"] = policy.key_of(override.proposer)
        seq = ledger.append(
            connection,
            at=override.proposed_at,
            kind="override_proposed",
            actor=override.proposer,
            body=values,
        )
        row = {**values, "attachments": canonical_bytes(override.attachments).decode(), "ledger_seq": seq}
        connection.execute(overrides.insert().values(**row))
        if not policy.needs_approval(override.verdict, override.saw_verdict):
            approved = Decision("approved", NOBODY_ASKED, "", override.proposed_at)
            _record(connection, str(values["id"]), approved, policy)
    return find_override(store, str(values["id"]))


def decide(store: Store, override_id: str, decision: Decision, policy: DecisionPolicy = ANYBODY) -> Override:
    """Record that an override is approved, rejected or withdrawn.

    Raises:
        UsageError: there is no such override, it is already decided, the proposer approves it, or somebody
            who may not.
    """
    _require(decision.actor, "Say who decides with --by.")
    if person_key(decision.actor) == person_key(NOBODY_ASKED):
        raise UsageError(f"'{decision.actor}' is nobody; say who decides with --by.")
    with store.transaction() as connection:
        _check_decidable(_named(_all_in(connection), override_id), decision, policy)
        _record(connection, override_id, decision, policy)
    return find_override(store, override_id)


def _record(connection: Connection, override_id: str, decision: Decision, policy: DecisionPolicy) -> None:
    values = {**_plain(vars(decision)), "override": override_id, "actor_key": policy.key_of(decision.actor)}
    kind = f"override_{decision.decision}"
    seq = ledger.append(connection, at=decision.at, kind=kind, actor=decision.actor, body=values)
    connection.execute(override_decisions.insert().values(**values, ledger_seq=seq))


def _check_decidable(found: Override, decision: Decision, policy: DecisionPolicy) -> None:
    taken = [each.decision for each in found.decisions]
    if taken and (taken != ["approved"] or decision.decision != "withdrawn"):
        raise UsageError(f"Override {found.id} is already {taken[-1]}.{_way_out(taken[-1])}")
    if decision.decision != "approved":
        return
    if policy.key_of(found.proposer) == policy.key_of(decision.actor):
        raise UsageError(f"{found.proposer} proposed override {found.id}; a second person must approve it.")
    if refusal := policy.why_not_approve(decision.actor, found.criterion, found.kind):
        raise UsageError(refusal)


def _way_out(taken: str) -> str:
    return " Withdraw it to end it." if taken == "approved" else ""


def find_override(store: Store, override_id: str) -> Override:
    """The override with an id.

    Raises:
        UsageError: there is none.
    """
    return _named(all_decisions(store), override_id)


def _named(decisions: Decisions, override_id: str) -> Override:
    for override in decisions.overrides:
        if override.id == override_id:
            return override
    raise UsageError(f"There is no override '{override_id}'. 'itomm override list' shows all.")


def all_decisions(store: Store) -> Decisions:
    """Everything people decided, oldest first."""
    with store.engine.connect() as connection:
        return _all_in(connection)


def _all_in(connection: Connection) -> Decisions:
    stated = connection.execute(select(answers).order_by(answers.c.ledger_seq)).mappings().all()
    proposed = connection.execute(select(overrides).order_by(overrides.c.ledger_seq)).mappings().all()
    decided = connection.execute(select(override_decisions).order_by(override_decisions.c.ledger_seq))
    by_override: dict[str, list[Decision]] = {}
    for row in decided.mappings():
        decision = Decision(row["decision"], row["actor"], row["reason"], parse_instant(row["at"]))
        by_override.setdefault(row["override"], []).append(decision)
    return Decisions(
        tuple(
            Answer(
                **_kept(row, "id", "scope", "criterion", "verdict", "author", "reason"),
                attachments=tuple(json.loads(row["attachments"])),
                at=parse_instant(row["at"]),
                expires_at=parse_instant(row["expires_at"]),
            )
            for row in stated
        ),
        tuple(
            Override(
                **_kept(row, "id", "scope", "criterion", "verdict", "kind", "reason", "proposer"),
                saw_verdict=row["saw_verdict"],
                saw_measured=row["saw_measured"],
                proposed_at=parse_instant(row["proposed_at"]),
                effective_from=parse_instant(row["effective_from"]),
                expires_at=parse_instant(row["expires_at"]),
                decisions=tuple(by_override.get(row["id"], ())),
                attachments=tuple(json.loads(row["attachments"])),
                renews=row["renews"],
                origin=row["origin"],
            )
            for row in proposed
        ),
    )


def _said(override: Override) -> dict[str, object]:
    """What a proposal says; what it leaves open is left out, as it was before there was room for it."""
    values = {name: value for name, value in vars(override).items() if name != "decisions"}
    optional = {
        "attachments": list(override.attachments),
        "renews": override.renews,
        "origin": override.origin,
    }
    without = {name for name, value in optional.items() if not value}
    return {name: optional.get(name, value) for name, value in values.items() if name not in without}


def _kept(row: RowMapping, *names: str) -> dict[str, str]:
    return {name: str(row[name]) for name in names}


def _known_at(override: Override, as_of: datetime) -> Override:
    known = [decision for decision in override.decisions if decision.at <= as_of]
    in_order = tuple(sorted(known, key=lambda decision: (decision.at, decision.decision)))
    return Override(**{**vars(override), "decisions": in_order})


def _counting_order(identifier: str) -> tuple[int, str]:
    """Ids count up: A2 comes before A10."""
    return len(identifier), identifier


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    return {
        name: format_instant(value) if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _next(count: int | None) -> int:
    return (count or 0) + 1


def _require(text: str, message: str) -> None:
    if not text.strip():
        raise UsageError(message)


def _check_life(start: datetime, end: datetime, longest: timedelta) -> None:
    if end <= start:
        raise UsageError(f"It would expire on {format_instant(end)}, before it begins.")
    if end - start > longest:
        raise UsageError(f"It may live {longest.days} days at most; choose an earlier end.")
