"""Every place of a rule where a person writes: how a text gets there, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from itomm.config.errors import InvalidInputError
from itomm.rules.extending import with_inherited
from itomm.rules.rule_reader import read_rule
from itomm.rules.rule_tests import run_rule_tests
from tests.rules.rules_as_text import PLAIN_RULE, document_of

PARAMETER = {"default": "2", "from": "1", "to": "5", "looser": "higher", "about": "why"}
LINKED = {"from": "postmortem", "on": {"incident_key": "key"}}

EXPRESSION_DOORS: Mapping[str, Callable[[str], dict[str, object]]] = {
    "where": lambda text: {"where": text},
    "services": lambda text: {"services": text},
    "linked where": lambda text: {"linked": {"fact": {**LINKED, "where": text}}},
    "count": lambda text: {"measure": {"count": text}},
    "exists": lambda text: {"measure": {"exists": text}},
    "ratio where": lambda text: {"measure": {"ratio": {"where": text}}, "grade": {"yes": ">= 10 %"}},
    "share of services": lambda text: {
        "measure": {"share_of_services": {"having": text}},
        "grade": {"yes": ">= 10 %"},
    },
    "trend": lambda text: {
        "measure": {"trend": {"count": text}},
        "window": {"field": "opened_at", "days": 9},
        "grade": {"yes": ">= 10 %"},
    },
}
VALUE_DOORS: Mapping[str, Callable[[str], dict[str, object]]] = {
    "median": lambda text: {"measure": {"median": text}},
    "percentile": lambda text: {"measure": {"percentile": {"of": text, "at": 90}}},
    "sum": lambda text: {"measure": {"sum": text}},
    "days_since": lambda text: {"measure": {"days_since": text}, "grade": {"yes": "<= 3 d"}},
}
NAME_DOORS: Mapping[str, Callable[[str], dict[str, object]]] = {
    "rule": lambda text: {"rule": text},
    "per": lambda text: {"per": text},
    "from": lambda text: {"from": text},
    "missing": lambda text: {"missing": text},
    "confidence": lambda text: {"confidence": text},
    "window field": lambda text: {"window": {"field": text, "days": 9}},
    "window days": lambda text: {"window": {"field": "opened_at", "days": text}},
    "grade yes": lambda text: {"grade": {"yes": text}},
    "grade partial": lambda text: {"grade": {"yes": ">= 1", "partial": text}},
    "minimum_sample": lambda text: {"minimum_sample": text},
    "minimum_coverage": lambda text: {"minimum_coverage": text},
    "measure word": lambda text: {"measure": {text: True}},
    "measure": lambda text: {"measure": text},
    "rate per": lambda text: {
        "measure": {"rate": {"per": text}},
        "window": {"field": "opened_at", "days": 9},
    },
    "percentile at": lambda text: {"measure": {"percentile": {"of": "severity", "at": text}}},
    "at_least": lambda text: {"measure": {"share_of_services": {"having": "major", "at_least": text}}},
    "linked name": lambda text: {"linked": {text: LINKED}},
    "linked from": lambda text: {"linked": {"fact": {**LINKED, "from": text}}},
    "linked on, theirs": lambda text: {"linked": {"fact": {**LINKED, "on": {text: "key"}}}},
    "linked on, ours": lambda text: {"linked": {"fact": {**LINKED, "on": {"incident_key": text}}}},
    "key": lambda text: {text: True},
    "extends": lambda text: {"extends": text},
    "grade days": lambda text: {
        "grade": {"yes": {"measured": ">= 1", "days": text}},
        "window": {"field": "opened_at", "days": 9},
    },
    "grade measured": lambda text: {"grade": {"yes": {"measured": text}}},
    "linked count": lambda text: {"linked": {"fact": {**LINKED, "count": text}}},
    "parameter": lambda text: {"parameters": {text: PARAMETER}},
    "parameter default": lambda text: {"parameters": {"least": {**PARAMETER, "default": text}}},
    "parameter limit": lambda text: {"parameters": {"least": {**PARAMETER, "to": text}}},
    "parameter looser": lambda text: {"parameters": {"least": {**PARAMETER, "looser": text}}},
    "named parameter": lambda text: {"parameters": {"least": PARAMETER}, "where": f"severity = ${text}"},
}
TEST_DOORS: Mapping[str, Callable[[str], dict[str, object]]] = {
    "as_of": lambda text: {"as_of": text},
    "scope": lambda text: {"scope": text},
    "given type": lambda text: {"given": {text: []}},
    "given field": lambda text: {"given": {"incident": [{text: 1}]}},
    "given instant": lambda text: {"given": {"incident": [{"opened_at": text}]}},
    "given number": lambda text: {"given": {"incident": [{"severity": text}]}},
    "repeat": lambda text: {"given": {"incident": [{"repeat": text}]}},
    "incomplete": lambda text: {"incomplete": [text]},
    "never_collected": lambda text: {"never_collected": [text]},
    "expected answer": lambda text: {"expect": {"answer": text}},
    "expected count": lambda text: {"expect": {"answer": "yes", "counted": text}},
    "key": lambda text: {text: 1},
}
HARMLESS = {"vacuum", "checkpoint", "rollback"}
"""Words that are as good a name as any where somebody names a rule or a linked fact."""
PLACES_IN_A_QUERY = (
    "{}",
    "select service_id from incident where {}",
    "select service_id, {} as x from incident",
    "select service_id, count(*) as n from incident group by service_id having {}",
    "select i.service_id from incident i join change c on i.key = c.key and ({})",
    "select service_id, sum({}) as x from incident group by service_id",
    "select service_id from {}",
    "select service_id, count(*) as n from incident group by service_id, {}",
)
ALLOWED_IN_QUERIES = {"count(*) = 1", "severity, title"}
RULE_DOORS = {**EXPRESSION_DOORS, **VALUE_DOORS, **NAME_DOORS}


def refusal_of(value: Mapping[str, object]) -> str | None:
    """What is said of a rule, its tests included; None when it is taken."""
    try:
        rule = read_rule(with_inherited(document_of(value), {}))
        if rule.written.tests:
            list(run_rule_tests([rule]))
    except InvalidInputError as error:
        return str(error)
    return None


def asking(query: str) -> dict[str, object]:
    """The plain rule with a query in the place of its record type."""
    return {**{key: value for key, value in PLAIN_RULE.items() if key != "from"}, "query": query}
