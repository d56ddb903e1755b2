"""Settings of an Alertmanager source."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from itomm.collectors.contract import BaseUrl, NetworkedSettings
from itomm.collectors.tenancy import Tenant


class AlertmanagerSettings(NetworkedSettings):
    """How to reach an Alertmanager and what in it wakes somebody.

    A ``token`` alone is sent as bearer; with ``user`` it is the password of basic authentication.

    Attributes:
        tenant: whose Alertmanager it is, where several tenants are kept apart (Mimir): ``X-Scope-OrgID``.
        web_url: where people open Alertmanager, when that is not ``url``.
        service_labels: labels in matchers that name the service, best first.
        paging_integrations: kinds of integration that wake somebody. Webhooks and chats usually do not.
        paging_receivers: receivers that wake somebody although their kind does not say so.
        silence_retention_hours: how long expired silences are kept; Alertmanager's ``--data.retention``,
            120 hours unless it was started otherwise.
    """

    tenant: Tenant | None = None
    web_url: BaseUrl | None = None
    service_labels: tuple[str, ...] = ("service", "app", "job")
    paging_integrations: tuple[str, ...] = ("pagerduty", "opsgenie", "victorops")
    paging_receivers: tuple[str, ...] = ()
    silence_retention_hours: Annotated[int, Field(ge=1)] = 120

    @property
    def page(self) -> str:
        """The address that people open."""
        return self.web_url or self.url
