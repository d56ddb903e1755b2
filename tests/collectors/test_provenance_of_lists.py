"""A request that repeats a parameter is kept whole."""

from itomm.collectors.framework.provenance import request_made


def test_a_repeated_parameter_is_kept_as_a_list() -> None:
    made = request_made("GET", "https://jira.example/search?fields=key&jql=project%3DOPS&fields=status", 200)

    assert made.query == {"fields": "key,status", "jql": "project=OPS"}
    assert made.url == "https://jira.example/search"
