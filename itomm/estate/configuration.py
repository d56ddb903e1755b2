"""The itomm.yaml that points every collector at the stand-in estate."""

from __future__ import annotations

from pathlib import Path

import yaml

from itomm.estate.company import Company
from itomm.estate.company_habits import Service

TOKEN_VARIABLE = "ITOMM_ESTATE_TOKEN"  # noqa: S105  # the name of a variable, not a password
TOKEN_REFERENCE = f"env:{TOKEN_VARIABLE}"


def configuration_text(company: Company, base_url: str, repository: Path | None) -> str:
    """YAML text; ``repository`` is the handbook's folder, when there is one."""
    habits = company.habits
    sources: dict[str, dict[str, object]] = {
        "prometheus": {"collector": "prometheus", "url": f"{base_url}/prometheus"},
        "alertmanager": {"collector": "alertmanager", "url": f"{base_url}/alertmanager"},
        "jira": {
            "collector": "jira",
            "url": f"{base_url}/jira",
            "user": "auditor@acme.example",
            "token": TOKEN_REFERENCE,
            "projects": ["OPS", "SEC"],
        },
        "gitlab": {
            "collector": "gitlab",
            "url": f"{base_url}/gitlab",
            "token": TOKEN_REFERENCE,
            "groups": ["acme"],
        },
    }
    if repository is not None:
        sources["handbook"] = {
            "collector": "local_git",
            "path": str(repository),
            "record_types": ["document", "postmortem", "exercise"],  # a handbook is no code repository
        }
    document = {
        "organisation": {"id": habits.organisation.id, "name": habits.organisation.name},
        "history_days": habits.retention_days,
        "sources": sources,
        "groups": [{"id": group.id, "name": group.name} for group in habits.groups],
        "services": [_service(service, with_handbook=repository is not None) for service in habits.services],
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _service(service: Service, *, with_handbook: bool) -> dict[str, object]:
    entry: dict[str, object] = {
        "id": service.id,
        "name": service.name,
        "group": service.group,
        "weight": service.weight,
        "tier": service.tier,
    }
    if service.owned:
        entry["owner_team"] = service.team
        entry["owner_contact"] = f"{service.team}@acme.example"
    entry["stateful"] = service.stateful
    entry["internet_facing"] = service.internet_facing
    if service.depends_on is not None:
        entry["depends_on"] = list(service.depends_on)
    if service.last_reviewed_at is not None:
        entry["last_reviewed_at"] = service.last_reviewed_at
    keys = {
        "prometheus": [service.id],
        "alertmanager": [service.id],
        "jira": [service.id],
        "gitlab": [f"acme/{service.id}"],
    }
    if with_handbook:
        keys["handbook"] = [service.id]
    entry["keys"] = keys
    return entry
