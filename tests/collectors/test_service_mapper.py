from __future__ import annotations

from itomm.collectors.framework.service_mapper import ServiceMapper
from itomm.config.settings import Service

SERVICES = (
    Service(id="checkout", keys={"jira": ("Checkout", "CO")}),
    Service(id="cart", keys={"jira": ("co", "Shared")}),
    Service(id="search", keys={"jira": ("shared",), "gitlab": ("acme/search",)}),
)


def test_names_are_tried_in_order_exactly_before_any_letter_case() -> None:
    mapper = ServiceMapper(SERVICES, "jira")
    assert mapper.resolve(["unheard", "Checkout", "Shared"]) == "checkout"
    assert mapper.resolve(["CHECKOUT", "Shared"]) == "cart"
    assert mapper.resolve(["CHECKOUT"]) == "checkout"


def test_a_name_that_differs_only_in_case_still_finds_its_own_service() -> None:
    mapper = ServiceMapper(SERVICES, "jira")
    assert mapper.resolve(["CO"]) == "checkout"
    assert mapper.resolve(["co"]) == "cart"


def test_a_name_that_two_services_claim_belongs_to_neither() -> None:
    mapper = ServiceMapper(SERVICES, "jira")
    assert mapper.resolve(["SHARED"]) is None
    assert mapper.resolve(["Co"]) is None


def test_a_service_without_names_for_a_source_is_known_by_its_id() -> None:
    mapper = ServiceMapper(SERVICES, "gitlab")
    assert mapper.resolve(["cart"]) == "cart"
    assert mapper.resolve(["search"]) is None


def test_no_name_is_no_service() -> None:
    assert ServiceMapper(SERVICES, "jira").resolve([]) is None
