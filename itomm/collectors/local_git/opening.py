"""Opens a repository as of an instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from itomm.collectors.contract import SourceError
from itomm.collectors.local_git.commits import Named
from itomm.collectors.local_git.git import Git
from itomm.collectors.local_git.history import History, default_branch, head_at, is_shallow
from itomm.collectors.local_git.links import read_origin
from itomm.collectors.local_git.settings import LocalGitSettings


@dataclass(frozen=True)
class Opened:
    """A repository as of an instant.

    Attributes:
        named: what it is called, and how services know it.
        history: its branch up to the instant; None when there is no commit so far.
        is_shallow: whether its older history was left out when it was cloned.
    """

    named: Named
    history: History | None
    is_shallow: bool


def open_repository(settings: LocalGitSettings, until: datetime) -> Opened:
    """Open the repository that the settings name.

    Raises:
        SourceError: there is no repository, no git to read it, or no such branch.
    """
    git = Git(settings.path, settings.timeout_seconds)
    links = read_origin(git.text_or_none("config", "--get", "remote.origin.url"), git.path, settings.forge)
    repo_id = settings.name or links.name or git.path.name.removesuffix(".git")
    keys = tuple(dict.fromkeys([repo_id, repo_id.rpartition("/")[2], git.path.name]))
    branch = _branch(git, settings)
    head = head_at(git, branch, until) if branch else None
    history = History(git, head, branch.removeprefix("refs/heads/")) if branch and head else None
    return Opened(Named(repo_id, keys, links), history, is_shallow(git))


def _branch(git: Git, settings: LocalGitSettings) -> str | None:
    """The branch to read, as git finds it; None while the repository has no commit at all."""
    if settings.branch is None:
        found = default_branch(git) or "HEAD"
        return found if git.text_or_none("rev-parse", "--verify", "-q", f"{found}^{{commit}}") else None
    for reference in (f"refs/remotes/origin/{settings.branch}", f"refs/heads/{settings.branch}"):
        if git.text_or_none("rev-parse", "--verify", "-q", f"{reference}^{{commit}}"):
            return reference
    raise SourceError(f"{git.path} has no branch {settings.branch}. Check the source's branch.")
