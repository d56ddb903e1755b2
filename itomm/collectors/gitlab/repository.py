"""Projects as repositories, protected branches, infrastructure definitions and access grants. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from itomm.collectors.gitlab.project import Project, is_bot, username_of
from itomm.collectors.payload import Payload, instant_of, rows_of
from itomm.collectors.repository_contents import content_flags, infrastructure_definitions
from itomm.evidence.observation import Observation

ACTIVE_WITHIN = timedelta(days=90)
"""A repository with a commit on its default branch this recently is active (the record type's definition)."""

MAINTAINER = 40
"""GitLab's access level from which a member can change protections and settings."""


def repository(
    project: Project, paths: Iterable[str], last_commit: Payload, until: datetime
) -> Observation | None:
    """A repository from its project, its file names and its newest commit; None when it has no commit."""
    last_commit_at = instant_of(last_commit.get("committed_date")) or instant_of(
        last_commit.get("created_at")
    )
    if last_commit_at is None or project.default_branch is None:
        return None
    flags = content_flags(paths)
    return Observation(
        source_ref=project.path,
        fields={
            "path": project.path,
            "default_branch": project.default_branch,
            "archived": project.is_archived,
            "visibility": project.payload.get("visibility") or "private",
            "last_commit_at": last_commit_at,
            "active": not project.is_archived and until - last_commit_at <= ACTIVE_WITHIN,
            "has_readme": flags.has_readme,
            "has_ci": flags.has_ci,
            "has_codeowners": flags.has_codeowners,
            "has_iac": flags.has_iac,
            "has_lockfile": flags.has_lockfile,
            "manifests": list(flags.manifests),
            "update_bot": flags.update_bot,
            "has_dockerfile": flags.has_dockerfile,
        },
        raw={"project": _kept(project.payload), "last_commit": last_commit},
        url=project.web_url,
        service_keys=project.service_keys,
    )


_PROJECT_KEYS = (
    "id",
    "path_with_namespace",
    "default_branch",
    "archived",
    "visibility",
    "last_activity_at",
    "topics",
    "web_url",
    "only_allow_merge_if_pipeline_succeeds",
)


def _kept(payload: Payload) -> dict[str, object]:
    return {key: payload[key] for key in _PROJECT_KEYS if key in payload}


def branch_protection(
    project: Project, protected: Sequence[Payload], approval_rules: Sequence[Payload]
) -> Observation | None:
    """The rules on the default branch; a branch that nothing protects is a fact, too."""
    branch = project.default_branch
    if branch is None:
        return None
    rules = [rule for rule in protected if _covers(str(rule.get("name", "")), branch)]
    approvals = [rule for rule in approval_rules if _applies(rule, branch)]
    return Observation(
        source_ref=f"{project.path}@{branch}",
        fields={
            "repo_id": project.path,
            "branch": branch,
            # GitLab grants what any matching rule grants, so a right is gone only when no rule gives it.
            "push_restricted": bool(rules) and all(_nobody_pushes(rule) for rule in rules),
            "force_push_allowed": not rules or any(rule.get("allow_force_push") is True for rule in rules),
            "required_approvals": max((_number(rule, "approvals_required") for rule in approvals), default=0),
            "code_owner_required": any(rule.get("code_owner_approval_required") is True for rule in rules),
            "status_checks_required": project.payload.get("only_allow_merge_if_pipeline_succeeds") is True,
            "applies_to_admins": None,
        },
        raw={
            "project": _kept(project.payload),
            "protected_branches": rules,
            "approval_rules": approvals,
        },
        url=f"{project.web_url}/-/settings/repository",
        service_keys=project.service_keys,
    )


def _covers(pattern: str, branch: str) -> bool:
    """Whether a protected branch's name, which may hold ``*``, covers the branch."""
    return fnmatchcase(branch, pattern.replace("[", "[[]").replace("?", "[?]"))


def _nobody_pushes(rule: Payload) -> bool:
    levels = rows_of(rule.get("push_access_levels"))
    return bool(levels) and all(level.get("access_level") == 0 for level in levels)


def _applies(rule: Payload, branch: str) -> bool:
    """Whether an approval rule applies to the branch; one without branches applies to all."""
    branches = rows_of(rule.get("protected_branches"))
    if rule.get("applies_to_all_protected_branches") is True or not branches:
        return True
    return any(_covers(str(entry.get("name", "")), branch) for entry in branches)


def _number(row: Payload, key: str) -> int:
    value = row.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def iac_definitions(
    project: Project, paths: Iterable[str], jobs: Sequence[Mapping[str, object]]
) -> list[Observation]:
    """Folders that describe infrastructure, with what the pipelines do with them.

    Args:
        project: the project.
        paths: all its file names.
        jobs: ``kind`` and ``allow_failure`` of jobs that ran lately.
    """
    kinds = {str(job["kind"]) for job in jobs}
    checks = [job for job in jobs if job["kind"] == "policy" or job.get("scanner") == "iac"]
    policy = "none"
    if checks:
        policy = "advisory" if all(job.get("allow_failure") for job in checks) else "blocking"
    return [
        Observation(
            source_ref=f"{project.path}:{folder}",
            fields={
                "repo_id": project.path,
                "path": folder,
                "tool": tool,
                "plan_in_ci": "iac_plan" in kinds,
                "apply_in_ci": "iac_apply" in kinds,
                "policy_check": policy,
            },
            raw={"folder": folder, "tool": tool, "job_kinds": sorted(kinds)},
            url=f"{project.web_url}/-/tree/{project.default_branch}/{'' if folder == '.' else folder}",
            service_keys=(*project.service_keys, folder.rpartition("/")[2]),
        )
        for folder, tool in sorted(infrastructure_definitions(paths).items())
    ]


def access_grant(project: Project, member: Payload, bot_accounts: tuple[str, ...]) -> Observation | None:
    """A person's role on a project; None for bots, blocked members, and members without a name."""
    account = username_of(member)
    if account is None or is_bot(member, bot_accounts) or member.get("state") not in (None, "active"):
        return None
    return Observation(
        source_ref=f"{project.path}/members/{member.get('id')}",
        fields={
            "account": account,
            "resource": project.path,
            "privileged": _number(member, "access_level") >= MAINTAINER,
            "expires_at": instant_of(member.get("expires_at")),
        },
        raw=member,
        url=f"{project.web_url}/-/project_members",
        service_keys=project.service_keys,
    )
