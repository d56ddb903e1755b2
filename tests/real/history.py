"""A made-up past in OpenMetrics text, whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

DAYS = 30
STEP = timedelta(minutes=15)
FAILED_HOURS_OF_DAY_10 = 6
"""The probe of ``checkout`` failed for the first six hours of one day, and never else."""


def past_until(now: datetime) -> datetime:
    """Where the made-up past ends: some hours before now, which belong to the server's own memory."""
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=4)


def first_midnight(now: datetime) -> datetime:
    """The first instant of the made-up past."""
    midnight = past_until(now).replace(hour=0)
    return midnight - timedelta(days=DAYS)


def open_metrics(now: datetime) -> str:
    """The past as OpenMetrics text, without its last line."""
    return "".join(f"{line}\n" for line in _lines(now))


def firing_times(now: datetime) -> list[tuple[datetime, datetime]]:
    """First and last minute of each firing of ``CheckoutDown``."""
    day = first_midnight(now) + timedelta(days=9)
    return [
        (day + timedelta(hours=1), day + timedelta(hours=1, minutes=30)),
        (day + timedelta(days=5, hours=12), day + timedelta(days=5, hours=12, minutes=3)),
    ]


def backup_times(now: datetime) -> list[datetime]:
    """When each backup succeeded: nightly at 02:00, but not in the last five nights."""
    return [first_midnight(now) + timedelta(days=day, hours=2) for day in range(DAYS - 5)]


def certificate_end(now: datetime) -> datetime:
    """When the certificate of ``checkout`` ends."""
    return first_midnight(now) + timedelta(days=80)


def _lines(now: datetime) -> Iterator[str]:
    start, end = first_midnight(now), past_until(now)
    instants = [start + STEP * index for index in range(int((end - start) / STEP) + 1)]
    yield from ("# TYPE up gauge", *(f'up{{job="checkout",instance="c1"}} 1 {_at(one)}' for one in instants))
    failing = start + timedelta(days=10), start + timedelta(days=10, hours=FAILED_HOURS_OF_DAY_10)
    probes = _every(start, end, timedelta(minutes=5))
    yield "# TYPE probe_success gauge"
    for one in probes:
        yield f'probe_success{{service="checkout"}} {0 if failing[0] <= one < failing[1] else 1} {_at(one)}'
    for name, value in (("MemAvailable", 25), ("MemTotal", 100)):
        yield f"# TYPE node_memory_{name}_bytes gauge"
        for one in instants:
            yield f'node_memory_{name}_bytes{{instance="c1",service="checkout"}} {value} {_at(one)}'
    yield "# TYPE backup_last_success_timestamp_seconds gauge"
    done = backup_times(now)
    for one in instants:
        before = [time for time in done if time <= one]
        if before:
            labels = '{service="checkout",data_set="orders",job="pgbackrest"}'
            yield f"backup_last_success_timestamp_seconds{labels} {before[-1].timestamp()} {_at(one)}"
    yield "# TYPE probe_ssl_earliest_cert_expiry gauge"
    for one in instants:
        labels = '{service="checkout",instance="https://checkout.example/"}'
        yield f"probe_ssl_earliest_cert_expiry{labels} {certificate_end(now).timestamp()} {_at(one)}"
    objective = '{sloth_id="checkout-a",sloth_service="checkout",sloth_slo="a"}'
    for name, number in (("objective:ratio", "0.995"), ("time_period:days", "28")):
        yield f"# TYPE slo:{name} gauge"
        for one in instants:
            yield f"slo:{name}{objective} {number} {_at(one)}"
    yield "# TYPE ALERTS gauge"
    labels = 'alertname="CheckoutDown",alertstate="firing",service="checkout",severity="critical"'
    for first, last in firing_times(now):
        for one in _every(first, last, timedelta(minutes=1)):
            yield f"ALERTS{{{labels}}} 1 {_at(one)}"


def _every(start: datetime, end: datetime, step: timedelta) -> list[datetime]:
    return [start + step * index for index in range(int((end - start) / step) + 1)]


def _at(instant: datetime) -> str:
    return str(int(instant.timestamp()))
