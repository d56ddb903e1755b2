"""Makes a class of tests for one plug-in, one test for each thing it must keep."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from itomm.collectors.conformance import (
    checks_check,
    checks_declared,
    checks_forgery,
    checks_going_on,
    checks_healthy,
    checks_limits,
)
from itomm.collectors.conformance.faults import FAULTS, Fault, Where
from itomm.collectors.conformance.healthy_tool import HealthyTool
from itomm.collectors.conformance.judging import problems_after
from itomm.collectors.conformance.meeting import meet
from itomm.collectors.conformance.trial import VARIABLE, SettingsAt, Subject
from itomm.collectors.contract import Collector
from itomm.collectors.discovery import declaration_faults

Check = Callable[[Subject], Iterable[str]]

_DECLARED: tuple[Check, ...] = (
    checks_declared.streams_name_the_right_they_need,
    checks_declared.settings_refuse_unknown_keys,
    checks_declared.settings_refuse_literal_secrets,
)

_ALWAYS: tuple[Check, ...] = (
    checks_declared.settings_refuse_a_password_in_the_address,
    checks_declared.making_one_asks_nothing,
    checks_healthy.a_healthy_source_is_complete,
    checks_healthy.every_stream_brings_records,
    checks_healthy.two_readings_give_the_same_pages,
    checks_healthy.records_fit_their_type,
    checks_healthy.what_it_cannot_tell_is_empty,
    checks_healthy.records_have_names_of_their_own,
    checks_healthy.records_link_to_the_source,
    checks_healthy.pages_name_requests_that_were_made,
    checks_healthy.nothing_is_changed_in_the_tool,
    checks_healthy.no_secret_leaves,
    checks_going_on.a_killed_run_ends_as_if_it_had_not_been,
    checks_going_on.a_killed_run_asks_for_one_page_twice_at_most,
    checks_going_on.what_was_answered_is_not_asked_again,
    checks_check.check_finds_a_healthy_source_healthy,
    checks_check.check_tells_what_is_wrong_and_what_to_do,
    checks_forgery.redirects_elsewhere_are_not_followed,
    checks_forgery.addresses_in_answers_are_not_asked,
    checks_limits.the_deadline_is_kept,
    checks_limits.the_budget_of_requests_is_kept,
)

_WITH_SCOPES: tuple[Check, ...] = (
    checks_healthy.scopes_are_named_before_they_are_asked,
    checks_check.check_names_the_scope_that_is_refused,
)

_WITH_CURSORS: tuple[Check, ...] = (
    checks_going_on.what_changed_is_a_part_of_everything,
    checks_going_on.everything_changed_is_everything,
)


def conformance_suite(
    collector: type[Collector], settings: SettingsAt, tool: HealthyTool, *, variable: str = VARIABLE
) -> type:
    """A class of tests; give it a name that begins with ``Test`` and pytest runs them.

    What the tool has no part of (scopes, pages, people, an empty day) and what the collector does not offer
    (cursors) has no test. A collector that is declared wrongly has only the test that says so; one without
    a network only those of its declaration and settings.

    Args:
        collector: the plug-in.
        settings: given a URL, the settings of a source there, as in ``itomm.yaml`` without ``collector``.
        tool: how the tool answers on a good day.
        variable: the environment variable that holds the token; refer to it in the settings.
    """
    tests = {"test_declaration_is_sound": _declaration_test(collector)}
    if not declaration_faults(collector):
        subject = Subject(collector, settings, tool, variable=variable)
        tests |= {f"test_{check.__name__}": _test(subject, check) for check in _checks(subject)}
        tests |= {_name(fault): _fault_test(subject, fault) for fault in _faults(subject)}
    return type("ConformanceSuite", (), tests)


def _checks(subject: Subject) -> list[Check]:
    if not checks_declared.is_networked(subject):
        return [*_DECLARED]
    checks = [*_DECLARED, *_ALWAYS]
    if subject.tool.scopes:
        checks += _WITH_SCOPES
    if subject.tool.people:
        checks.append(checks_healthy.people_stand_in_fields_for_people_only)
    if subject.tool.empty is not None:
        checks.append(checks_healthy.an_empty_source_is_complete_and_empty)
    if checks_going_on.has_cursors(subject):
        checks += _WITH_CURSORS
    return checks


def _faults(subject: Subject) -> list[Fault]:
    """The faults that can be met."""
    if not checks_declared.is_networked(subject):
        return []
    return [
        fault
        for fault in FAULTS.values()
        if not (fault.where is Where.SCOPE and not subject.tool.scopes)
        and not (fault.tool is not None and subject.tool.paging is None)
    ]


def _name(fault: Fault) -> str:
    words = re.sub(r"\W+", "_", fault.name.lower())
    return f"test_fault_{words}"


def _declaration_test(collector: type[Collector]) -> Callable[[object], None]:
    def test(_self: object) -> None:
        """Name, title, settings and streams are what the framework takes."""
        _fail_with(declaration_faults(collector))

    return test


def _test(subject: Subject, check: Check) -> Callable[[object], None]:
    def test(_self: object) -> None:
        _fail_with(check(subject))

    test.__doc__ = check.__doc__
    return test


def _fault_test(subject: Subject, fault: Fault) -> Callable[[object], None]:
    def test(_self: object) -> None:
        reading = meet(subject, fault)
        if reading is not None:
            _fail_with(problems_after(subject, fault, reading))

    test.__doc__ = f"After {fault.name}, every stream must {fault.must}."
    return test


def _fail_with(problems: Iterable[str]) -> None:
    found = list(problems)
    if found:
        raise AssertionError("\n".join(found))
