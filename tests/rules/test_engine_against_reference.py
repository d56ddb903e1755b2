"""The engine gives what a slow, obvious interpreter gives, on random rules and records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itomm.config.structure import checked
from itomm.evidence.reading.as_of import lock_down
from itomm.rules.answer import InferredAnswer
from itomm.rules.rule import Rule
from itomm.rules.rule_tests import CaseDocument, answer_of
from tests.rules import reference_interpreter as reference
from tests.rules.reference_interpreter import Condition, Record
from tests.rules.rules_as_text import document_of, rule_of

SERVICES = ["a", "b", "c"]
EVERYTHING = {"yes": ">= -1000000"}

records = st.lists(
    st.fixed_dictionaries(
        {
            "service": st.sampled_from([*SERVICES, None]),
            "severity": st.sampled_from([None, 1, 2, 3]),
            "reopened_count": st.one_of(st.none(), st.integers(-3, 9)),
            "major": st.sampled_from([None, True, False]),
            "team": st.sampled_from([None, "x", "y"]),
        }
    ),
    max_size=12,
)
comparisons: st.SearchStrategy[Condition] = st.one_of(
    st.tuples(
        st.sampled_from(["severity", "reopened_count"]),
        st.sampled_from(sorted(reference.COMPARISONS)),
        st.integers(-1, 4),
    ),
    st.tuples(st.just("team"), st.sampled_from(["=", "<>", "<", ">="]), st.sampled_from(["x", "y", "z"])),
    st.tuples(st.just("major"), st.sampled_from(["=", "<>"]), st.booleans()),
    st.tuples(st.sampled_from(["severity", "team", "major"]), st.just("is null")),
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner), st.tuples(st.sampled_from(["and", "or"]), inner, inner)
    ),
    max_leaves=5,
)
maybe = st.one_of(st.none(), conditions)
in_a_moment = settings(deadline=None, max_examples=15)
quickly = settings(deadline=None, max_examples=70)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        lock_down(opened)
        yield opened


def engine(
    connection: duckdb.DuckDBPyConnection, found: Sequence[Record], where: Condition | None, **parts: object
) -> InferredAnswer:
    rule = rule_of(grade=EVERYTHING, **({"where": reference.text_of(where)} if where else {}), **parts)
    return answer_of(connection, rule, case_of(rule, found))


def case_of(rule: Rule, found: Sequence[Record]) -> CaseDocument:
    written: Mapping[str, Any] = {
        "name": "random",
        "expect": {"answer": "yes"},
        "given": {rule.record_type.name: list(found)},
        "services": SERVICES,
    }
    return checked(CaseDocument, document_of(written))


def shown(value: Fraction | None) -> str | None:
    """A share or number as answers print it: both round half to even."""
    return None if value is None else f"{round(value * 1000) / 10:.1f}".removesuffix(".0") + " %"


@quickly
@given(found=records, where=maybe)
def test_counts_agree(
    connection: duckdb.DuckDBPyConnection, found: Sequence[Record], where: Condition | None
) -> None:
    answer = engine(connection, found, where)
    assert (answer.counted, answer.seen) == (len(reference.selected(found, where)), len(found))


@quickly
@given(found=records, where=maybe, of=maybe, good=conditions)
def test_ratios_agree(
    connection: duckdb.DuckDBPyConnection,
    found: Sequence[Record],
    where: Condition | None,
    of: Condition | None,
    good: Condition,
) -> None:
    measure = {"where": reference.text_of(good), **({"of": reference.text_of(of)} if of else {})}
    answer = engine(connection, found, where, measure={"ratio": measure})
    value, counted = reference.ratio(reference.selected(found, where), of, good)
    assert (answer.measured, answer.counted) == (shown(value), counted)


@quickly
@given(found=records, where=maybe, at=st.one_of(st.none(), st.integers(1, 99)))
def test_medians_and_percentiles_agree(
    connection: duckdb.DuckDBPyConnection, found: Sequence[Record], where: Condition | None, at: int | None
) -> None:
    measure = {"percentile": {"of": "reopened_count", "at": at}} if at else {"median": "reopened_count"}
    answer = engine(connection, found, where, measure=measure)
    value, counted = reference.percentile(reference.selected(found, where), "reopened_count", at or 50)
    assert (answer.measured, answer.counted) == (None if value is None else str(value), counted)


@quickly
@given(
    found=records,
    where=maybe,
    form=st.tuples(st.sampled_from(["having", "where", "ratio"]), st.integers(1, 4)),
    good=conditions,
)
def test_shares_of_services_agree(
    connection: duckdb.DuckDBPyConnection,
    found: Sequence[Record],
    where: Condition | None,
    form: tuple[str, int],
    good: Condition,
) -> None:
    word, at_least = form
    bounds: Mapping[str, Mapping[str, object]] = {
        "having": {"at_least": at_least},
        "where": {},
        "ratio": {"at_least": f"{at_least * 25} %"},
    }
    measure = {"share_of_services": {word: reference.text_of(good), **bounds[word]}}
    answer = engine(connection, found, where, measure=measure)
    counting = reference.selected(found, where)
    if not counting:
        assert (answer.measured, answer.counted) == (None, 0)
        return
    least = Fraction(at_least) if word == "having" else Fraction(at_least, 4)
    assert answer.measured == shown(reference.share_of_services(counting, SERVICES, word, good, least))


@in_a_moment
@given(found=records, good=conditions)
def test_every_service_is_measured_as_if_it_were_alone(
    connection: duckdb.DuckDBPyConnection, found: Sequence[Record], good: Condition
) -> None:
    for service in SERVICES:
        rule = rule_of(per="service", grade=EVERYTHING, measure={"ratio": {"where": reference.text_of(good)}})
        case = case_of(rule, found).model_copy(update={"service": service})
        answer = answer_of(connection, rule, case)
        own = [record for record in found if record["service"] == service]
        assert answer.measured == shown(reference.ratio(own, None, good)[0])


@in_a_moment
@given(found=records, good=conditions, order=st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(
    connection: duckdb.DuckDBPyConnection, found: list[Record], good: Condition, order: Any
) -> None:
    mixed = list(found)
    order.shuffle(mixed)
    for measure in ({"ratio": {"where": reference.text_of(good)}}, {"median": "reopened_count"}):
        assert engine(connection, found, None, measure=measure) == engine(
            connection, mixed, None, measure=measure
        )
