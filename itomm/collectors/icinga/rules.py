"""Checks that notify somebody, as alerting rules."""

from __future__ import annotations

from collections.abc import Iterator

from itomm.collectors.contract import CollectionContext
from itomm.collectors.icinga.api import IcingaApi
from itomm.collectors.icinga.checkables import Checkable, checkables, seconds_of
from itomm.collectors.icinga.notifications import checked_by, read_notifications
from itomm.collectors.icinga.settings import IcingaSettings
from itomm.collectors.payload import text_of
from itomm.evidence.observation import Observation, Page

SATURATION = {
    "disk": "disk",
    "disk-windows": "disk",
    "load": "cpu",
    "load-windows": "cpu",
    "mem": "memory",
    "memory-windows": "memory",
    "swap": "memory",
    "swap-windows": "memory",
}
"""Resource kinds that the check commands of Icinga's template library watch."""

_STATE_UNKNOWN = 3


def rule_pages(api: IcingaApi, settings: IcingaSettings, _context: CollectionContext) -> Iterator[Page]:
    """One page with every host and service that has a notification and may notify."""
    commands: dict[tuple[str, str], set[str]] = {}
    for row in read_notifications(api):
        commands.setdefault(checked_by(row), set()).add(str(row.get("command", "")))
    found = [
        _rule(one, commands[one.host, one.service or ""], settings)
        for one in checkables(api)
        if (one.host, one.service or "") in commands and one.attributes.get("enable_notifications") is True
    ]
    yield Page(tuple(found), api.last_request)


def _rule(checkable: Checkable, commands: set[str], settings: IcingaSettings) -> Observation:
    attributes = checkable.attributes
    command = text_of(attributes.get("check_command")) or ""
    kind = SATURATION.get(command)
    return Observation(
        source_ref=checkable.full_name,
        fields={
            "name": checkable.service or "host",
            "group": checkable.host,
            "expr": command,
            "for_s": seconds_of(attributes.get("retry_interval")) * max(0, _attempts(checkable) - 1),
            "severity": checkable.variable((settings.severity_var,)),
            "owner": checkable.variable(settings.owner_vars),
            "paging": not commands.isdisjoint(settings.paging_commands),
            "runbook_url": text_of(attributes.get("notes_url")),
            "summary": text_of(attributes.get("notes")) is not None,
            "health": _health(checkable),
            "last_evaluation_at": checkable.checked_at,
            "slo_burn": False,
            "forecast": False,
            "saturation": [kind] if kind else [],
        },
        raw=checkable.excerpt(settings) | {"notification_commands": sorted(commands)},
        url=checkable.page(settings),
        service_keys=checkable.service_keys(settings),
    )


def _attempts(checkable: Checkable) -> int:
    """Failed checks before Icinga notifies."""
    attempts = checkable.attributes.get("max_check_attempts")
    return int(attempts) if isinstance(attempts, int | float) else 1


def _health(checkable: Checkable) -> str:
    """Whether the check itself works: when it does not, Icinga tells the state UNKNOWN."""
    if checkable.checked_at is None:
        return "unknown"
    broken = checkable.service is not None and checkable.attributes.get("state") == _STATE_UNKNOWN
    return "err" if broken else "ok"
