"""The Prometheus HTTP API v1, as far as a collector reads it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from itomm.estate.company import Company
from itomm.estate.http_exchange import Request, Response, json_response, page
from itomm.estate.monitoring import AlertRule
from itomm.estate.prometheus_samples import Grid, Series, evaluate

MAXIMUM_POINTS = 11_000  # Prometheus' own limit
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}


class PrometheusApi:
    """Answers requests under /prometheus/."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._endpoints: Mapping[str, Callable[[Request], Response]] = {
            "query": self._query,
            "query_range": self._query_range,
            "rules": self._rules,
            "alerts": self._alerts,
            "targets": self._targets,
            "labels": self._labels,
            "series": self._series,
            "status/buildinfo": lambda _: _success(
                {"version": "2.53.3", "revision": "0", "branch": "HEAD", "goVersion": "go1.22.7"}
            ),
            "status/runtimeinfo": self._runtime,
            "status/tsdb": self._database,
            "status/flags": lambda _: _success(
                {"storage.tsdb.retention.time": f"{company.habits.retention_days}d"}
            ),
        }

    def answer(self, request: Request) -> Response:
        """The response to one request."""
        path = request.path.removeprefix("/prometheus/")
        if path in {"-/ready", "-/healthy"}:
            return Response(200, b"Prometheus Server is Ready.\n", "text/plain; charset=utf-8")
        if not path.startswith("api/v1/"):
            return page("Prometheus (stand-in)", request.one("g0.expr"))
        if request.method == "POST":
            request = request.form()
        name = path.removeprefix("api/v1/")
        if name.startswith("label/") and name.endswith("/values"):
            return _success(self._label_values(name.removeprefix("label/").removesuffix("/values")))
        endpoint = self._endpoints.get(name)
        return endpoint(request) if endpoint else Response(404, b"404 page not found\n", "text/plain")

    def _query(self, request: Request) -> Response:
        instant = _instant(request.one("time")) if request.one("time") else self._company.as_of
        if instant is None:
            return _bad_data(f'invalid parameter "time": cannot parse "{request.one("time")}"')
        expression = request.one("query")
        found = evaluate(self._company, expression, Grid((instant,)))
        if found is None:
            return _not_evaluated(expression)
        result = [{"metric": dict(series.labels), "value": _pair(*series.points[0])} for series in found]
        return _success({"resultType": "vector", "result": result}, request)

    def _query_range(self, request: Request) -> Response:
        start, end = _instant(request.one("start")), _instant(request.one("end"))
        step = _seconds(request.one("step"))
        if start is None or end is None or step is None or step <= 0:
            return _bad_data('invalid parameter "start", "end" or "step"')
        if end < start:
            return _bad_data('invalid parameter "end": end timestamp must not be before start time')
        if (end - start).total_seconds() / step > MAXIMUM_POINTS:
            return _bad_data(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                "Try decreasing the query resolution (?step=XX)"
            )
        number = int((end - start).total_seconds() // step) + 1
        width = timedelta(seconds=step)
        expression = request.one("query")
        grid = Grid(tuple(start + width * turn for turn in range(number)))
        found = evaluate(self._company, expression, grid)
        if found is None:
            return _not_evaluated(expression)
        return _success({"resultType": "matrix", "result": [_matrix(series) for series in found]}, request)

    def _rules(self, request: Request) -> Response:
        groups: dict[str, list[object]] = {}
        for rule in self._company.monitoring.rules:
            groups.setdefault(rule.group, []).append(self._alerting(rule))
        if request.one("type") != "alert":
            groups["slo"] = [self._recording("slo:objective:ratio"), self._recording("slo:time_period:days")]
        if request.one("type") == "record":
            groups = {"slo": groups["slo"]}
        rows = [
            {
                "name": name,
                "file": f"/etc/prometheus/rules/{name}.yml",
                "rules": rules,
                "interval": 60,
                "limit": 0,
                "evaluationTime": 0.0021,
                "lastEvaluation": _rfc3339(self._company.as_of),
            }
            for name, rules in groups.items()
        ]
        return _success({"groups": rows})

    def _alerting(self, rule: AlertRule) -> dict[str, object]:
        row: dict[str, object] = {
            "state": "inactive",
            "name": rule.name,
            "query": rule.expression,
            "duration": int(rule.hold.total_seconds()),
            "keepFiringFor": 0,
            "labels": dict(rule.labels),
            "annotations": dict(rule.annotations),
            "alerts": self._firing_alerts(rule),
            "health": rule.health,
            "evaluationTime": 0.0004,
            "lastEvaluation": _rfc3339(self._company.as_of),
            "type": "alerting",
        }
        if row["alerts"]:
            row["state"] = "firing"
        if rule.health == "err":
            row["lastError"] = "vector cannot contain metrics with the same labelset"
        return row

    def _recording(self, name: str) -> dict[str, object]:
        return {
            "name": name,
            "query": "vector(0.99)",
            "health": "ok",
            "evaluationTime": 0.0001,
            "lastEvaluation": _rfc3339(self._company.as_of),
            "type": "recording",
        }

    def _firing_alerts(self, rule: AlertRule) -> list[object]:
        return [
            {
                "labels": dict(episode.labels),
                "annotations": dict(rule.annotations),
                "state": "firing",
                "activeAt": _rfc3339(episode.started_at - rule.hold),
                "value": "1e+00",
            }
            for episode in self._company.monitoring.episodes
            if episode.rule is rule and episode.ended_at is None
        ]

    def _alerts(self, request: Request) -> Response:
        del request
        rows = [row for rule in self._company.monitoring.rules for row in self._firing_alerts(rule)]
        return _success({"alerts": rows})

    def _targets(self, request: Request) -> Response:
        del request
        rows = []
        for target in self._company.monitoring.targets:
            labels = {"instance": target.instance, "job": target.job}
            if target.service is not None:
                labels["service"] = target.service
            rows.append(
                {
                    "discoveredLabels": {"__address__": target.instance, "job": target.job},
                    "labels": labels,
                    "scrapePool": target.job,
                    "scrapeUrl": target.url,
                    "globalUrl": target.url,
                    "lastError": "" if target.health == "up" else "context deadline exceeded",
                    "lastScrape": _rfc3339(self._company.as_of - timedelta(seconds=11)),
                    "lastScrapeDuration": 0.0137,
                    "health": target.health,
                    "scrapeInterval": "30s",
                    "scrapeTimeout": "10s",
                }
            )
        return _success({"activeTargets": rows, "droppedTargets": [], "droppedTargetCounts": {}})

    def _label_values(self, label: str) -> list[str]:
        targets = self._company.monitoring.targets
        rules = self._company.monitoring.rules
        if label == "service":
            return sorted({target.service for target in targets if target.service})
        if label in {"job", "instance"}:
            return sorted({target.job if label == "job" else target.instance for target in targets})
        if label == "alertname":
            return sorted({rule.name for rule in rules})
        return sorted({rule.labels[label] for rule in rules if label in rule.labels})

    def _labels(self, request: Request) -> Response:
        del request
        return _success(
            ["__name__", "alertname", "alertstate", "instance", "job", "service", "severity", "team"]
        )

    def _series(self, request: Request) -> Response:
        rows = [
            {"__name__": "up", "instance": target.instance, "job": target.job}
            for target in self._company.monitoring.targets
        ]
        return _success(rows if request.one("match[]").startswith("up") else [])

    def _runtime(self, request: Request) -> Response:
        del request
        return _success(
            {
                "startTime": _rfc3339(self._company.monitoring.history_start),
                "CWD": "/prometheus",
                "reloadConfigSuccess": True,
                "lastConfigTime": _rfc3339(self._company.as_of - timedelta(days=2)),
                "corruptionCount": 0,
                "goroutineCount": 61,
                "GOMAXPROCS": 2,
                "storageRetention": f"{self._company.habits.retention_days}d",
            }
        )

    def _database(self, request: Request) -> Response:
        del request
        milliseconds = int(self._company.monitoring.history_start.timestamp() * 1000)
        head = {
            "numSeries": 4821,
            "numLabelPairs": 913,
            "chunkCount": 19212,
            "minTime": milliseconds,
            "maxTime": int(self._company.as_of.timestamp() * 1000),
        }
        return _success({"headStats": head, "seriesCountByMetricName": [{"name": "up", "value": 40}]})


def _matrix(series: Series) -> dict[str, object]:
    return {"metric": dict(series.labels), "values": [_pair(*point) for point in series.points]}


def _pair(instant: datetime, value: float) -> list[object]:
    seconds = instant.timestamp()
    text = "NaN" if math.isnan(value) else f"{value:.12g}"
    return [int(seconds) if seconds == int(seconds) else seconds, text]


def _success(data: object, request: Request | None = None) -> Response:
    document: dict[str, object] = {"status": "success", "data": data}
    if request is not None and "warnings" in request.behaviours:
        document["warnings"] = ["PromQL warning: partial response, one store did not answer"]
    return json_response(document)


def _bad_data(text: str) -> Response:
    return json_response({"status": "error", "errorType": "bad_data", "error": text}, 400)


def _not_evaluated(expression: str) -> Response:
    return _bad_data(f'the stand-in Prometheus does not evaluate this expression: "{expression}"')


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError):
        pass
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return None
    return value if value.tzinfo else None


def _seconds(text: str) -> float | None:
    """A step: a number of seconds or a duration with one unit."""
    for unit in sorted(_UNITS, key=len, reverse=True):
        if text.endswith(unit) and text.removesuffix(unit).isdecimal():
            return float(text.removesuffix(unit)) * _UNITS[unit]
    try:
        return float(text)
    except ValueError:
        return None


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
