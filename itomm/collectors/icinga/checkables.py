"""Hosts and services, which Icinga treats alike: what both have, and how they are named. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from itomm.collectors.icinga.api import PATHS, IcingaApi
from itomm.collectors.icinga.settings import IcingaSettings
from itomm.collectors.payload import Payload, mapping_of, text_of

OWNERSHIP = ("name", "groups", "vars")
"""What tells the service that an object belongs to."""

STATE = (
    *OWNERSHIP,
    "display_name",
    "check_command",
    "check_interval",
    "retry_interval",
    "max_check_attempts",
    "enable_active_checks",
    "enable_notifications",
    "state",
    "last_check",
    "next_update",
    "acknowledgement",
    "downtime_depth",
    "notes",
    "notes_url",
)

HEALTH = {
    "Host": {0: "up", 1: "down"},
    "Service": {0: "up", 1: "up", 2: "down"},  # 1 is a warning; 3 is unknown
}


@dataclass(frozen=True)
class Checkable:
    """A host or a service.

    Attributes:
        host: the host's name.
        service: the service's name; None for a host.
        attributes: as sent.
        of_host: the attributes of the service's host; empty for a host, and where that is not seen.
    """

    host: str
    service: str | None
    attributes: Payload
    of_host: Payload

    @property
    def object_type(self) -> str:
        """Host or Service."""
        return "Host" if self.service is None else "Service"

    @property
    def full_name(self) -> str:
        """The name as Icinga writes it, such as web1!http."""
        return self.host if self.service is None else f"{self.host}!{self.service}"

    @property
    def checked_at(self) -> datetime | None:
        """The time of the last check; None when there was none."""
        return instant_of_epoch(self.attributes.get("last_check"))

    def health(self, at: datetime) -> str:
        """One of up, down, unknown: also unknown when never checked, or when the next result is overdue."""
        if self.checked_at is None or self._is_overdue(at):
            return "unknown"
        state = self.attributes.get("state")
        return (
            HEALTH[self.object_type].get(int(state), "unknown")
            if isinstance(state, int | float)
            else "unknown"
        )

    def _is_overdue(self, at: datetime) -> bool:
        expected = instant_of_epoch(self.attributes.get("next_update"))
        active = self.attributes.get("enable_active_checks") is True
        return (
            active
            and expected is not None
            and at > expected + seconds_of(self.attributes.get("check_interval"))
        )

    def variable(self, names: Sequence[str]) -> str | None:
        """The first of these custom variables that is set, on the object or else on its host."""
        for variables in (mapping_of(self.attributes.get("vars")), mapping_of(self.of_host.get("vars"))):
            for name in names:
                found = text_of(variables.get(name))
                if found:
                    return found
        return None

    def service_keys(self, settings: IcingaSettings) -> tuple[str, ...]:
        """The variable that names the service, then groups, then the host's name."""
        groups = [*_texts(self.attributes.get("groups")), *_texts(self.of_host.get("groups"))]
        named = self.variable(settings.service_vars)
        return tuple(dict.fromkeys([*([named] if named else []), *groups, self.host]))

    def page(self, settings: IcingaSettings) -> str:
        """Where a person sees it: in Icinga Web, or else in the API."""
        if settings.web_url is None:
            return f"{settings.url}/v1/objects/{PATHS[self.object_type]}/{self.full_name}"
        if settings.web_module == "icingadb":
            of = (
                {"name": self.host}
                if self.service is None
                else {"name": self.service, "host.name": self.host}
            )
            return f"{settings.web_url}/icingadb/{self.object_type.lower()}?{urlencode(of)}"
        of = {"host": self.host} | ({} if self.service is None else {"service": self.service})
        return f"{settings.web_url}/monitoring/{self.object_type.lower()}/show?{urlencode(of)}"

    def excerpt(self, settings: IcingaSettings) -> dict[str, object]:
        """The payload without custom variables that nobody asked for: some hold passwords."""
        wanted = {*settings.service_vars, *settings.owner_vars, settings.severity_var}
        kept = {name: value for name, value in self.attributes.items() if name != "vars"}
        variables = {**mapping_of(self.of_host.get("vars")), **mapping_of(self.attributes.get("vars"))}
        kept["vars"] = {name: value for name, value in variables.items() if name in wanted}
        return kept


def checkables(api: IcingaApi, attributes: Sequence[str] = STATE) -> list[Checkable]:
    """All hosts, then all services, each by name, with these attributes: two requests."""
    hosts = {str(attrs.get("name", "")): attrs for attrs in api.objects("Host", attributes)}
    services = api.objects("Service", (*attributes, "host_name"))
    found = [Checkable(name, None, attrs, {}) for name, attrs in hosts.items()]
    for attrs in services:
        host = str(attrs.get("host_name", ""))
        found.append(Checkable(host, str(attrs.get("name", "")), attrs, hosts.get(host, {})))
    return found


def instant_of_epoch(value: object) -> datetime | None:
    """Seconds since 1970 as an instant; None for what Icinga writes for "never": 0 and -1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _YEAR_9999:
        return None
    return datetime.fromtimestamp(value, UTC)


def seconds_of(value: object) -> timedelta:
    """A duration in seconds; none for anything else."""
    return (
        timedelta(seconds=value) if isinstance(value, int | float) and 0 < value < _YEAR_9999 else timedelta()
    )


def labels_of(checkable: Checkable) -> Mapping[str, object]:
    """What tells the object from others."""
    labels = {"host": checkable.host, "check_command": text_of(checkable.attributes.get("check_command"))}
    return labels if checkable.service is None else labels | {"service": checkable.service}


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


_YEAR_9999 = 253_370_764_800
