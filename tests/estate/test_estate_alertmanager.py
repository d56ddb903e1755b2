from __future__ import annotations

from typing import Any

import requests
import yaml

from itomm.estate.server import EstateServer


def _get(server: EstateServer, path: str) -> Any:
    answer = requests.get(f"{server.url}/alertmanager/{path}", timeout=10)
    answer.raise_for_status()
    return answer.json()


def test_the_configuration_has_routes_and_masked_secrets(estate_server: EstateServer) -> None:
    status = _get(estate_server, "api/v2/status")
    assert {"cluster", "config", "uptime", "versionInfo"} == set(status)
    configuration = yaml.safe_load(status["config"]["original"])
    pager = configuration["route"]["routes"][0]
    assert pager["receiver"] == "web-pager"
    assert 'service=~"checkout"' in pager["matchers"]
    receivers = {receiver["name"]: receiver for receiver in configuration["receivers"]}
    assert receivers["web-pager"]["pagerduty_configs"][0]["routing_key"] == "<secret>"
    assert set(receivers["null"]) == {"name"}


def test_silences_say_who_why_and_until_when(estate_server: EstateServer) -> None:
    silences = _get(estate_server, "api/v2/silences")
    assert {silence["status"]["state"] for silence in silences} == {"active", "expired"}
    assert any(silence["comment"] == "" for silence in silences)
    assert all(silence["endsAt"] > silence["startsAt"] for silence in silences)


def test_alerts_that_fire_are_listed_with_fingerprint_and_receiver(estate_server: EstateServer) -> None:
    firing = [one for one in estate_server.estate.company.monitoring.episodes if one.ended_at is None]
    alerts = _get(estate_server, "api/v2/alerts")
    assert len(alerts) == len(firing)
    assert len({alert["fingerprint"] for alert in alerts}) == len(alerts)
    grouped = _get(estate_server, "api/v2/alerts/groups")
    assert sum(len(group["alerts"]) for group in grouped) == len(alerts)


def test_it_is_ready_and_names_its_receivers(estate_server: EstateServer) -> None:
    assert requests.get(f"{estate_server.url}/alertmanager/-/ready", timeout=10).text == "OK"
    assert {"name": "operations-email"} in _get(estate_server, "api/v2/receivers")
