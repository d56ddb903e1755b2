"""The itomm.yaml that points every collector at the stand-in estate."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from itomm.estate.company import Company
from itomm.estate.company_habits import Service
from itomm.estate.register_files import exports_of

TOKEN_VARIABLE = "ITOMM_ESTATE_TOKEN"  # noqa: S105  # the name of a variable, not a password
TOKEN_REFERENCE = f"env:{TOKEN_VARIABLE}"
_MAPPINGS = Path(__file__).parent / "register_mappings.yaml"


def configuration_text(
    company: Company, base_url: str, repository: Path | None, registers: Path | None = None
) -> str:
    """YAML text; ``repository`` is the handbook's folder and ``registers`` that of the exports, if any."""
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
    if registers is not None and company.registers is not None:
        sources["registers"] = {
            "collector": "files",
            "path": str(registers),
            "records": _register_records(company),
        }
    document = {
        "organisation": {"id": habits.organisation.id, "name": habits.organisation.name},
        "history_days": habits.retention_days,
        "sources": sources,
        "groups": [{"id": group.id, "name": group.name} for group in habits.groups],
        "services": [_service(service, sources) for service in habits.services],
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _register_records(company: Company) -> dict[str, object]:
    """How each register is read that the company keeps."""
    mappings = yaml.load(
        _MAPPINGS.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )  # a safe loader, in C
    return {
        kind: {"files": name, **mapping}
        for name in exports_of(company)
        for kind, mapping in mappings[name].items()
    }


def _service(service: Service, sources: Mapping[str, object]) -> dict[str, object]:
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
    if "handbook" in sources:
        keys["handbook"] = [service.id]
    if "registers" in sources:
        keys["registers"] = [service.id, f"acme/{service.id}"]
    entry["keys"] = keys
    return entry
