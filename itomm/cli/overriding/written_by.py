"""Who wrote which lines of a reviewed file, by git."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from itomm.collectors.local_git.git import Git
from itomm.config.errors import UsageError

_SECONDS = 30.0
_HEADER = re.compile(r"([0-9a-f]{40,64}) \d+ (\d+)(?: \d+)?")


@dataclass(frozen=True)
class Commit:
    """A commit, and the e-mail address of its author."""

    id: str
    author: str


def commits_of(file: Path, lines: Sequence[int]) -> list[Commit]:
    """For each entry, from its first line to the next one's: the newest commit that wrote in it.

    Raises:
        UsageError: the file is in no git repository, or differs from what was committed.
    """
    if not lines:
        return []
    path = file.resolve()
    root = next((folder for folder in path.parents if (folder / ".git").exists()), None)
    if root is None:
        raise UsageError(
            f"{file} is in no git repository: its entries have no author who could propose them. "
            f"Use 'itomm override propose'."
        )
    git = Git(root, _SECONDS)
    name = path.relative_to(root.resolve()).as_posix()
    if git.text("status", "--porcelain", "--untracked-files=all", "--", name):
        raise UsageError(f"{file} has changes that are not committed; commit them first.")
    if git.text_or_none("rev-parse", "--verify", "--quiet", f"HEAD:{name}") is None:
        raise UsageError(f"{file} is not committed (git may ignore it); commit it first.")
    written = _written_lines(git, name)
    order = {
        commit: place for place, commit in enumerate(git.text("rev-list", "--topo-order", "HEAD").split())
    }
    ends = [*lines[1:], max(written) + 1]
    return [
        min((written[line] for line in range(start, end) if line in written), key=lambda one: order[one.id])
        for start, end in zip(lines, ends, strict=True)
    ]


def _written_lines(git: Git, name: str) -> dict[int, Commit]:
    """The commit that wrote each line."""
    found: dict[int, Commit] = {}
    commit, line = "", 0
    for text in (
        git.run("blame", "--line-porcelain", "HEAD", "--", name).decode(errors="replace").splitlines()
    ):
        if text.startswith("\t"):
            continue
        if header := _HEADER.fullmatch(text):
            commit, line = header.group(1), int(header.group(2))
        elif text.startswith("author-mail "):
            found[line] = Commit(commit, text.removeprefix("author-mail ").strip().strip("<>"))
    return found
