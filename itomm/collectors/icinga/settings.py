"""Settings of an Icinga 2 source."""

from __future__ import annotations

from typing import Literal

from itomm.collectors.contract import BaseUrl, NetworkedSettings
from itomm.config.secrets import SecretReference


class IcingaSettings(NetworkedSettings):
    """How to reach the API of an Icinga 2 (port 5665) and what its custom variables mean.

    ``user`` and ``token`` are the name and the password of an ApiUser. Icinga's certificate comes from its
    own authority, so ``verify`` is nearly always the path of ``/var/lib/icinga2/certs/ca.crt``.

    Attributes:
        web_url: where people open Icinga Web, such as https://monitoring.example/icingaweb2; without it the
            records lead to the API.
        web_module: the module of Icinga Web that shows hosts and services there.
        service_vars: custom variables that may name the service, best first; looked for on the service,
            then on its host.
        owner_vars: custom variables that name who owns a check, best first.
        severity_var: the custom variable that says how bad a problem is.
        paging_commands: notification commands that wake somebody.
    """

    user: str
    token: SecretReference
    web_url: BaseUrl | None = None
    web_module: Literal["icingadb", "monitoring"] = "icingadb"
    service_vars: tuple[str, ...] = ("service", "app")
    owner_vars: tuple[str, ...] = ("owner", "team")
    severity_var: str = "severity"
    paging_commands: tuple[str, ...] = ("pagerduty", "opsgenie", "victorops")
