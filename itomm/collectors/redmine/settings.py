"""Settings of a Redmine source."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from itomm.collectors.contract import NetworkedSettings
from itomm.collectors.ticketing.vocabulary import FieldNames, KindNames
from itomm.config.secrets import SecretReference

DEFAULT_TRACKERS: Mapping[str, str] = {
    "Incident": "incident",
    "Change": "change",
    "Problem": "problem",
    "Service Request": "service_request",
    "Improvement": "improvement",
    "Risk": "risk",
}


class RedmineSettings(NetworkedSettings):
    """How to reach a Redmine and what its words mean.

    A ``token`` alone is an API key; with ``user`` it is that user's password.

    Attributes:
        projects: identifiers of the projects to read, each without its sub-projects; empty means all that
            the account can see.
        trackers: which kind of ticket the issues of a tracker are.
        fields: names of custom fields, by ours.
        automation_accounts: ids or displayed names of accounts that are no people.
        security_categories: issue categories and trackers that are about security.
    """

    token: SecretReference
    projects: tuple[str, ...] = ()
    trackers: KindNames = DEFAULT_TRACKERS
    fields: FieldNames = Field(default_factory=dict)
    automation_accounts: tuple[str, ...] = ()
    security_categories: tuple[str, ...] = ("security",)
