from __future__ import annotations

import pytest

from itomm.collectors.prometheus.expressions import is_burn_rate, is_forecast, saturated_resources


@pytest.mark.parametrize(
    ("expression", "burning"),
    [
        ("err:ratio_rate1h > (14.4 * 0.001) and err:ratio_rate5m > (14.4 * 0.001)", True),
        (
            "(sum(rate(e[1h])) / rate(t[1h]) > (14.4 * 0.0050)) and (sum(rate(e[5m])) > (14.4 * 0.0050))",
            True,
        ),
        ("rate(e[1h]) > 14.4 * (1 - 0.999) and rate(e[5m]) > 14.4 * (1 - 0.999)", True),
        ("rate(e[1h]) > (1 - 0.999) * 14.4 and rate(e[5m]) > (1 - 0.999) * 14.4", True),
        ("apiserver_request:burnrate1d > 3 and apiserver_request:burnrate2h > 3", True),
        ("rate(e[5m]) > (14.4 * 0.001)", False),  # one window
        ("rate(e[5m]) > 0.05 and rate(e[1h]) > 0.05", False),  # no budget factor
        ("rate(e[5m:1m]) > 14.4 * 0.001 and rate(e[1h:1m]) > 14.4 * 0.001", True),
        ("up == 0", False),
    ],
)
def test_a_burn_rate_alert_has_two_windows_and_a_budget(expression: str, burning: bool) -> None:
    assert is_burn_rate(expression, {}) is burning


def test_rules_made_by_sloth_and_pyrra_are_known_by_their_labels() -> None:
    assert is_burn_rate("x", {"sloth_id": "a"})
    assert is_burn_rate("x", {"pyrra_dev_team": "a"})
    assert not is_burn_rate("x", {"slo": "a"})


@pytest.mark.parametrize(
    ("expression", "forecast"),
    [
        ("predict_linear(node_filesystem_avail_bytes[6h], 86400) < 0", True),
        ("deriv (queue_size[1h]) > 0", True),
        ("double_exponential_smoothing(x[1d], 0.5, 0.5) > 1", True),
        ("my_predict_linear_total > 1", False),
        ("derivative_total(x) > 1", False),
    ],
)
def test_a_forecast_calls_a_function_that_looks_ahead(expression: str, forecast: bool) -> None:
    assert is_forecast(expression) is forecast


@pytest.mark.parametrize(
    ("expression", "kinds"),
    [
        ('1 - rate(node_cpu_seconds_total{mode="idle"}[5m]) > 0.9', ["cpu"]),
        ("node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < 0.1", ["memory"]),
        ("node_filesystem_avail_bytes / node_filesystem_size_bytes < 0.1", ["disk"]),
        ("node_filesystem_files_free / node_filesystem_files < 0.1", ["inode"]),
        ("kubelet_volume_stats_inodes_free < 100", ["inode"]),
        ("kubelet_volume_stats_available_bytes < 100", ["disk"]),
        (
            "pg_stat_database_numbackends_backends > 90 or pgbouncer_pools_client_active_connections > 5",
            ["connections"],
        ),
        ('rabbitmq_queue_messages{queue="orders"} > 1000', ["queue"]),
        ("up == 0", []),
    ],
)
def test_resources_are_told_by_metric_names(expression: str, kinds: list[str]) -> None:
    assert saturated_resources(expression) == kinds
