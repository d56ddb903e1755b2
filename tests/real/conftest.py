from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from itomm.config.clock import system_clock
from tests.real.history import open_metrics
from tests.real.servers import RunningServer, start_alertmanager, start_prometheus

KUBE_PROMETHEUS = Path(__file__).parents[1] / "data" / "kube_prometheus"

OWN_RULES = """
groups:
  - name: checkout
    rules:
      - alert: AlwaysFiring
        expr: vector(1)
        labels: {severity: page, service: checkout, team: shop}
        annotations: {summary: Fires at once, runbook_url: https://runbooks.example/always}
"""

ALERTMANAGER = """
route:
  receiver: nobody
  routes:
    - matchers: ['severity="page"', 'service="checkout"']
      receiver: shop-on-call
      routes:
        - match: {team: shop}
          receiver: shop-chat
    - match_re: {service: "cart|catalogue"}
      receiver: nobody
receivers:
  - name: nobody
  - name: shop-on-call
    pagerduty_configs: [{service_key: 0123456789abcdef0123456789abcdef}]
  - name: shop-chat
    slack_configs: [{api_url: https://hooks.slack.example/services/T0/B0/verysecret, channel: '#shop'}]
    webhook_configs: [{url: http://127.0.0.1:9/}]
"""


@pytest.fixture(scope="session")
def now() -> datetime:
    return system_clock().replace(microsecond=0)


@pytest.fixture(scope="session")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with start_alertmanager(tmp_path_factory.mktemp("alertmanager"), ALERTMANAGER) as server:
        yield server


@pytest.fixture(scope="session")
def prometheus(
    tmp_path_factory: pytest.TempPathFactory, alertmanager: RunningServer, now: datetime
) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("prometheus")
    own_rules = folder / "own.rules.yml"
    own_rules.write_text(OWN_RULES, encoding="utf-8")
    with start_prometheus(
        folder,
        history=open_metrics(now),
        rule_files=[*sorted(KUBE_PROMETHEUS.glob("*.rules.yml")), own_rules],
        scrape=["127.0.0.1:1"],
        alertmanager=alertmanager.url,
    ) as server:
        yield server
