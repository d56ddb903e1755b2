"""Notification objects: which problems are told to whom, by which command."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from itomm.collectors.contract import CollectionContext
from itomm.collectors.icinga.api import IcingaApi
from itomm.collectors.icinga.checkables import OWNERSHIP, Checkable, checkables
from itomm.collectors.icinga.settings import IcingaSettings
from itomm.collectors.payload import Payload, mapping_of, text_of
from itomm.evidence.observation import Observation, Page

_ATTRIBUTES = (
    "name",
    "host_name",
    "service_name",
    "command",
    "users",
    "user_groups",
    "states",
    "types",
    "times",
    "period",
    "interval",
)

Checked = tuple[str, str]
"""Host and service of a checkable; the service of a host is empty."""


@dataclass(frozen=True)
class Recipients:
    """Who is told: the users that may be notified, by name, and their groups."""

    users: frozenset[str]
    groups: Mapping[str, frozenset[str]]

    def of(self, notification: Payload) -> frozenset[str]:
        """The users that a notification reaches."""
        named = self.users & set(_texts(notification.get("users")))
        grouped = (self.groups.get(name, frozenset()) for name in _texts(notification.get("user_groups")))
        return named.union(*grouped)


def route_pages(api: IcingaApi, settings: IcingaSettings, _context: CollectionContext) -> Iterator[Page]:
    """One page with every notification object."""
    recipients = recipients_of(api.objects("User", ("name", "groups", "enable_notifications")))
    by_name = {(one.host, one.service or ""): one for one in checkables(api, OWNERSHIP)}
    notifications = read_notifications(api)
    request = api.last_request
    levels = levels_by_checked(notifications)
    found = (
        _route(row, by_name.get(checked_by(row)), recipients, levels[checked_by(row)], settings)
        for row in notifications
    )
    yield Page(tuple(found), request)


def read_notifications(api: IcingaApi) -> list[Payload]:
    """All notification objects, by name."""
    return api.objects("Notification", _ATTRIBUTES)


def recipients_of(users: Iterable[Payload]) -> Recipients:
    """Who may be notified, from the attributes of users."""
    groups: defaultdict[str, set[str]] = defaultdict(set)
    names = set()
    for user in users:
        if user.get("enable_notifications") is False:
            continue
        name = str(user.get("name", ""))
        names.add(name)
        for group in _texts(user.get("groups")):
            groups[group].add(name)
    return Recipients(frozenset(names), {name: frozenset(found) for name, found in groups.items()})


def checked_by(notification: Payload) -> Checked:
    """What a notification is about."""
    return str(notification.get("host_name") or ""), str(notification.get("service_name") or "")


def levels_by_checked(notifications: Iterable[Payload]) -> dict[Checked, int]:
    """How many levels of escalation there are: distinct delays after which notifications begin."""
    delays: defaultdict[Checked, set[object]] = defaultdict(set)
    for row in notifications:
        delays[checked_by(row)].add(mapping_of(row.get("times")).get("begin") or 0)
    return {checked: len(found) for checked, found in delays.items()}


def _route(
    notification: Payload,
    checkable: Checkable | None,
    recipients: Recipients,
    levels: int,
    settings: IcingaSettings,
) -> Observation:
    host, service = checked_by(notification)
    name = "!".join(part for part in (host, service, str(notification.get("name", ""))) if part)
    command = text_of(notification.get("command"))
    reached = len(recipients.of(notification))
    groups = _texts(notification.get("user_groups"))
    return Observation(
        source_ref=name,
        fields={
            "receiver": ", ".join(groups) or str(notification.get("name", "")),
            "matchers": _matchers(host, service, notification),
            "integrations": [command] if command and reached else [],
            "paging": command in settings.paging_commands and reached > 0,
            "escalation_levels": levels,
        },
        raw={
            **{key: value for key, value in notification.items() if key != "users"},
            "users_reached": reached,
        },
        url=checkable.page(settings) if checkable else f"{settings.url}/v1/objects/notifications/{name}",
        service_keys=checkable.service_keys(settings) if checkable else (host,),
    )


def _matchers(host: str, service: str, notification: Payload) -> list[str]:
    found = [f'host="{host}"', *([f'service="{service}"'] if service else [])]
    for label, attribute in (("state", "states"), ("type", "types")):
        allowed = _texts(notification.get(attribute))
        found += [f'{label}=~"{"|".join(allowed)}"'] if allowed else []
    return found


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
