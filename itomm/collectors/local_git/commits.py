"""Commits, reviewed merges and release tags as records. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from itomm.collectors.local_git.history import Changes, Commit, Tag
from itomm.collectors.local_git.links import Links
from itomm.collectors.repository_contents import is_bot_name, is_dependency_branch, ticket_keys
from itomm.evidence.observation import Observation

MOST_PATHS = 200
"""Paths kept of one commit; a commit that touches more is an import or a reformatting."""

_REVIEW_TRAILER = re.compile(
    r"^(?:Reviewed|Approved|Acked)-by:\s*(?P<name>[^<\n]*?)\s*(?:<(?P<email>[^>\n]+)>)?\s*$",
    re.MULTILINE | re.IGNORECASE,
)
_NUMBER = re.compile(r"See merge request \S*!(\d+)|Merge pull request #(\d+)|\(#(\d+)\)\s*$", re.MULTILINE)
_MERGED_BRANCH = re.compile(
    r"Merge (?:remote-tracking )?branch '([^']+)'|Merge pull request #\d+ from \S+?/(\S+)"
)


@dataclass(frozen=True)
class Named:
    """What a repository is called and how services know it."""

    repo_id: str
    service_keys: tuple[str, ...]
    links: Links


def commit_observation(commit: Commit, changes: Changes | None, *, signed: bool, named: Named) -> Observation:
    """A commit as a record."""
    return Observation(
        source_ref=f"{named.repo_id}@{commit.sha}",
        fields={
            "repo_id": named.repo_id,
            "sha": commit.sha,
            "authored_at": commit.authored_at,
            "committed_at": commit.committed_at,
            "author": commit.author_email or commit.author_name or "unknown",
            "is_bot": is_bot_name(commit.author_name, commit.author_email),
            "merge": len(commit.parents) > 1,
            "signed": signed,
            "insertions": changes.insertions if changes else None,
            "deletions": changes.deletions if changes else None,
            "paths": list(changes.paths[:MOST_PATHS]) if changes else None,
            "ticket_keys": ticket_keys(commit.message),
        },
        raw=_raw(commit),
        url=named.links.commit(commit.sha),
        service_keys=named.service_keys,
    )


def merges(
    commits: Sequence[Commit], mainline: Sequence[str], since: datetime, named: Named
) -> list[Observation]:
    """Reviewed changes that show in git alone: merges, and mainline commits with review trailers. Weak.

    Args:
        commits: all commits, newest first.
        mainline: ids of the commits of the branch itself, newest first.
        since: only those merged at or after this instant.
        named: the repository.
    """
    by_sha = {commit.sha: commit for commit in commits}
    on_mainline = set(mainline)
    found = []
    for position, sha in enumerate(reversed(mainline), start=1):
        commit = by_sha.get(sha)
        if (
            commit
            and commit.committed_at >= since
            and (len(commit.parents) > 1 or _REVIEW_TRAILER.search(commit.message))
        ):
            branch = _branch_commits(commit, by_sha, on_mainline)
            found.append(_merge(commit, branch, position, named))
    return found


def _merge(commit: Commit, branch: Sequence[Commit], position: int, named: Named) -> Observation:
    """One merge; without a number in its message, its place on the mainline stands for one."""
    tip = branch[0] if branch else commit
    first = min((one.authored_at for one in branch), default=commit.authored_at)
    messages = "\n".join(one.message for one in (commit, *branch))
    source_branch = next(
        (name for pair in _MERGED_BRANCH.findall(commit.message) for name in pair if name), None
    )
    number = next(
        (group for match in _NUMBER.finditer(commit.message) for group in match.groups() if group), None
    )
    author = tip.author_email or tip.author_name or "unknown"
    approvers = _reviewers(messages, author)
    is_bot = is_bot_name(tip.author_name, tip.author_email)
    return Observation(
        source_ref=f"{named.repo_id}@{commit.sha}",
        fields={
            "repo_id": named.repo_id,
            "iid": int(number) if number and len(number) < 10 else position,
            "author": author,
            "author_is_bot": is_bot,
            "created_at": min(first, commit.committed_at),
            "first_review_at": None,
            "merged_at": commit.committed_at,
            "target_is_default": True,
            "approvers": approvers,
            "reviewers": approvers,
            "size_lines": None,
            "first_commit_at": first,
            "pipeline_status": None,
            "ticket_keys": ticket_keys(messages),
            "labels": [],
            "dependency_update": is_dependency_branch(source_branch)
            or "renovate" in author
            or "dependabot" in author,
            "merge_sha": commit.sha,
            "from_clone": True,
        },
        raw=_raw(commit),
        url=named.links.commit(commit.sha),
        service_keys=named.service_keys,
    )


def _branch_commits(commit: Commit, by_sha: Mapping[str, Commit], on_mainline: set[str]) -> list[Commit]:
    """The merged branch's own commits, newest first, along its first parents."""
    found: list[Commit] = []
    sha = commit.parents[1] if len(commit.parents) > 1 else None
    while sha and sha not in on_mainline and sha in by_sha:
        found.append(by_sha[sha])
        sha = by_sha[sha].parents[0] if by_sha[sha].parents else None
    return found


def _reviewers(messages: str, author: str) -> list[str]:
    """People other than the author that review trailers name, each once."""
    names = [
        match["email"] or match["name"]
        for match in _REVIEW_TRAILER.finditer(messages)
        if not is_bot_name(match["name"], match["email"])
    ]
    return list(dict.fromkeys(name for name in names if name and name.casefold() != author.casefold()))


def release(tag: Tag, named: Named) -> Observation:
    """A release tag as a record; what is attached to a release does not show in git."""
    return Observation(
        source_ref=f"{named.repo_id}/tags/{tag.name}",
        fields={
            "repo_id": named.repo_id,
            "tag": tag.name,
            "released_at": tag.at,
            "notes_chars": len(tag.notes),
            "signed": tag.is_signed,
            "sbom": False,
            "provenance": False,
            "from_clone": True,
        },
        raw={"tag": tag.name, "sha": tag.sha, "notes": tag.notes},
        url=named.links.commit(tag.sha),
        service_keys=named.service_keys,
    )


def _raw(commit: Commit) -> dict[str, object]:
    return {
        "sha": commit.sha,
        "parents": list(commit.parents),
        "author": {"name": commit.author_name, "email": commit.author_email},
        "committer": {"name": commit.committer_name, "email": commit.committer_email},
        "subject": commit.message.partition("\n")[0],
    }
