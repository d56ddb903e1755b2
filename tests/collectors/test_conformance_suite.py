"""The suite passes a plug-in that keeps the contract, and finds each way in which one does not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest
import requests
from pydantic import ConfigDict

from itomm.collectors.conformance import Answer, Asked, HealthyTool, conformance_suite
from itomm.collectors.conformance.checks_healthy import is_named
from itomm.collectors.contract import (
    Check,
    CheckState,
    CollectionContext,
    CollectorSettings,
    NetworkedSettings,
    Stream,
)
from itomm.evidence.observation import Observation, Page, UnknownReason
from tests.collectors.training_tool import TOOL, TrainingCollector, TrainingSettings, answer, settings

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "conformance.md"

TestTraining = conformance_suite(TrainingCollector, settings, TOOL)


class LaxSettings(TrainingSettings):
    model_config = ConfigDict(extra="allow")


class OpenSettings(TrainingSettings):
    token: str | None = None
    url: str = ""


class Nameless(TrainingCollector):
    name = ""


class Silent(TrainingCollector):
    streams = (Stream("training_record", cursor_field="changed_at"),)


class Lax(TrainingCollector):
    settings_model: ClassVar[type[CollectorSettings]] = LaxSettings


class Open(TrainingCollector):
    settings_model: ClassVar[type[CollectorSettings]] = OpenSettings


class Hasty(TrainingCollector):
    def __init__(self, settings: CollectorSettings) -> None:
        super().__init__(settings)
        requests.get(self._settings.url, timeout=2)


class Random(TrainingCollector):
    numbers = count()

    def observation(self, row: Any, team: str) -> Observation:
        return dataclasses.replace(super().observation(row, team), source_ref=f"r{next(self.numbers)}")


class Untyped(TrainingCollector):
    def observation(self, row: Any, team: str) -> Observation:
        seen = super().observation(row, team)
        return dataclasses.replace(seen, fields={**seen.fields, "at": str(row["at"])})


class Alike(TrainingCollector):
    def observation(self, row: Any, team: str) -> Observation:
        return dataclasses.replace(super().observation(row, team), source_ref="the training")


class Astray(TrainingCollector):
    def observation(self, row: Any, team: str) -> Observation:
        return dataclasses.replace(super().observation(row, team), url="https://elsewhere.example/1")


class Talkative(TrainingCollector):
    def observation(self, row: Any, team: str) -> Observation:
        seen = super().observation(row, team)
        return dataclasses.replace(seen, fields={**seen.fields, "topic": f"for {row['person']}"}, raw={})


class Leaking(TrainingCollector):
    def observation(self, row: Any, team: str) -> Observation:
        return dataclasses.replace(super().observation(row, team), raw={"sent": "canary-secret-7c0e1f"})


class Pretending(TrainingCollector):
    def pages(self, *arguments: Any) -> Iterator[Page]:
        for page in super().pages(*arguments):
            yield dataclasses.replace(page, request=dataclasses.replace(page.request, url="http://other/"))


class Late(TrainingCollector):
    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        class Quiet:
            def __getattr__(self, name: str) -> Any:
                return getattr(context, name)

            def asked(self, scope: str) -> None:
                """Forget it."""

        quiet: Any = Quiet()
        yield from super().collect(stream, cursor, quiet)


class Forgetful(TrainingCollector):
    """Goes on behind the next page but one."""

    def pages(self, *arguments: Any) -> Iterator[Page]:
        for page in super().pages(*arguments):
            position = (page.checkpoint or {}).get("position")
            yield dataclasses.replace(
                page, checkpoint={**(page.checkpoint or {}), "position": position and position + 1}
            )


class Repeating(TrainingCollector):
    """Always goes on at the beginning of the scope."""

    def pages(self, *arguments: Any) -> Iterator[Page]:
        for page in super().pages(*arguments):
            yield dataclasses.replace(page, checkpoint={**(page.checkpoint or {}), "position": 1})


class Restless(TrainingCollector):
    """Asks in other words each time."""

    numbers = count()

    def pages(self, session: requests.Session, *arguments: Any) -> Iterator[Page]:
        session.params = {"nonce": str(next(self.numbers))}
        return super().pages(session, *arguments)


class Shortened(TrainingCollector):
    """Knows less of a record when it reads what changed."""

    changed = False

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        self.changed = cursor is not None
        return super().collect(stream, cursor, context)

    def observation(self, row: Any, team: str) -> Observation:
        seen = super().observation(row, team)
        return dataclasses.replace(seen, fields={**seen.fields, "topic": "?"}) if self.changed else seen


class Lazy(TrainingCollector):
    """Brings nothing when it is asked for what changed."""

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        return iter(()) if cursor else super().collect(stream, cursor, context)


class Modest(TrainingCollector):
    """Says that it cannot tell what it tells."""

    streams = (
        Stream("training_record", cursor_field="changed_at", needs="role reader", cannot_tell=("topic",)),
    )


class Misspelt(TrainingCollector):
    """Says that it cannot tell what there is not."""

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        context.cannot_tell("subject", "the tool has none")
        return super().collect(stream, cursor, context)


class Careless(TrainingCollector):
    """Takes whatever comes for an answer."""

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        try:
            yield from super().collect(stream, cursor, context)
        except Exception:  # noqa: BLE001  the fault that is to be found
            return


class Trusting(TrainingCollector):
    """Does not look whether a page was there before."""

    def pages(
        self, session: requests.Session, team: str, page: int, cursor: str | None, context: CollectionContext
    ) -> Iterator[Page]:
        class Blind:
            last_request = property(lambda _: context.last_request)

            def unseen(self, token: str) -> bool:
                return False

        blind: Any = Blind()
        return super().pages(session, team, page, cursor, blind)


class Checkless(TrainingCollector):
    def check(self, context: CollectionContext) -> list[Check]:
        return [Check("all is well", CheckState.OK)]


class Secretive(TrainingCollector):
    def check(self, context: CollectionContext) -> list[Check]:
        return [Check(each.title, each.state, each.detail) for each in super().check(context)]


class Trustful(TrainingCollector):
    """Follows the link in an answer, with a session of its own."""

    def rows(self, response: requests.Response) -> list[Any]:
        found = super().rows(response)
        for row in found[:1]:
            requests.get(str(row["link"]), timeout=2)
        return found


class Wandering(TrainingCollector):
    """Asks with a session of its own, which follows redirects."""

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        requests.get(f"{self._settings.url}/api/apps/trainings", timeout=2)
        yield from super().collect(stream, cursor, context)


class Narrow(TrainingCollector):
    """Gives up when one team is refused."""

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        undenied: Any = Undenied(context)
        pages = list(super().collect(stream, cursor, undenied))
        yield from pages


class Undenied:
    """Passes a refusal on as a failure of the whole."""

    def __init__(self, context: CollectionContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def refused(self, scope: str, reason: UnknownReason, detail: str) -> None:
        self._context.incomplete(reason, detail)


MUTANTS: dict[type[TrainingCollector], str] = {
    Nameless: "test_declaration_is_sound",
    Silent: "test_streams_name_the_right_they_need",
    Lax: "test_settings_refuse_unknown_keys",
    Open: "test_settings_refuse_literal_secrets",
    Hasty: "test_making_one_asks_nothing",
    Random: "test_two_readings_give_the_same_pages",
    Untyped: "test_records_fit_their_type",
    Modest: "test_what_it_cannot_tell_is_empty",
    Misspelt: "test_what_it_cannot_tell_is_empty",
    Alike: "test_records_have_names_of_their_own",
    Astray: "test_records_link_to_the_source",
    Talkative: "test_people_stand_in_fields_for_people_only",
    Leaking: "test_no_secret_leaves",
    Pretending: "test_pages_name_requests_that_were_made",
    Late: "test_scopes_are_named_before_they_are_asked",
    Forgetful: "test_a_killed_run_ends_as_if_it_had_not_been",
    Repeating: "test_a_killed_run_asks_for_one_page_twice_at_most",
    Restless: "test_what_was_answered_is_not_asked_again",
    Shortened: "test_what_changed_is_a_part_of_everything",
    Lazy: "test_everything_changed_is_everything",
    Careless: "test_fault_503_for_ever",
    Trusting: "test_fault_fewer_rows_a_page_than_asked_for",
    Checkless: "test_check_finds_a_healthy_source_healthy",
    Trustful: "test_addresses_in_answers_are_not_asked",
    Wandering: "test_redirects_elsewhere_are_not_followed",
    Narrow: "test_fault_403_on_one_scope",
    Secretive: "test_check_names_the_scope_that_is_refused",
}


def failure(suite: type, test: str) -> str:
    """What a test of a suite says; empty when it passes."""
    try:
        getattr(suite(), test)()
    except AssertionError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_plug_in_that_breaks_the_contract_fails_the_test_for_it(
    mutant: type[TrainingCollector],
) -> None:
    assert failure(conformance_suite(mutant, settings, TOOL), MUTANTS[mutant])


def test_a_careless_plug_in_fails_after_most_faults() -> None:
    suite = conformance_suite(Careless, settings, TOOL)
    faults = ("401", "a_web_page_with_200", "reset_in_every_page", "a_redirect_to_another_host")
    assert all("calls itself complete" in failure(suite, f"test_fault_{fault}") for fault in faults)


def test_an_address_with_a_password_is_found() -> None:
    suite = conformance_suite(Open, settings, TOOL)
    assert "password" in failure(suite, "test_settings_refuse_a_password_in_the_address")


def test_a_suite_has_a_test_for_each_promise() -> None:
    tests = [name for name in dir(TestTraining) if name.startswith("test_")]
    assert len(tests) >= 55


def test_every_test_of_the_suite_is_documented() -> None:
    documented = PAGE.read_text(encoding="utf-8")
    assert [
        name for name in vars(TestTraining) if name.startswith("test_") and f"`{name}`" not in documented
    ] == []


def test_what_a_tool_has_no_part_of_has_no_test() -> None:
    def static(asked: Asked) -> Answer:
        return answer(asked)

    plain = conformance_suite(TrainingCollector, settings, HealthyTool(static))
    assert not [name for name in dir(plain) if "scope" in name or "page_token" in name or "people" in name]


def test_a_plug_in_without_a_network_is_tested_for_its_declaration_and_settings_only() -> None:
    class Local(TrainingCollector):
        settings_model: ClassVar[type[CollectorSettings]] = CollectorSettings

    suite = conformance_suite(Local, lambda _: {}, TOOL)
    assert len([name for name in dir(suite) if name.startswith("test_")]) == 4


def test_a_tool_with_one_scope_is_refused_since_none_could_be_left() -> None:
    with pytest.raises(ValueError, match="at least two scopes"):
        HealthyTool(answer, scopes={"apps": "/api/apps/"})


def test_a_tool_that_falls_over_is_told_from_a_plug_in_that_does() -> None:
    def broken(asked: Asked) -> Answer:
        raise KeyError("rows")

    suite: Callable[[], Any] = conformance_suite(TrainingCollector, settings, HealthyTool(broken))
    with pytest.raises(RuntimeError, match=r"the healthy tool raised KeyError"):
        suite().test_a_healthy_source_is_complete()


def test_the_settings_are_those_of_any_networked_source() -> None:
    assert issubclass(TrainingSettings, NetworkedSettings)


@pytest.mark.parametrize("text", ["by ada", "'ada'", "people/ada_lovelace", "ada@acme.test", "person:ada"])
def test_a_name_is_found_wherever_it_stands_by_itself(text: str) -> None:
    assert is_named("ada", text)


def test_letters_of_a_pseudonym_are_no_name() -> None:
    assert not is_named("ada", "person:9f3ada41c07be2")
