"""Series and samples as Prometheus answers them, typed; samples that are no numbers are left out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from itomm.collectors.contract import SourceError
from itomm.collectors.payload import Payload, mapping_of, rows_of

Labels = Mapping[str, str]

_NOT_IDENTITY = frozenset({"__name__", "alertstate"})


@dataclass(frozen=True)
class Sample:
    """A number at an instant."""

    at: datetime
    value: float


@dataclass(frozen=True)
class Series:
    """The labels of a series and its samples, oldest first; ``raw`` is what the server sent of it."""

    labels: Labels
    samples: tuple[Sample, ...]
    raw: Payload = field(repr=False)

    @property
    def identity(self) -> str:
        """The labels that tell this series from others, in PromQL's own notation and a stable order."""
        return identity_of(self.labels)


def identity_of(labels: Labels) -> str:
    """Labels in PromQL's notation, sorted, without the metric's name."""
    pairs = [f"{name}={_quoted(labels[name])}" for name in sorted(labels) if name not in _NOT_IDENTITY]
    return "{" + ",".join(pairs) + "}"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def series_of(result: object) -> list[Series]:
    """The series of a query's result, in the order of their labels so that equal answers give equal records.

    Raises:
        SourceError: the result is not a list of series.
    """
    if not isinstance(result, list):
        raise SourceError("Prometheus answered a query with something that is not a list of series.")
    found = [_series(row) for row in rows_of(result)]
    return sorted(found, key=lambda series: series.identity)


def _series(row: Payload) -> Series:
    labels = {str(name): str(value) for name, value in mapping_of(row.get("metric")).items()}
    values = row.get("values")
    pairs: Sequence[object] = values if isinstance(values, list) else [row.get("value")]
    samples = tuple(sample for sample in map(_sample, pairs) if sample is not None)
    return Series(labels, samples, row)


def _sample(pair: object) -> Sample | None:
    if not (isinstance(pair, list | tuple) and len(pair) == 2):
        return None
    try:
        seconds, value = float(pair[0]), float(pair[1])
    except (TypeError, ValueError):
        return None
    if not math.isfinite(value):
        return None
    return Sample(datetime.fromtimestamp(seconds, UTC), value)


def service_keys(labels: Labels, names: Sequence[str]) -> tuple[str, ...]:
    """The values of the labels that may name a service, best first."""
    return tuple(labels[name] for name in names if labels.get(name))


def first_label(labels: Labels, names: Sequence[str]) -> str | None:
    """The value of the first of these labels that is set."""
    return next((labels[name] for name in names if labels.get(name)), None)


def instant_from_epoch(seconds: float) -> datetime | None:
    """An instant, or None for zero, negative and absurd values, which exporters use for "never"."""
    if not 0 < seconds < _YEAR_9999:
        return None
    return datetime.fromtimestamp(round(seconds), UTC)


_YEAR_9999 = 253_370_764_800
