"""Settings of a Jira source, and the vocabulary that maps a site's words to ours."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, field_validator

from itomm.collectors.contract import BaseUrl, NetworkedSettings
from itomm.config.secrets import SecretReference

DEFAULT_FIELDS: Mapping[str, str] = {
    "severity": "Severity",
    "detected_by": "Detected by",
    "change_type": "Change type",
    "change_risk": "Change risk",
    "change_outcome": "Change outcome",
    "backout_plan": "Backout plan",
    "planned_start": "Planned start",
    "planned_end": "Planned end",
    "approvals": "Approvals",
    "request_type": "Request Type",
    "root_cause_class": "Root cause class",
    "workaround": "Workaround",
    "origin": "Origin",
    "baseline": "Baseline",
    "result": "Result",
    "reviewed_on": "Reviewed on",
    "treatment": "Treatment",
    "accounts_reviewed": "Accounts reviewed",
    "accounts_revoked": "Accounts revoked",
    "time_to_first_response": "Time to first response",
    "time_to_resolution": "Time to resolution",
}

DEFAULT_ISSUE_TYPES: Mapping[str, str] = {
    "Incident": "incident",
    "Change": "change",
    "Problem": "problem",
    "Service Request": "service_request",
    "Improvement": "improvement",
    "Risk": "risk",
    "Post-incident review": "postmortem",
}

KINDS = frozenset(DEFAULT_ISSUE_TYPES.values())


class JiraSettings(NetworkedSettings):
    """How to reach a Jira site and what its words mean.

    With ``user``, the token is an API token of Jira Cloud, or a password of Data Center; a token alone is a
    personal access token of Data Center.

    Attributes:
        web_url: where people open Jira, when that is on another host than url; only links in reports lead
            there.
        projects: keys of the projects to read; without any, every project that the account can browse.
        fields: names or ids of the site's custom fields, by ours, where they differ.
        issue_types: which kind of record the issues of a type are.
        automation_accounts: accounts that are no people, besides app accounts.
        automation_labels: labels of work that a machine did.
        security_labels: labels, components or issue types that mean security.
        access_review_labels: labels of issues that prove an access review.
        restore_test_labels: labels of issues that prove a restore test.
        cause_links: words of a link from an incident to what caused it.
        effect_links: words of a link from a change to the incident that it caused.
    """

    token: SecretReference
    web_url: BaseUrl | None = None
    projects: tuple[str, ...] = ()
    fields: Mapping[str, str] = Field(default_factory=dict)
    issue_types: Mapping[str, str] = DEFAULT_ISSUE_TYPES
    automation_accounts: tuple[str, ...] = ()
    automation_labels: tuple[str, ...] = ("automation", "automated")
    security_labels: tuple[str, ...] = ("security",)
    access_review_labels: tuple[str, ...] = ("access-review",)
    restore_test_labels: tuple[str, ...] = ("restore-test",)
    cause_links: tuple[str, ...] = ("is caused by", "caused by")
    effect_links: tuple[str, ...] = ("causes", "caused")

    @field_validator("fields")
    @classmethod
    def _known_fields(cls, fields: Mapping[str, str]) -> Mapping[str, str]:
        unknown = sorted(set(fields) - set(DEFAULT_FIELDS))
        if unknown:
            raise ValueError(
                f"no such field: {', '.join(unknown)}; known are {', '.join(sorted(DEFAULT_FIELDS))}"
            )
        return fields

    @field_validator("issue_types")
    @classmethod
    def _known_kinds(cls, issue_types: Mapping[str, str]) -> Mapping[str, str]:
        unknown = sorted(set(issue_types.values()) - KINDS)
        if unknown:
            raise ValueError(f"no such kind: {', '.join(unknown)}; known are {', '.join(sorted(KINDS))}")
        return issue_types

    def field_names(self) -> dict[str, str]:
        """The site's field names by ours: the defaults, replaced where the settings say otherwise."""
        return {**DEFAULT_FIELDS, **self.fields}

    def issue_types_of(self, *kinds: str) -> list[str]:
        """The site's issue type names that mean one of ``kinds``."""
        return [name for name, kind in self.issue_types.items() if kind in kinds]
