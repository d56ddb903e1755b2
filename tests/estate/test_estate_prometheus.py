from __future__ import annotations

import math
from datetime import timedelta

import pytest
import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException

from itomm.collectors.prometheus import queries
from itomm.estate.prometheus_samples import compact
from itomm.estate.server import EstateServer
from itomm.estate.working_time import midnight

CAPACITY = [
    template.format(expression=expression)
    for template in (queries.CAPACITY_P95, queries.CAPACITY_MAX)
    for expression in queries.CAPACITY.values()
]
EXPRESSIONS = [
    queries.AVAILABILITY,
    queries.AVAILABILITY_SAMPLES,
    *CAPACITY,
    queries.OBJECTIVE,
    queries.OBJECTIVE_PERIOD_DAYS,
    queries.FIRING,
    queries.OLDEST_SAMPLE,
    queries.CERTIFICATE_EXPIRY,
    queries.BACKUP_LAST_SUCCESS,
]


@pytest.fixture
def prometheus(estate_server: EstateServer) -> PrometheusConnect:
    return PrometheusConnect(url=f"{estate_server.url}/prometheus", retry=0)


def _get(server: EstateServer, path: str, **query: str) -> requests.Response:
    return requests.get(f"{server.url}/prometheus/api/v1/{path}", params=query, timeout=10)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_expression_of_the_collector_is_answered(
    prometheus: PrometheusConnect, estate_server: EstateServer, expression: str
) -> None:
    end = midnight(estate_server.estate.as_of)
    step = "60" if expression == queries.FIRING else "86400"
    days = 7 if expression == queries.FIRING else 60
    found = prometheus.custom_query_range(expression, end - timedelta(days=days), end, step)
    assert found
    assert prometheus.custom_query(f"  {expression} ") is not None


def test_white_space_outside_of_quotes_does_not_matter() -> None:
    assert compact('a  + b{c="d e"}') == compact('a+b{ c="d e" }')
    assert compact('a{c="d e"}') != compact('a{c="de"}')


def test_an_unknown_expression_is_refused_in_the_form_of_prometheus(prometheus: PrometheusConnect) -> None:
    with pytest.raises(PrometheusApiClientException, match="does not evaluate"):
        prometheus.custom_query("sum(rate(other[5m]))")


def test_the_connection_check_of_the_client_succeeds(prometheus: PrometheusConnect) -> None:
    assert prometheus.check_prometheus_connection()


def test_too_many_points_are_refused(estate_server: EstateServer) -> None:
    answer = _get(estate_server, "query_range", query=queries.FIRING, start="0", end="700000", step="60")
    assert answer.status_code == 400
    assert answer.json()["errorType"] == "bad_data"
    assert "11,000 points" in answer.json()["error"]


def test_a_firing_alert_has_one_sample_a_minute_and_its_labels(estate_server: EstateServer) -> None:
    company = estate_server.estate.company
    episode = next(one for one in company.monitoring.episodes if one.ended_at is not None)
    assert episode.ended_at is not None
    end = episode.ended_at + timedelta(minutes=5)
    start = episode.started_at - timedelta(minutes=5)
    answer = _get(
        estate_server,
        "query_range",
        query=queries.FIRING,
        start=str(start.timestamp()),
        end=str(end.timestamp()),
        step="60s",
    )
    series = {row["metric"]["alertname"]: row for row in answer.json()["data"]["result"]}[episode.rule.name]
    assert len(series["values"]) == (episode.ended_at - episode.started_at) // timedelta(minutes=1)
    assert series["values"][0] == [int(episode.started_at.timestamp()), "1"]
    assert {"severity", "service"} <= set(series["metric"])


def test_an_availability_at_midnight_is_that_of_the_day_before(
    prometheus: PrometheusConnect, estate_server: EstateServer
) -> None:
    company = estate_server.estate.company
    days = company.monitoring.days["checkout"]
    worst = min(days, key=lambda day: days[day].availability)
    at = worst + timedelta(days=1)
    found = prometheus.custom_query_range(queries.AVAILABILITY, at, at, "86400")
    assert float(found[0]["values"][0][1]) == pytest.approx(days[worst].availability)
    assert days[worst].availability < 1


def test_nothing_is_known_before_the_retention(
    prometheus: PrometheusConnect, estate_server: EstateServer
) -> None:
    company = estate_server.estate.company
    end = midnight(company.as_of)
    found = prometheus.custom_query_range(queries.OLDEST_SAMPLE, end - timedelta(days=300), end, "86400")
    assert found[0]["values"][0][0] == company.monitoring.history_start.timestamp()
    runtime = _get(estate_server, "status/runtimeinfo").json()["data"]
    assert runtime["storageRetention"] == "130d"


def test_some_values_are_not_a_number(prometheus: PrometheusConnect, estate_server: EstateServer) -> None:
    end = midnight(estate_server.estate.as_of)
    memory = queries.CAPACITY_P95.format(expression=queries.CAPACITY["memory"])
    found = prometheus.custom_query_range(memory, end - timedelta(days=60), end, "86400")
    values = [float(value) for row in found for _, value in row["values"]]
    assert any(math.isnan(value) for value in values)
    assert sum(math.isnan(value) for value in values) < 10


def test_rules_carry_labels_annotations_and_health(estate_server: EstateServer) -> None:
    groups = _get(estate_server, "rules", type="alert").json()["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert {rule["type"] for rule in rules} == {"alerting"}
    assert any("14.4" in rule["query"] for rule in rules)
    assert any("predict_linear" in rule["query"] for rule in rules)
    assert any(rule["duration"] == 0 for rule in rules)
    assert any("runbook_url" in rule["annotations"] for rule in rules)
    recording = _get(estate_server, "rules", type="record").json()["data"]["groups"]
    assert {rule["type"] for group in recording for rule in group["rules"]} == {"recording"}


def test_an_unmonitored_service_appears_nowhere(estate_server: EstateServer) -> None:
    targets = _get(estate_server, "targets").json()["data"]["activeTargets"]
    services = {target["labels"].get("service") for target in targets}
    assert "checkout" in services
    assert "legacy-erp" not in services
    assert {"labels", "health", "lastScrape", "scrapeUrl", "discoveredLabels"} <= set(targets[0])
    assert _get(estate_server, "label/service/values").json()["data"] == ["checkout"]


def test_a_partial_response_carries_warnings(estate_server: EstateServer) -> None:
    estate_server.faults.add("/prometheus/api/v1/query", "warnings")
    assert _get(estate_server, "query", query=queries.OLDEST_SAMPLE).json()["warnings"]
    estate_server.faults.clear()
    assert "warnings" not in _get(estate_server, "query", query=queries.OLDEST_SAMPLE).json()


def test_a_posted_query_is_read_too(estate_server: EstateServer) -> None:
    url = f"{estate_server.url}/prometheus/api/v1/query"
    answer = requests.post(url, data={"query": queries.CERTIFICATE_EXPIRY}, timeout=10)
    labels = answer.json()["data"]["result"][0]["metric"]
    assert labels["service"] == "checkout"
    assert labels["instance"].startswith("https://")
