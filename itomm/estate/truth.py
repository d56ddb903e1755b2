"""The true answer to every criterion: measured on the model's own events, or declared by the habits.

Nothing here goes through an API, a collector or a rule, so that all of these can be tested against it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from itomm.config.clock import format_instant
from itomm.estate.company import Company
from itomm.estate.handbook_pages import documents_of
from itomm.estate.measures import Answer, Definition, Measurement, graded, load_definitions
from itomm.estate.truth_delivery import DELIVERY
from itomm.estate.truth_infrastructure import INFRASTRUCTURE_MANAGEMENT
from itomm.estate.truth_registers import REGISTERED
from itomm.estate.truth_scope import Scope
from itomm.estate.truth_security import SECURITY
from itomm.estate.truth_support import SUPPORT

SCHEMA = "itomm-estate/truth/1"
MEASURES = {**DELIVERY, **SUPPORT, **INFRASTRUCTURE_MANAGEMENT, **SECURITY}
COMPANY_ONLY = frozenset(
    {"SD-AVC-5.1", "SD-CAP-3.2", "SD-IMP-2.1", "SD-IMP-3.1", "SD-IMP-4.1", "SD-IMP-5.1", "SS-INC-2.2"}
    | {"SM-IAM-4.2", "SM-SIR-2.1", "SM-SIR-3.2", "SM-GRC-2.1", "SM-GRC-3.1", "SS-REQ-2.1", "SS-REQ-3.1"}
    | {"IM-MON-3.2", "SM-IAM-2.1", "SM-IAM-3.1", "SM-IAM-4.1", "SM-SIR-3.1", "SS-REQ-4.2"}
    | {"SS-REQ-4.1", "SS-REQ-5.1", "SM-SIR-4.1", "SM-SIR-5.1", "SD-CAT-3.1", "IM-PIP-4.2"}
)
"""Criteria that make no sense for one service."""


def measures_of(company: Company) -> Mapping[str, Callable[[Scope], Measurement]]:
    """How each criterion is measured that the company's tools show."""
    return MEASURES if company.registers is None else {**MEASURES, **REGISTERED}


def truth_of(company: Company) -> dict[str, Any]:
    """All true answers, for the organisation and, where it makes sense, for each service."""
    documents = tuple(document for document, _ in documents_of(company))
    whole = Scope(company, documents)
    definitions, measures = load_definitions(), measures_of(company)
    organisation = {
        name: _of_organisation(whole, name, definition, measures.get(name)).document()
        for name, definition in definitions.items()
    }
    services = {
        service.id: {
            name: graded(
                definition, measures[name](replace(whole, service=service)), one_service=True
            ).document()
            for name, definition in definitions.items()
            if definition is not None and name in measures and name not in COMPANY_ONLY
        }
        for service in company.habits.services
    }
    return {
        "schema": SCHEMA,
        "as_of": format_instant(company.as_of),
        "organisation": organisation,
        "services": services,
    }


def _of_organisation(
    whole: Scope,
    name: str,
    definition: Definition | None,
    measure: Callable[[Scope], Measurement] | None,
) -> Answer:
    declared = whole.company.habits.declared.get(name)
    if declared is not None:
        return Answer(declared.answer, None, declared.why)
    if definition is None:
        return Answer("unknown", None, "only people can answer this, and nobody has")
    if measure is None:
        return Answer("unknown", None, "none of the company's tools shows this")
    return graded(definition, measure(whole), one_service=False)
