"""A repository's files as the repository record and infrastructure definitions. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from itomm.collectors.local_git.commits import Named
from itomm.collectors.local_git.history import Commit
from itomm.collectors.repository_contents import content_flags, infrastructure_definitions
from itomm.evidence.observation import Observation

ACTIVE_WITHIN = timedelta(days=90)
"""A repository with a commit on its default branch this recently is active (the record type's definition)."""

_PLAN = re.compile(r"\b(terraform|tofu)\b.{0,80}\bplan\b|pulumi\s+preview|--check\b.*ansible|helm\s+diff")
_APPLY = re.compile(
    r"\b(terraform|tofu)\b.{0,80}\bapply\b|pulumi\s+up|ansible-playbook|helm\s+upgrade|kubectl\s+apply"
)
_POLICY = re.compile(r"conftest|checkov|\bopa\s+(eval|test|exec)|tfsec|kics|terrascan|sentinel")


def repository(
    branch: str, newest: Commit, paths: Sequence[str], until: datetime, named: Named
) -> Observation:
    """The repository as a record. Who may see it does not show on disk; it counts as private."""
    flags = content_flags(paths)
    return Observation(
        source_ref=named.repo_id,
        fields={
            "path": named.repo_id,
            "default_branch": branch.removeprefix("refs/remotes/origin/"),
            "archived": False,
            "visibility": "private",
            "last_commit_at": newest.committed_at,
            "active": until - newest.committed_at <= ACTIVE_WITHIN,
            "has_readme": flags.has_readme,
            "has_ci": flags.has_ci,
            "has_codeowners": flags.has_codeowners,
            "has_iac": flags.has_iac,
            "has_lockfile": flags.has_lockfile,
            "manifests": list(flags.manifests),
            "update_bot": flags.update_bot,
            "has_dockerfile": flags.has_dockerfile,
            "from_clone": True,
        },
        raw={"head": newest.sha, "branch": branch, "files": len(paths)},
        url=named.links.commit(newest.sha),
        service_keys=named.service_keys,
    )


def iac_definitions(
    paths: Iterable[str], pipeline_files: Iterable[str], head: str, named: Named
) -> list[Observation]:
    """Folders that describe infrastructure, and what the CI files do with them, as far as text tells."""
    pipelines = "\n".join(pipeline_files)
    found = infrastructure_definitions(paths)
    return [
        Observation(
            source_ref=f"{named.repo_id}:{folder}",
            fields={
                "repo_id": named.repo_id,
                "path": folder,
                "tool": tool,
                "plan_in_ci": _PLAN.search(pipelines) is not None,
                "apply_in_ci": _APPLY.search(pipelines) is not None,
                # Whether a check blocks shows only in what a pipeline did, so at most "advisory" from text.
                "policy_check": "advisory" if _POLICY.search(pipelines) else "none",
            },
            raw={"folder": folder, "tool": tool},
            url=named.links.file("" if folder == "." else folder, head),
            service_keys=(*named.service_keys, folder.rpartition("/")[2]),
        )
        for folder, tool in sorted(found.items())
    ]
