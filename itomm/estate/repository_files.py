"""The files of a stand-in repository: just those that collectors look for, as short real text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from itomm.estate.company_habits import Handbook, Pipelines, Repository, Service
from itomm.estate.generate_pipelines import planned_jobs
from itomm.estate.people import Person

_LOCK_FILES = {
    "package.json": "package-lock.json",
    "pyproject.toml": "uv.lock",
    "pom.xml": None,
    "go.mod": "go.sum",
}
_MANIFESTS = {
    "package.json": '{"name": "service", "dependencies": {"express": "^5.0.0"}}\n',
    "pyproject.toml": '[project]\nname = "service"\ndependencies = ["requests>=2"]\n',
    "pom.xml": "<project><modelVersion>4.0.0</modelVersion></project>\n",
    "go.mod": "module acme.example/service\n\ngo 1.25\n",
}


def service_files(
    service: Service, team: Sequence[Person], pipelines: Pipelines, repository: Repository
) -> Mapping[str, str]:
    """Path to text, sorted by path."""
    files = {
        "README.md": f"# {service.name}\n\nOwned by {service.team}.\n",
        "src/main.txt": "The code stands elsewhere.\n",
        "catalog-info.yaml": _catalogue_entry(service),
    }
    if repository.manifest is not None:
        files[repository.manifest] = _MANIFESTS[repository.manifest]
        lock = _LOCK_FILES[repository.manifest]
        if repository.lockfile and lock is not None:
            files[lock] = "# generated\n"
    if repository.dockerfile:
        files["Dockerfile"] = "FROM debian:12-slim\nCOPY . /srv\n"
    if repository.update_bot:
        files["renovate.json"] = '{"extends": ["config:recommended"]}\n'
    if repository.codeowners:
        files["CODEOWNERS"] = f"* @{team[0].login} @{team[-1].login}\n"
    if repository.infrastructure:
        files["deploy/chart/Chart.yaml"] = f"apiVersion: v2\nname: {service.id}\nversion: 1.0.0\n"
        files["deploy/chart/values.yaml"] = "replicas: 2\n"
    if pipelines.enabled:
        files[".gitlab-ci.yml"] = pipeline_file(
            pipelines, automated=service.habits.delivery.automated, manual=service.habits.delivery.manual_gate
        )
    return dict(sorted(files.items()))


def infrastructure_files(
    team: Sequence[Person], handbook: Handbook, pipelines: Pipelines
) -> Mapping[str, str]:
    """The platform's infrastructure repository."""
    ci = pipeline_file(pipelines, automated=False, manual=False, infrastructure=handbook)
    files = {
        "README.md": "# Platform infrastructure\n",
        "network/main.tf": 'resource "null_resource" "network" {}\n',
        "databases/main.tf": 'resource "null_resource" "databases" {}\n',
        "charts/common/Chart.yaml": "apiVersion: v2\nname: common\nversion: 3.1.0\n",
        "playbooks/site.yml": "- hosts: all\n  roles: [base]\n",
        "CODEOWNERS": f"* @{team[0].login}\n",
        ".terraform.lock.hcl": "# generated\n",
        ".gitlab-ci.yml": ci,
    }
    return dict(sorted(files.items()))


def pipeline_file(
    habits: Pipelines, *, automated: bool, manual: bool, infrastructure: Handbook | None = None
) -> str:
    """A .gitlab-ci.yml with the jobs that the pipelines really show."""
    text = "stages: [build, test, plan, deploy]\n"
    for plan in planned_jobs(habits, merge_request=False, infrastructure=infrastructure):
        text += _job(plan.name, plan.stage, f"make {plan.name}", allow_failure=plan.allow_failure)
    if automated:
        text += _job("deploy-staging", "deploy", "make deploy", environment="staging")
        text += _job("deploy-production", "deploy", "make deploy", environment="production", manual=manual)
    return text


def _job(
    name: str,
    stage: str,
    script: str,
    *,
    allow_failure: bool = False,
    environment: str | None = None,
    manual: bool = False,
) -> str:
    lines = [f"\n{name}:", f"  stage: {stage}", f"  script: [{script}]"]
    if allow_failure:
        lines.append("  allow_failure: true")
    if environment is not None:
        lines.append(f"  environment: {{name: {environment}, deployment_tier: {environment}}}")
    if manual:
        lines.append("  when: manual")
    return "\n".join(lines) + "\n"


def _catalogue_entry(service: Service) -> str:
    owner = service.team if service.owned else "unknown"
    lines = [
        "apiVersion: backstage.io/v1alpha1",
        "kind: Component",
        "metadata:",
        f"  name: {service.id}",
        "spec:",
        "  type: service",
        "  lifecycle: production",
        f"  owner: {owner}",
    ]
    if service.depends_on:
        lines.append("  dependsOn: [" + ", ".join(f"component:{name}" for name in service.depends_on) + "]")
    return "\n".join(lines) + "\n"
