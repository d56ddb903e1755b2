"""A stated answer ends at an instant; that it did is told, asked about by the gate, and put in the queue."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from itomm.evidence.decisions import Answer, Decisions
from itomm.reports.document import to_json
from itomm.reports.review_queue import csv_rows, queue_document, what_to_do, why_of
from itomm.scoring.assess import rules_for
from itomm.scoring.assessment import Assessment, View
from itomm.scoring.gate import Demands, Outcome, checks
from itomm.scoring.review_queue import ReviewItem, ReviewKind, review_queue
from tests.scoring.organisations import (
    AS_OF,
    DAY,
    INSTANT,
    criterion,
    model,
    scored,
    service,
    settings,
    stated,
)

CRITERION = criterion("A-P-2.1")
MODEL = model([CRITERION, criterion("A-P-3.1")])
SERVICES = [service("s1")]
ENDS = AS_OF + 10 * DAY
SAID = stated("yes", at=AS_OF - DAY, expires_at=ENDS)
AGAIN = replace(SAID, id="A2", at=ENDS - 2 * DAY, expires_at=ENDS + 90 * DAY)


def assessment(*said: Answer, days: timedelta = timedelta()) -> Assessment:
    scopes = scored(MODEL, SERVICES, decisions=Decisions(answers=said), as_of=AS_OF + days)
    inputs = dict.fromkeys(("snapshot", "model", "rules", "decisions", "settings"), "x")
    return Assessment(AS_OF + days, "itomm", "Acme", inputs, MODEL, tuple(scopes.values()), ())


def queue(of: Assessment, soon: timedelta = 14 * DAY) -> list[ReviewItem]:
    rules = rules_for(MODEL, "itomm", settings(SERVICES))
    found = review_queue(of, rules, of.scopes[:1], soon=soon)
    return [each for each in found if each.stated is not None]


def test_what_was_stated_last_is_told_after_its_end_and_not_before() -> None:
    before = assessment(SAID, days=10 * DAY - INSTANT).scopes[0].answers[0]
    after = assessment(SAID, days=10 * DAY).scopes[0].answers[0]

    assert before.stated is not None
    assert (before.stated.id, before.lapsed) == ("A1", None)
    assert after.lapsed is not None
    assert (after.stated, after.lapsed.id) == (None, "A1")
    assert after.in_force[View.STATED].layer == "nobody"


def test_an_answer_that_was_stated_again_has_not_lapsed() -> None:
    answer = assessment(SAID, AGAIN, days=11 * DAY).scopes[0].answers[0]

    assert answer.lapsed is None
    assert answer.stated is not None
    assert answer.stated.id == "A2"


@pytest.mark.parametrize(
    ("said", "days", "outcome", "found"),
    [
        ((SAID,), 10 * DAY - INSTANT, Outcome.MET, "none expired"),
        ((SAID,), 10 * DAY, Outcome.NOT_MET, "A1 (A-P-2.1, acme)"),
        ((SAID, AGAIN), 11 * DAY, Outcome.MET, "none expired"),
    ],
)
def test_a_gate_asks_whether_stated_answers_have_ended(
    said: tuple[Answer, ...], days: timedelta, outcome: Outcome, found: str
) -> None:
    check = checks(assessment(*said, days=days), View.OVERRIDES, Demands(no_expired_answers=True))[0]

    assert (check.outcome, check.found) == (outcome, found)


def test_what_ends_soon_and_what_has_ended_stands_in_the_queue() -> None:
    (ending,) = queue(assessment(SAID))
    (ended,) = queue(assessment(SAID, days=12 * DAY))

    assert (ending.kind, ended.kind) == (ReviewKind.EXPIRING, ReviewKind.EXPIRED)
    assert why_of(ending) == "what Ann stated (yes) ends on 2026-12-02 06:00 UTC"
    assert why_of(ended) == "what Ann stated (yes) ended on 2026-12-02 06:00 UTC"
    assert what_to_do(ended) == "itomm answer --renew A1, or let it end"
    assert next(csv_rows([ended]))[3] == "A1"
    document = to_json(queue_document(assessment(SAID), [ended]))
    assert '"stated": "A1"' in document
    assert '"override": null' in document
    assert not queue(assessment(SAID), soon=9 * DAY)
    assert not queue(assessment(SAID, days=12 * DAY), soon=DAY)
    assert not queue(assessment(SAID, AGAIN, days=9 * DAY), soon=3 * DAY)
