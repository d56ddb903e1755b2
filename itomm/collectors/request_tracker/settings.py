"""Settings of a Request Tracker source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from itomm.collectors.contract import NetworkedSettings
from itomm.collectors.ticketing.vocabulary import FieldNames, KindNames
from itomm.config.secrets import SecretReference

DEFAULT_QUEUES: Mapping[str, str] = {
    "Incidents": "incident",
    "Changes": "change",
    "Problems": "problem",
    "Service Requests": "service_request",
    "Improvements": "improvement",
    "Risks": "risk",
}


class RequestTrackerSettings(NetworkedSettings):
    """How to reach a Request Tracker (its REST 2 interface) and what its words mean.

    A ``token`` alone is an authentication token; with ``user`` it is that user's password.

    Attributes:
        queues: which kind of ticket the tickets of a queue are.
        fields: names of custom fields, by ours.
        initial_statuses: statuses of a ticket that nobody has begun to work on.
        priorities: from which of RT's numbers on a ticket has our priority 1 (highest) to 5; without any,
            tickets have no priority, because every site gives the numbers a meaning of its own.
        automation_accounts: names of accounts that are no people.
        security_queues: queues whose tickets are about security.
    """

    token: SecretReference
    queues: KindNames = DEFAULT_QUEUES
    fields: FieldNames = Field(default_factory=dict)
    initial_statuses: tuple[str, ...] = ("new",)
    priorities: Mapping[int, Annotated[int, Field(ge=1, le=5)]] = Field(default_factory=dict)
    automation_accounts: tuple[str, ...] = ("RT_System",)
    security_queues: tuple[str, ...] = ("Security",)
