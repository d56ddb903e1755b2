"""Text is read as the bytes say, not as a wrong label does; what cannot be read is said."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from itomm.collectors.conformance import Answer, MisbehavingServer
from itomm.collectors.contract import SourceError
from itomm.collectors.framework.adapter import GuardedAdapter

MakeAdapter = Callable[..., GuardedAdapter]
SessionOf = Callable[[GuardedAdapter], requests.Session]

TEXT = '{"title": "Café ☕ 李伟"}'


@pytest.fixture
def answer_of(
    server: MisbehavingServer, make_adapter: MakeAdapter, session_of: SessionOf
) -> Callable[[Answer], requests.Response]:
    def asked(answer: Answer) -> requests.Response:
        server.on("/a", answer)
        return session_of(make_adapter()).get(f"{server.url}/a")

    return asked


AnswerOf = Callable[[Answer], requests.Response]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize(
    "label", ["application/json", "application/json; charset=iso-8859-1", "application/json; charset=utf-8"]
)
def test_json_is_read_as_its_bytes_say(answer_of: AnswerOf, encoding: str, label: str) -> None:
    response = answer_of(Answer(200, TEXT.encode(encoding), {"Content-Type": label}))
    assert response.json() == {"title": "Café ☕ 李伟"}


def test_utf_8_under_the_name_of_plain_text_is_not_garbled(answer_of: AnswerOf) -> None:
    assert answer_of(Answer(200, TEXT.encode(), {"Content-Type": "text/plain"})).text == TEXT


def test_json_in_the_old_encoding_that_its_label_names_is_read(answer_of: AnswerOf) -> None:
    body = '{"title": "Café"}'.encode("iso-8859-1")
    response = answer_of(Answer(200, body, {"Content-Type": "application/json; charset=iso-8859-1"}))
    assert response.json() == {"title": "Café"}


def test_json_that_is_not_what_it_says_is_refused_and_not_patched(answer_of: AnswerOf) -> None:
    body = '{"title": "Café"}'.encode("iso-8859-1")
    with pytest.raises(SourceError, match="in another encoding than it says"):
        answer_of(Answer(200, body, {"Content-Type": "application/json; charset=utf-8"}))


def test_a_file_that_is_no_text_is_left_alone(answer_of: AnswerOf) -> None:
    body = b"\xff\xd8\xff\xe0 a picture"
    response = answer_of(Answer(200, body, {"Content-Type": "application/octet-stream"}))
    assert response.content == body


def test_an_error_keeps_its_status_whatever_its_bytes(answer_of: AnswerOf) -> None:
    body = '{"message": "gelöscht"}'.encode("iso-8859-1")
    assert answer_of(Answer(410, body, {"Content-Type": "application/json"})).status_code == 410
