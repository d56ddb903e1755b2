"""Repositories, infrastructure definitions and access grants as records. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from itomm.collectors.github.repository_facts import Repository, is_bot, login_of
from itomm.collectors.github.workflow_job import Job
from itomm.collectors.payload import Payload, instant_of, mapping_of
from itomm.collectors.repository_contents import ContentFlags, content_flags, infrastructure_definitions
from itomm.evidence.observation import Observation, RequestMade

ACTIVE_WITHIN = timedelta(days=90)
"""A repository with a commit on its default branch this recently is active (the record type's definition)."""


@dataclass(frozen=True)
class Contents:
    """What the file names of a repository say, and the request that fetched them."""

    flags: ContentFlags
    infrastructure: Mapping[str, str]
    request: RequestMade


def read_contents(paths: Iterable[str], request: RequestMade) -> Contents:
    """Read all file names of a repository once, so that they need not be kept."""
    names = list(paths)
    return Contents(content_flags(names), infrastructure_definitions(names), request)


def repository_record(
    repository: Repository, contents: Contents, last_commit: Payload, until: datetime
) -> Observation | None:
    """A repository from its entry, its file names and its newest commit; None when it has no commit."""
    commit = mapping_of(last_commit.get("commit"))
    last_commit_at = instant_of(mapping_of(commit.get("committer")).get("date"))
    if last_commit_at is None or repository.default_branch is None:
        return None
    flags = contents.flags
    return Observation(
        source_ref=repository.path,
        fields={
            "path": repository.path,
            "default_branch": repository.default_branch,
            "archived": repository.is_archived,
            "visibility": _visibility(repository.payload),
            "last_commit_at": last_commit_at,
            "active": not repository.is_archived and until - last_commit_at <= ACTIVE_WITHIN,
            "has_readme": flags.has_readme,
            "has_ci": flags.has_ci,
            "has_codeowners": flags.has_codeowners,
            "has_iac": flags.has_iac,
            "has_lockfile": flags.has_lockfile,
            "manifests": list(flags.manifests),
            "update_bot": flags.update_bot,
            "has_dockerfile": flags.has_dockerfile,
        },
        raw={"repository": repository.kept(), "sha": last_commit.get("sha"), "commit": commit},
        url=repository.web_url,
        service_keys=repository.service_keys,
    )


def _visibility(payload: Payload) -> str:
    stated = payload.get("visibility")
    if stated in {"private", "internal", "public"}:
        return str(stated)
    return "public" if payload.get("private") is False else "private"


def infrastructure_records(
    repository: Repository, contents: Contents, jobs: Iterable[Job]
) -> list[Observation]:
    """Folders that describe infrastructure, with what recent workflow runs do with them."""
    ran = [job for job in jobs if job.ran]
    kinds = {job.kind for job in ran}
    checks = [job for job in ran if job.kind == "policy" or job.scanner == "iac"]
    policy = "none"
    if checks:
        policy = "advisory" if all(job.may_fail for job in checks) else "blocking"
    tree = f"{repository.web_url}/tree/{repository.default_branch}"
    return [
        Observation(
            source_ref=f"{repository.path}:{folder}",
            fields={
                "repo_id": repository.path,
                "path": folder,
                "tool": tool,
                "plan_in_ci": "iac_plan" in kinds,
                "apply_in_ci": "iac_apply" in kinds,
                "policy_check": policy,
            },
            raw={"folder": folder, "tool": tool, "job_kinds": sorted(kinds)},
            url=tree if folder == "." else f"{tree}/{folder}",
            service_keys=(*repository.service_keys, folder.rpartition("/")[2]),
        )
        for folder, tool in sorted(contents.infrastructure.items())
    ]


def access_grant(
    repository: Repository, collaborator: Payload, bot_accounts: tuple[str, ...]
) -> Observation | None:
    """A person's role on a repository, from whatever grants it; None for machines. GitHub ends no role."""
    account = login_of(collaborator)
    if account is None or is_bot(collaborator, bot_accounts):
        return None
    rights = mapping_of(collaborator.get("permissions"))
    return Observation(
        source_ref=f"{repository.path}/collaborators/{collaborator.get('id')}",
        fields={
            "account": account,
            "resource": repository.path,
            "privileged": rights.get("admin") is True or rights.get("maintain") is True,
            "expires_at": None,
        },
        raw={name: collaborator.get(name) for name in ("id", "login", "type", "permissions", "role_name")},
        url=f"{repository.web_url}/settings/access",
        service_keys=repository.service_keys,
    )
