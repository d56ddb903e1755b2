"""Dependabot, code scanning and secret scanning alerts as records of findings. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from itomm.collectors.github.repository_facts import Repository, login_of
from itomm.collectors.payload import Payload, instant_of, mapping_of, rows_of, text_of
from itomm.evidence.observation import Observation


@dataclass(frozen=True)
class AlertKind:
    """One of GitHub's three kinds of alerts.

    Attributes:
        name: its part of the address.
        title: what people call it.
        needs: the permission to read it.
        query: what is asked for besides pages, newest change first.
        read: its own fields of a record of a finding.
    """

    name: str
    title: str
    needs: str
    query: Mapping[str, str]
    read: Callable[[Payload], dict[str, Any]]


def _dependency(alert: Payload) -> dict[str, Any]:
    advisory = mapping_of(alert.get("security_advisory"))
    found = mapping_of(alert.get("security_vulnerability"))
    names = (text_of(advisory.get("cve_id")), text_of(advisory.get("ghsa_id")))
    return {
        "identifier": next((name for name in names if name), f"dependabot-{alert.get('number')}"),
        "category": "dependency",
        "severity": _severity(found.get("severity") or advisory.get("severity")),
        "state": {"fixed": "fixed", "open": "open"}.get(str(alert.get("state")), "dismissed"),
        "fixed_at": instant_of(alert.get("fixed_at")),
        "dismissed_at": instant_of(alert.get("dismissed_at")) or instant_of(alert.get("auto_dismissed_at")),
        "dismiss_reason": text_of(alert.get("dismissed_reason"))
        or ("auto_dismissed" if alert.get("state") == "auto_dismissed" else None),
        "fix_available": bool(mapping_of(found.get("first_patched_version")).get("identifier")),
    }


_INFRASTRUCTURE_SCANNERS = re.compile(r"kics|checkov|tfsec|terrascan|conftest", re.IGNORECASE)
_IMAGE_SCANNERS = re.compile(r"trivy|grype|clair|anchore|docker", re.IGNORECASE)
_PUBLISHED = re.compile(r"^(CVE-\d{4}-\d+|GHSA-)", re.IGNORECASE)

_SEVERITY_OF_RULE = {"error": "high", "warning": "medium", "note": "low", "none": "info"}
"""For tools that rate their rules, but not how grave a finding is for security."""


def _code(alert: Payload) -> dict[str, Any]:
    rule = mapping_of(alert.get("rule"))
    tool = text_of(mapping_of(alert.get("tool")).get("name")) or ""
    identifier = text_of(rule.get("id")) or text_of(rule.get("name")) or f"code-{alert.get('number')}"
    graded = text_of(rule.get("security_severity_level"))
    return {
        "identifier": identifier,
        "category": _category(tool, identifier),
        "severity": _severity(graded or _SEVERITY_OF_RULE.get(str(rule.get("severity")))),
        "state": {"fixed": "fixed", "open": "open"}.get(str(alert.get("state")), "dismissed"),
        "fixed_at": instant_of(alert.get("fixed_at")),
        "dismissed_at": instant_of(alert.get("dismissed_at")),
        "dismiss_reason": text_of(alert.get("dismissed_reason")),
        "fix_available": None,
    }


def _category(tool: str, identifier: str) -> str:
    if _INFRASTRUCTURE_SCANNERS.search(tool):
        return "infrastructure"
    if _PUBLISHED.search(identifier):
        return "container" if _IMAGE_SCANNERS.search(tool) else "dependency"
    return "code"


def _secret(alert: Payload) -> dict[str, Any]:
    resolution = text_of(alert.get("resolution"))
    resolved_at = instant_of(alert.get("resolved_at"))
    closed = alert.get("state") == "resolved"
    fixed = closed and resolution == "revoked"
    return {
        "identifier": text_of(alert.get("secret_type")) or f"secret-{alert.get('number')}",
        "category": "secret",
        "severity": "critical",  # GitHub grades none; GitLab grades every secret so
        "state": "fixed" if fixed else "dismissed" if closed else "open",
        "fixed_at": resolved_at if fixed else None,
        "dismissed_at": resolved_at if closed and not fixed else None,
        "dismiss_reason": resolution if closed and not fixed else None,
        "fix_available": None,
    }


_NEWEST_CHANGE_FIRST = {"sort": "updated", "direction": "desc"}

DEPENDABOT = AlertKind(
    "dependabot", "Dependabot alerts", "Dependabot alerts: read", _NEWEST_CHANGE_FIRST, _dependency
)
CODE_SCANNING = AlertKind(
    "code-scanning", "code scanning", "Code scanning alerts: read", _NEWEST_CHANGE_FIRST, _code
)
SECRET_SCANNING = AlertKind(
    "secret-scanning",
    "secret scanning",
    "Secret scanning alerts: read",
    {**_NEWEST_CHANGE_FIRST, "hide_secret": "true"},
    _secret,
)
ALERT_KINDS = (DEPENDABOT, CODE_SCANNING, SECRET_SCANNING)


def vulnerability(repository: Repository, kind: AlertKind, alert: Payload) -> Observation | None:
    """A finding; None when GitHub does not say when it was detected.

    Whether it is in CISA's catalogue of exploited vulnerabilities is unknown here, not false.
    """
    detected_at = instant_of(alert.get("created_at"))
    if detected_at is None:
        return None
    own = kind.read(alert)
    first_moves = [own["fixed_at"], own["dismissed_at"]]
    return Observation(
        source_ref=f"{repository.path}/{kind.name}/{alert.get('number')}",
        fields={
            **own,
            "kev": None,
            "kev_due_at": None,
            "asset_ref": repository.path,
            "detected_at": detected_at,
            "accept_until": None,
            "triaged_at": min((at for at in first_moves if at), default=None),
            "assignee": _assignee(alert),
            "ticket_keys": [],
        },
        raw=_kept(alert),
        url=text_of(alert.get("html_url")) or f"{repository.web_url}/security",
        service_keys=repository.service_keys,
    )


def _severity(value: object) -> str:
    severity = str(value or "").casefold()
    return severity if severity in {"critical", "high", "medium", "low", "info"} else "info"


def _assignee(alert: Payload) -> str | None:
    assigned = login_of(alert.get("assigned_to"))
    return assigned or next(iter(filter(None, map(login_of, rows_of(alert.get("assignees"))))), None)


_KEPT = (
    "number",
    "state",
    "created_at",
    "updated_at",
    "fixed_at",
    "dismissed_at",
    "auto_dismissed_at",
    "dismissed_reason",
    "dismissed_comment",
    "resolution",
    "resolved_at",
    "dependency",
    "security_vulnerability",
    "rule",
    "tool",
    "most_recent_instance",
    "secret_type",
    "validity",
    "publicly_leaked",
)


def _kept(alert: Payload) -> dict[str, Any]:
    """What the record was read from: neither a leaked secret nor the accounts of people."""
    advisory = mapping_of(alert.get("security_advisory"))
    told = {name: advisory[name] for name in ("ghsa_id", "cve_id", "severity", "summary") if name in advisory}
    return {name: alert[name] for name in _KEPT if name in alert} | (
        {"security_advisory": told} if told else {}
    )
