"""A list ends where its server says so; anything else that looks like an end makes the stream incomplete."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from itomm.collectors.contract import SourceError
from itomm.collectors.http_json.paging import (
    Answered,
    Position,
    Step,
    link_parameters,
    parameters,
    step_after,
)
from itomm.collectors.http_json.settings import Paging

URL = "https://desk.example/api/tickets"


def after(
    paging: Mapping[str, object],
    rows: int,
    body: object = None,
    position: Position = Position(),  # noqa: B008  frozen
    **headers: str,
) -> Step:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return step_after(Paging.model_validate(paging), position, Answered(URL, body or {}, named, rows))


NUMBER = {"by": "number", "parameter": "page", "size": 50, "size_parameter": "per_page"}
OFFSET = {"by": "offset", "parameter": "start", "total": "total"}
CURSOR = {"by": "cursor", "parameter": "after", "next": "meta.next", "size": 50}
LINK = {"by": "link"}


def test_pages_are_counted_from_the_declared_first_one() -> None:
    second = Position(pages=1, rows=50)
    assert parameters(Paging.model_validate(NUMBER), second) == {"per_page": "50", "page": "2"}
    assert parameters(Paging.model_validate({**NUMBER, "first": 0}), second)["page"] == "1"


def test_an_offset_is_the_number_of_rows_that_came_not_of_those_asked_for() -> None:
    paging = Paging.model_validate({**OFFSET, "size": 100, "size_parameter": "limit"})
    assert parameters(paging, Position(pages=1, rows=37)) == {"limit": "100", "start": "37"}


def test_a_short_page_is_no_end() -> None:
    assert after(NUMBER, 3) == Step(Position(1, 3))
    assert after(CURSOR, 3, {"meta": {"next": "x"}}) == Step(Position(1, 3, "x"))


def test_an_empty_page_ends_a_list_of_numbered_pages() -> None:
    assert after(NUMBER, 0, position=Position(4, 200)) == Step(None)


def test_an_empty_page_before_the_announced_number_of_rows_is_a_lack() -> None:
    step = after(OFFSET, 0, {"total": 90}, Position(1, 50))
    assert step == Step(None, "the tool announced 90 rows and sent 50")


def test_a_list_ends_with_the_announced_number_of_rows() -> None:
    assert after(OFFSET, 40, {"total": 90}, Position(1, 50)) == Step(None)
    assert after(OFFSET, 39, {"total": "90"}, Position(1, 50)) == Step(Position(2, 89))
    counted = {**NUMBER, "total_header": "X-Total"}
    assert after(counted, 5, X_Total="5") == Step(None)


@pytest.mark.parametrize("told", [{}, {"total": None}, {"total": True}, {"total": "many"}])
def test_a_number_of_rows_that_is_declared_but_not_told_is_a_lack(told: dict[str, object]) -> None:
    assert after(OFFSET, 40, told).lack == "the answer does not say at 'total' how many rows there are"


def test_a_flag_says_whether_there_is_more() -> None:
    flagged = {**NUMBER, "more": "has_more"}
    assert after(flagged, 50, {"has_more": False}) == Step(None)
    assert after(flagged, 50, {"has_more": True}) == Step(Position(1, 50))
    assert "there is more after 50 rows" in after(flagged, 0, {"has_more": True}, Position(1, 50)).lack
    with pytest.raises(SourceError, match="does not say at 'has_more'"):
        after(flagged, 50, {"more": True})


def test_a_flag_wins_over_a_token_that_is_always_there() -> None:
    flagged = {**CURSOR, "more": "has_more"}
    assert after(flagged, 50, {"has_more": False, "meta": {"next": "last"}}) == Step(None)


@pytest.mark.parametrize("end", [None, ""])
def test_a_cursor_ends_without_a_token(end: str | None) -> None:
    assert after(CURSOR, 3, {"meta": {"next": end}}) == Step(None)
    assert after(CURSOR, 50, {"meta": {"next": end}}, Position(1, 50, "x")) == Step(None)


def test_an_empty_page_with_a_token_is_no_end() -> None:
    assert after(CURSOR, 0, {"meta": {"next": "x"}}) == Step(Position(1, 0, "x"))


@pytest.mark.parametrize("paging", [CURSOR, {**LINK, "size": 50}])
def test_a_full_first_page_that_names_no_next_one_may_go_on(paging: dict[str, object]) -> None:
    assert "the first page is full (50 rows) and names no next one" in after(paging, 50).lack
    assert after(paging, 49) == Step(None)
    assert after({**paging, "total": "total"}, 50, {"total": 50}) == Step(None)
    assert after({**paging, "more": "more"}, 50, {"more": False}) == Step(None)


def test_a_token_may_be_a_number_but_no_object() -> None:
    assert after(CURSOR, 3, {"meta": {"next": 17}}) == Step(Position(1, 3, "17"))
    with pytest.raises(SourceError, match=r"no text at 'meta\.next'"):
        after(CURSOR, 3, {"meta": {"next": {"id": 1}}})


@pytest.mark.parametrize(
    "link", [f"{URL}?page=2&q=a%20b", "?page=2&q=a%20b", "/elsewhere?page=2&q=a%20b", "https://DESK.example:443/x?page=2&q=a%20b"]
)  # fmt: skip
def test_of_a_link_only_the_query_is_used(link: str) -> None:
    in_body = after({"by": "link", "next": "next"}, 50, {"next": link})
    in_header = after(LINK, 50, Link=f'<{URL}?page=1>; rel="first", <{link}>; rel="next"')
    assert in_body == in_header == Step(Position(1, 50, "page=2&q=a%20b"))
    assert in_body.following is not None
    assert link_parameters(Paging(by="link"), in_body.following) == [("page", "2"), ("q", "a b")]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/api?page=2",
        "//evil.example/?page=2",
        "http://desk.example/api?page=2",
        "http://[",
    ],
)
def test_a_link_to_another_host_is_not_followed(link: str) -> None:
    with pytest.raises(SourceError, match="leads to another host"):
        after({"by": "link", "next": "next"}, 50, {"next": link})


def test_a_list_without_paging_that_names_a_next_page_lacks_it() -> None:
    assert after({}, 50) == Step(None)
    assert "names a next page" in after({}, 50, Link=f'<{URL}?page=2>; rel="next"').lack
    assert after({"total": "n"}, 50, {"n": 90}).lack == "the tool announced 90 rows and sent 50"


def test_a_position_survives_a_checkpoint() -> None:
    position = Position(3, 150, "page=4")
    assert Position(**position.as_json()) == position
