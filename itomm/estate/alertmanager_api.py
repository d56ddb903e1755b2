"""The Alertmanager API v2, as far as a collector reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

import yaml

from itomm.estate.chance import digest
from itomm.estate.company import Company
from itomm.estate.http_exchange import Request, Response, iso_milliseconds, json_response
from itomm.estate.monitoring import Episode, Silence

DEFAULT_RECEIVER = "operations-email"
_MASKED = "<secret>"  # how Alertmanager shows secrets


def pager_receiver(team: str) -> str:
    """The receiver that pages a team."""
    return f"{team}-pager"


def paged_services(company: Company) -> dict[str, list[str]]:
    """Team to the services whose pages reach its pager, in order of the catalogue."""
    paged: dict[str, list[str]] = {}
    for service in company.habits.services:
        if service.habits.monitoring.monitored and service.habits.monitoring.pages_reach_a_pager:
            paged.setdefault(service.team, []).append(service.id)
    return paged


class AlertmanagerApi:
    """Answers requests under /alertmanager/."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def answer(self, request: Request) -> Response:
        """The response to one request."""
        path = request.path.removeprefix("/alertmanager/")
        if path in {"-/ready", "-/healthy"}:
            return Response(200, b"OK", "text/plain; charset=utf-8")
        answers: Mapping[str, Callable[[], object]] = {
            "api/v2/status": self._status,
            "api/v2/receivers": lambda: [{"name": name} for name in self._receiver_names()],
            "api/v2/silences": lambda: [self._silence(one) for one in self._company.monitoring.silences],
            "api/v2/alerts": self._alerts,
            "api/v2/alerts/groups": self._groups,
        }
        if path not in answers:
            return json_response({"code": 404, "message": f"path {request.path} was not found"}, 404)
        return json_response(answers[path]())

    def _receiver_names(self) -> list[str]:
        return [DEFAULT_RECEIVER, *(pager_receiver(team) for team in paged_services(self._company)), "null"]

    def _status(self) -> Mapping[str, object]:
        return {
            "cluster": {"name": "01ESTATE", "peers": [], "status": "ready"},
            "config": {"original": configuration_text(self._company)},
            "uptime": iso_milliseconds(self._company.as_of - timedelta(days=12)),
            "versionInfo": {
                "branch": "HEAD",
                "buildDate": "20260801-09:00:00",
                "buildUser": "root@estate",
                "goVersion": "go1.22.7",
                "revision": "0",
                "version": "0.27.0",
            },
        }

    def _receiver(self, episode: Episode) -> str:
        paged = paged_services(self._company)
        for team, services in paged.items():
            if episode.rule.severity == "page" and episode.rule.service in services:
                return pager_receiver(team)
        return DEFAULT_RECEIVER

    def _alerts(self) -> list[dict[str, object]]:
        return [
            self._alert(episode) for episode in self._company.monitoring.episodes if episode.ended_at is None
        ]

    def _alert(self, episode: Episode) -> dict[str, object]:
        silenced = [
            silence.id
            for silence in self._company.monitoring.silences
            if silence.service == episode.rule.service
            and silence.starts_at <= self._company.as_of < silence.ends_at
        ]
        return {
            "annotations": dict(episode.rule.annotations),
            "endsAt": iso_milliseconds(self._company.as_of + timedelta(minutes=4)),
            "fingerprint": digest("alert", *sorted(episode.labels.items()))[:16],
            "receivers": [{"name": self._receiver(episode)}],
            "startsAt": iso_milliseconds(episode.started_at),
            "status": {
                "inhibitedBy": [],
                "silencedBy": silenced,
                "state": "suppressed" if silenced else "active",
            },
            "updatedAt": iso_milliseconds(self._company.as_of - timedelta(seconds=40)),
            "generatorURL": f"http://prometheus.acme.example/graph?g0.expr={episode.rule.name}",
            "labels": dict(episode.labels),
        }

    def _groups(self) -> list[dict[str, object]]:
        groups: dict[str, list[dict[str, object]]] = {}
        for alert in self._alerts():
            labels = alert["labels"]
            service = str(labels.get("service", "")) if isinstance(labels, dict) else ""
            groups.setdefault(service, []).append(alert)
        return [
            {"alerts": alerts, "labels": {"service": service}, "receiver": {"name": DEFAULT_RECEIVER}}
            for service, alerts in groups.items()
        ]

    def _silence(self, silence: Silence) -> dict[str, object]:
        now = self._company.as_of
        state = "pending" if now < silence.starts_at else "expired" if now >= silence.ends_at else "active"
        return {
            "id": silence.id,
            "status": {"state": state},
            "updatedAt": iso_milliseconds(silence.starts_at),
            "comment": silence.comment,
            "createdBy": silence.creator,
            "endsAt": iso_milliseconds(silence.ends_at),
            "matchers": [{"isEqual": True, "isRegex": False, "name": "service", "value": silence.service}],
            "startsAt": iso_milliseconds(silence.starts_at),
        }


def configuration_text(company: Company) -> str:
    """The configuration as Alertmanager shows it, secrets masked."""
    paged = paged_services(company)
    routes: list[dict[str, object]] = [
        {
            "receiver": pager_receiver(team),
            "matchers": ['severity="page"', f'service=~"{"|".join(services)}"'],
            "continue": False,
            "group_wait": "30s",
            "repeat_interval": "4h",
        }
        for team, services in paged.items()
    ]
    routes.append({"receiver": "null", "matchers": ['alertname="Watchdog"'], "continue": False})
    receivers: list[dict[str, object]] = [
        {
            "name": DEFAULT_RECEIVER,
            "email_configs": [
                {"send_resolved": False, "to": "operations@acme.example", "smarthost": "mail:25"}
            ],
        }
    ]
    for team in paged:
        chat = [{"send_resolved": True, "api_url": _MASKED, "channel": f"#{team}"}]
        pager = [{"send_resolved": True, "routing_key": _MASKED, "severity": "critical"}]
        receivers.append({"name": pager_receiver(team), "pagerduty_configs": pager, "slack_configs": chat})
    receivers.append({"name": "null"})
    document = {
        "global": {"resolve_timeout": "5m", "smtp_auth_password": _MASKED, "slack_api_url": _MASKED},
        "route": {"receiver": DEFAULT_RECEIVER, "group_by": ["alertname", "service"], "routes": routes},
        "inhibit_rules": [],
        "receivers": receivers,
        "templates": [],
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
