"""The PromQL that the Prometheus collector asks, in one place, so that an auditor can repeat it.

Every expression returns one series per thing, labelled ``service`` where the server knows it. Range
queries are aligned to midnight UTC with a step of one day, except firing alerts (one minute).
"""

from __future__ import annotations

AVAILABILITY = "avg by (service) (avg_over_time(probe_success[1d]))"
AVAILABILITY_SAMPLES = "avg by (service) (clamp_max(count_over_time((probe_success)[1d:5m]) / 288, 1))"

CAPACITY = {
    "cpu": '1 - avg by (service, instance) (rate(node_cpu_seconds_total{mode="idle"}[5m]))',
    "memory": "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes",
    "disk": '1 - node_filesystem_avail_bytes{fstype!~"tmpfs|overlay"} / '
    'node_filesystem_size_bytes{fstype!~"tmpfs|overlay"}',
}
CAPACITY_P95 = "quantile_over_time(0.95, ({expression})[1d:15m])"
CAPACITY_MAX = "max_over_time(({expression})[1d:15m])"

OBJECTIVE = "slo:objective:ratio"
OBJECTIVE_PERIOD_DAYS = "slo:time_period:days"

FIRING = 'ALERTS{alertstate="firing"}'
OLDEST_SAMPLE = "count(up)"

CERTIFICATE_EXPIRY = "probe_ssl_earliest_cert_expiry"
BACKUP_LAST_SUCCESS = "backup_last_success_timestamp_seconds"
