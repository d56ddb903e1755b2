"""A roadmap's steps become tickets: shown first, made once, linked in the ledger, never a reason to score."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.door import Called, Door
from tests.trackers.boards import TOKEN, Board, BoardServer, Fault

pytestmark = pytest.mark.usefixtures("answers_found_once")

KINDS = ("cloud", "data_center", "gitlab")
NOW = "2026-11-03T08:00:00Z"
AIM = ("--scope", "checkout", "--practice", "IM-BKP", "--to", "5")


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[BoardServer]:
    with BoardServer(request.param) as served:
        yield served


@pytest.fixture
def one_board(request: pytest.FixtureRequest) -> Iterator[BoardServer]:
    del request
    with BoardServer("gitlab") as served:
        yield served


@pytest.fixture
def config(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ITOMM_BOARD_TOKEN", TOKEN)
    return workspace


def with_board(config: Path, server: BoardServer) -> Board:
    text = config.read_text(encoding="utf-8")
    config.write_text(f"{text}\n{server.settings}", encoding="utf-8")
    return server.board


def exported(door: Door, config: Path, *more: str) -> Called:
    return door("export", "tickets", *AIM, *more, "--now", NOW, "--config", config)


def tickets_of(done: Called) -> list[dict[str, Any]]:
    assert done.code == 0, done.err
    tickets: list[dict[str, Any]] = done.document["tickets"]
    return tickets


CREATE = ("--create", "--by", "ann", "--output", "json")
SHOW = ("--output", "json")


def test_steps_are_shown_first_made_once_and_found_again(
    config: Path, itomm_at_the_door: Door, server: BoardServer
) -> None:
    board = with_board(config, server)
    shown = tickets_of(exported(itomm_at_the_door, config, *SHOW))
    assert len(shown) >= 2
    assert {each["state"] for each in shown} == {"new"}
    assert board.posted == 0, "a preview writes nothing"

    made = tickets_of(exported(itomm_at_the_door, config, *CREATE))
    assert [each["state"] for each in made] == ["made"] * len(shown)
    assert board.posted == len(shown)
    assert [each.title for each in board.tickets] == [each["title"] for each in shown]
    assert board.tickets[0].labels == ["itomm", f"itomm-checkout-{shown[0]['criterion']}", "operations"]
    assert all(each["url"].startswith(f"{server.url}/") for each in made), "only to the configured address"
    assert all(TOKEN in token or token.startswith("Basic ") for token in board.tokens)

    board.page_size = 1
    again = tickets_of(exported(itomm_at_the_door, config, *CREATE))
    assert {each["state"] for each in again} == {"open"}
    assert [each["ticket"] for each in again] == [each["ticket"] for each in made]
    assert board.posted == len(shown), "nothing is made twice"
    assert itomm_at_the_door("verify", "--config", config).code == 0


def test_a_closed_ticket_changes_no_score_and_is_made_anew_only_when_asked(
    config: Path, itomm_at_the_door: Door, one_board: BoardServer
) -> None:
    board = with_board(config, one_board)
    score = ("score", "--config", config, "--output", "json")
    before = itomm_at_the_door(*score).out
    number = len(tickets_of(exported(itomm_at_the_door, config, *CREATE)))
    for ticket in board.tickets:
        ticket.closed = True

    assert itomm_at_the_door(*score).out == before
    closed = tickets_of(exported(itomm_at_the_door, config, *CREATE))
    assert {each["state"] for each in closed} == {"closed"}
    assert board.posted == number
    anew = tickets_of(exported(itomm_at_the_door, config, "--again", *CREATE))
    assert {each["state"] for each in anew} == {"made"}
    assert board.posted == 2 * number
    assert {each["state"] for each in tickets_of(exported(itomm_at_the_door, config, *SHOW))} == {"open"}

    board.tickets.clear()
    assert {each["state"] for each in tickets_of(exported(itomm_at_the_door, config, *SHOW))} == {"not_found"}


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("refuse", "answered 403"),
        ("cut_before_making", "could not be reached"),
        ("elsewhere", "sends us on to https://elsewhere.example"),
    ],
)
def test_what_was_made_before_a_failure_is_kept_and_the_rest_is_made_later(
    config: Path, itomm_at_the_door: Door, server: BoardServer, fault: Fault, told: str
) -> None:
    board = with_board(config, server)
    board.fault, board.at_ticket = fault, 2
    failed = exported(itomm_at_the_door, config, *CREATE)
    assert (failed.code, failed.out) == (3, "")
    said = " ".join(failed.err.split())
    assert told in said
    assert "1 of " in said
    assert TOKEN not in said
    assert len(board.tickets) == 1

    states = [each["state"] for each in tickets_of(exported(itomm_at_the_door, config, *CREATE))]
    assert states == ["open", *["made"] * (len(states) - 1)]
    assert len(board.tickets) == len(states)


@pytest.mark.parametrize("fault", ["cut_after_making", "busy"])
def test_a_broken_or_busy_connection_makes_no_second_ticket(
    config: Path, itomm_at_the_door: Door, server: BoardServer, fault: Fault
) -> None:
    board = with_board(config, server)
    board.fault, board.at_ticket = fault, 2
    made = tickets_of(exported(itomm_at_the_door, config, *CREATE))
    assert {each["state"] for each in made} == {"made"}
    assert len(board.tickets) == len(made)


def test_a_preview_reads_well_and_says_how_to_go_on(
    config: Path, itomm_at_the_door: Door, one_board: BoardServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    without = exported(itomm_at_the_door, config)
    assert "itomm.yaml names no tracker" in without.out
    assert exported(itomm_at_the_door, config, "--create", "--by", "ann").code == 2
    with_board(config, one_board)
    shown = exported(itomm_at_the_door, config)
    assert "Nothing was written." in shown.out
    assert "--create --by YOU makes" in shown.out
    assert all(len(line) <= 80 for line in shown.out.splitlines())
    assert "Say who" in exported(itomm_at_the_door, config, "--create").err
    unknown = exported(itomm_at_the_door, config, "--tracker", "bord")
    assert "board" in unknown.err
