"""Property: whatever the records and the rule, evidence that is not whole never answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itomm.config.structure import checked
from itomm.evidence.observation import UnknownReason
from itomm.evidence.reading.as_of import lock_down
from itomm.rules.answer import Verdict
from itomm.rules.cases import CaseDocument, answer_of
from itomm.rules.pack import load_packs
from itomm.rules.rule import Rule
from tests.rules.rules_as_text import document_of, rule_of

LOST = {"incomplete": UnknownReason.COLLECTION_FAILED, "never_collected": UnknownReason.NEVER_COLLECTED}
MEASURES: Sequence[tuple[object, str]] = [
    ({"count": True}, ">= 0"),
    ({"exists": "major"}, ">= 0"),
    ({"ratio": {"where": "major"}}, ">= 0 %"),
    ({"median": "severity"}, ">= 0"),
    ({"sum": "severity"}, "< 0"),
    ({"days_since": "opened_at"}, ">= 0 d"),
    ({"rate": {"per": "week"}}, ">= 0 /week"),
    ({"trend": {"count": True}}, "<= 1000 %"),
    ({"distinct": "severity"}, ">= 0"),
    ({"share_of_services": {"having": "major"}}, ">= 0 %"),
    ({"share_of_services": {"where": "major"}}, "< 0 %"),
]

rules = st.builds(
    lambda measure, missing, services, linked, per: rule_of(
        measure=measure[0],
        grade={"yes": measure[1]},
        missing=missing,
        per=per,
        window={"field": "opened_at", "days": 30},
        **({"services": "tier = 1"} if services else {}),
        **({"linked": {"there": {"from": "postmortem", "on": {"incident_key": "key"}}}} if linked else {}),
    ),
    measure=st.sampled_from(MEASURES),
    missing=st.sampled_from(["unknown", "no_if_complete", "yes_if_complete", "not_applicable_if_complete"]),
    services=st.booleans(),
    linked=st.booleans(),
    per=st.sampled_from(["service", "organisation"]),
)
records = st.lists(
    st.fixed_dictionaries(
        {
            "service": st.sampled_from(["s1", "s2", None]),
            "major": st.sampled_from([True, False, None]),
            "severity": st.sampled_from([1, None]),
            "opened_at": st.sampled_from(["2026-10-05T00:00:00Z", "2026-10-30T00:00:00Z"]),
        }
    ),
    max_size=5,
)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        lock_down(opened)
        yield opened


@settings(deadline=None, max_examples=100)
@given(rule=rules, found=records, tiers=st.tuples(*[st.sampled_from([1, 2, None])] * 2), data=st.data())
def test_a_stream_that_is_not_whole_never_answers(
    connection: duckdb.DuckDBPyConnection,
    rule: Rule,
    found: Sequence[Mapping[str, object]],
    tiers: Sequence[int | None],
    data: st.DataObject,
) -> None:
    how = data.draw(st.sampled_from(sorted(LOST)))
    lost = data.draw(st.sampled_from([each.name for each in rule.needed_types]))
    case: Mapping[str, Any] = {
        "name": "random",
        "expect": {"answer": "unknown"},
        "given": {"incident": list(found)},
        "services": [{"id": "s1", "tier": tiers[0]}, {"id": "s2", "tier": tiers[1]}],
        how: [lost],
    }
    answer = answer_of(connection, rule, checked(CaseDocument, document_of(case)))
    concerned = tiers[:1] if "service" in rule.per else tiers
    if rule.written.services is not None and 1 not in concerned and None not in concerned:
        assert answer.verdict is Verdict.NOT_APPLICABLE
    else:
        assert answer.verdict is Verdict.UNKNOWN
        assert answer.reason is not None
        if rule.written.services is None:
            assert answer.reason is LOST[how]


SHIPPED = load_packs(["itomm"]).rules


@pytest.mark.parametrize("how", sorted(LOST))
def test_no_shipped_rule_answers_from_a_stream_that_is_not_whole(
    connection: duckdb.DuckDBPyConnection, how: str
) -> None:
    """Each rule's first test, with each stream that it needs lost in turn."""
    for rule in SHIPPED:
        whole = checked(CaseDocument, rule.document, ("tests", 0))
        for lost in rule.needed_types:
            changes = {"incomplete": (), "never_collected": (), how: (lost.name,)}
            answer = answer_of(connection, rule, whole.model_copy(update=changes))
            if lost.name in rule.optional_types:
                without = whole.model_copy(update={"never_collected": (lost.name,)})
                same = answer_of(connection, rule, without).verdict
                assert answer.verdict in {Verdict.UNKNOWN, same}, (rule.name, lost.name)
                continue
            assert answer.verdict in {Verdict.UNKNOWN, Verdict.NOT_APPLICABLE}, (rule.name, lost.name)
            if rule.written.services is None:
                assert answer.verdict is Verdict.UNKNOWN, (rule.name, lost.name)
