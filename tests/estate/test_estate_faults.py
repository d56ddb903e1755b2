from __future__ import annotations

import time
from email.utils import format_datetime
from typing import Any

import gitlab
import pytest
import requests

from itomm.estate.estate import Estate
from itomm.estate.faults import KINDS
from itomm.estate.http_exchange import TOKEN
from itomm.estate.server import EstateServer

PATH = "/gitlab/api/v4/projects"


def _get(server: EstateServer, path: str = PATH, **more: Any) -> requests.Response:
    return requests.get(
        server.url + path, headers={"PRIVATE-TOKEN": TOKEN}, timeout=10, allow_redirects=False, **more
    )


@pytest.mark.parametrize("kind", ["500", "503", "401", "403", "404"])
def test_a_status_fault_answers_with_that_status_until_cleared(
    estate_server: EstateServer, kind: str
) -> None:
    estate_server.faults.add(PATH, kind)
    assert _get(estate_server).status_code == int(kind)
    assert _get(estate_server, "/gitlab/api/v4/version").status_code == 200
    estate_server.faults.clear()
    assert _get(estate_server).status_code == 200


def test_an_expired_token_is_told_in_the_words_of_gitlab(estate_server: EstateServer) -> None:
    estate_server.faults.add("/gitlab/", "401")
    assert _get(estate_server).json()["error"] == "invalid_token"


def test_both_forms_of_retry_after_are_possible(estate_server: EstateServer) -> None:
    date = format_datetime(estate_server.estate.as_of, usegmt=True)
    estate_server.faults.add(PATH, "429", times=1, retry_after=3, rate_limit_reset=1_800_000_000)
    estate_server.faults.add(PATH, "429", times=1, retry_after=date)
    first, second, third = _get(estate_server), _get(estate_server), _get(estate_server)
    assert (first.status_code, first.headers["Retry-After"]) == (429, "3")
    assert first.headers["RateLimit-Reset"] == "1800000000"
    assert (second.status_code, second.headers["Retry-After"]) == (429, date)
    assert third.status_code == 200


def test_a_fault_can_wait_and_can_end(estate_server: EstateServer) -> None:
    estate_server.faults.add(PATH, "500", times=2, after=1)
    assert [_get(estate_server).status_code for _ in range(4)] == [200, 500, 500, 200]


def test_a_fault_can_be_bound_to_words_of_the_request(estate_server: EstateServer) -> None:
    estate_server.faults.add(PATH, "403", containing="archived=false")
    assert _get(estate_server).status_code == 200
    assert _get(estate_server, params={"archived": "false"}).status_code == 403


def test_an_encoded_path_meets_the_fault_of_its_decoded_form(estate_server: EstateServer) -> None:
    estate_server.faults.add(f"{PATH}/acme/checkout", "404")
    assert _get(estate_server, f"{PATH}/acme%2Fcheckout").status_code == 404


def test_a_login_page_comes_with_status_200(estate_server: EstateServer) -> None:
    estate_server.faults.add(PATH, "html")
    answer = _get(estate_server)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    client = gitlab.Gitlab(f"{estate_server.url}/gitlab", private_token=TOKEN, timeout=10)
    with pytest.raises(gitlab.GitlabParsingError):
        client.projects.list(get_all=True)


def test_a_body_can_be_no_json(estate_server: EstateServer) -> None:
    estate_server.faults.add(PATH, "not_json")
    with pytest.raises(requests.JSONDecodeError):
        _get(estate_server).json()


def test_a_body_can_be_cut_short(estate_server: EstateServer) -> None:
    estate_server.faults.add(PATH, "truncated")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        _get(estate_server)


def test_a_connection_can_be_reset(estate_server: EstateServer) -> None:
    estate_server.faults.add(PATH, "reset", times=1)
    with pytest.raises(requests.ConnectionError):
        _get(estate_server)
    assert _get(estate_server).status_code == 200


def test_a_body_can_drip(estate_server: EstateServer) -> None:
    estate_server.faults.add(PATH, "slow", seconds=0.3)
    began = time.perf_counter()
    assert _get(estate_server).json()
    assert time.perf_counter() - began > 0.2


def test_stopping_the_server_ends_a_drip(small_estate: Estate) -> None:
    server = EstateServer(small_estate)
    server.faults.add(PATH, "slow", seconds=600)
    began = time.perf_counter()
    with requests.Session() as session:
        headers = {"PRIVATE-TOKEN": TOKEN}
        answer = session.get(server.url + PATH, headers=headers, timeout=10, stream=True)
        server.stop()
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            _ = answer.content
    assert time.perf_counter() - began < 5


def test_a_redirect_leads_to_another_host(estate_server: EstateServer) -> None:
    estate_server.faults.add(PATH, "redirect", location="http://other.invalid/")
    answer = _get(estate_server)
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://other.invalid/")


@pytest.mark.parametrize("paging", ["", "&pagination=keyset&order_by=id"])
@pytest.mark.parametrize("kind", ["repeated_token", "endless"])
def test_gitlab_pages_can_go_on_for_ever(estate_server: EstateServer, kind: str, paging: str) -> None:
    estate_server.faults.add(PATH, kind)
    url = f"{estate_server.url}{PATH}?per_page=2{paging}"
    links = []
    for _ in range(4):
        answer = requests.get(url, headers={"PRIVATE-TOKEN": TOKEN}, timeout=10)
        assert answer.json()
        url = answer.links["next"]["url"]
        links.append(url)
    assert len(set(links)) == (1 if kind == "repeated_token" else 4)


@pytest.mark.parametrize("kind", ["repeated_token", "endless"])
def test_jira_cloud_pages_can_go_on_for_ever(estate_server: EstateServer, kind: str) -> None:
    estate_server.faults.add("/jira/rest/api/3/search/jql", kind)
    tokens: list[str] = []
    for _ in range(4):
        answer = requests.post(
            f"{estate_server.url}/jira/rest/api/3/search/jql",
            json={
                "jql": "project = SEC",
                "fields": ["summary"],
                "nextPageToken": tokens[-1] if tokens else None,
            },
            auth=("a@b.example", TOKEN),
            timeout=10,
        ).json()
        assert answer["issues"]
        tokens.append(answer["nextPageToken"])
    assert len(set(tokens)) == (1 if kind == "repeated_token" else 4)


def test_jira_data_center_can_promise_more_than_it_has(estate_server: EstateServer) -> None:
    estate_server.faults.add("/jira-dc/rest/api/2/search", "endless")
    answer = requests.get(
        f"{estate_server.url}/jira-dc/rest/api/2/search?jql=project=SEC&startAt=5000",
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=10,
    ).json()
    assert answer["issues"]
    assert answer["total"] > 5000


def test_faults_can_be_set_over_http(estate_server: EstateServer) -> None:
    control = f"{estate_server.url}/_estate/faults"
    fault = {"prefix": PATH, "kind": "429", "times": 1, "retry_after": 9}
    assert requests.post(control, json=fault, timeout=10).status_code == 201
    assert _get(estate_server).headers["Retry-After"] == "9"
    requests.post(control, json={"prefix": PATH, "kind": "500"}, timeout=10)
    assert requests.delete(control, timeout=10).status_code == 200
    assert _get(estate_server).status_code == 200
    wrong = requests.post(control, json={"prefix": PATH, "kind": "sad"}, timeout=10)
    assert wrong.status_code == 400
    assert all(kind in wrong.text for kind in KINDS)


def test_an_unknown_fault_is_refused(estate_server: EstateServer) -> None:
    with pytest.raises(ValueError, match="no kind of fault"):
        estate_server.faults.add("/", "sad")


def test_the_server_remembers_what_it_was_asked(estate_server: EstateServer) -> None:
    _get(estate_server, params={"page": "1"})
    assert estate_server.requests == [("GET", f"{PATH}?page=1")]
    assert requests.get(f"{estate_server.url}/nowhere", timeout=10).status_code == 404
