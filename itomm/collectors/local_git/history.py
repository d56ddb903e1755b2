"""A repository's history and files as of an instant, read with few git commands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from itomm.collectors.local_git.git import Git, GitError
from itomm.collectors.payload import instant_of
from itomm.evidence.observation import RequestMade

LARGEST_TEXT_BYTES = 1_000_000
"""Larger files are no documents that people read."""

_COMMIT_FORMAT = "%H%x00%P%x00%aI%x00%cI%x00%aN%x00%aE%x00%cN%x00%cE%x00%B"
_COMMIT_FIELDS = 9
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REGULAR_FILE = ("100644", "100755")


@dataclass(frozen=True)
class Commit:
    """One commit; names and addresses are as the repository's .mailmap corrects them."""

    sha: str
    parents: tuple[str, ...]
    authored_at: datetime
    committed_at: datetime
    author_name: str
    author_email: str
    committer_name: str
    committer_email: str
    message: str


@dataclass(frozen=True)
class Changes:
    """What one commit changed; lines of binary files count as none."""

    insertions: int
    deletions: int
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Touch:
    """A commit that changed a file."""

    sha: str
    at: datetime
    author_name: str
    author_email: str


@dataclass(frozen=True)
class Tag:
    """A tag with what its object says; ``notes`` and ``is_signed`` are those of annotated tags only."""

    name: str
    sha: str
    at: datetime
    notes: str
    is_signed: bool


class History:
    """Reads one branch of one repository up to one commit."""

    def __init__(self, git: Git, head: str, branch: str) -> None:
        self._git = git
        self.head = head
        self.branch = branch

    def commits(self, since: datetime | None = None) -> list[Commit]:
        """Commits reachable from the head, newest first; those committed since an instant, or all."""
        window = [f"--since-as-filter={since.isoformat()}"] if since else []
        return self._parse(self._log("-z", f"--format=tformat:{_COMMIT_FORMAT}", *window))

    @staticmethod
    def _parse(printed: bytes) -> list[Commit]:
        fields = printed.decode(errors="replace").split("\0")
        return [
            commit
            for start in range(0, len(fields) - _COMMIT_FIELDS + 1, _COMMIT_FIELDS)
            if (commit := _commit(fields[start : start + _COMMIT_FIELDS]))
        ]

    def newest(self) -> Commit:
        """The head itself."""
        return self._parse(self._log("-z", "-1", f"--format=tformat:{_COMMIT_FORMAT}"))[0]

    def changes(self, since: datetime) -> dict[str, Changes]:
        """What each commit since an instant changed, by its id."""
        printed = self._log(
            "-z",
            "--numstat",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--format=tformat:%H",
            f"--since-as-filter={since.isoformat()}",
        )
        found: dict[str, list[tuple[int, int, str]]] = {}
        current = ""
        for token in printed.decode(errors="replace").split("\0"):
            entry = token.lstrip("\n")
            if _SHA.fullmatch(entry):
                current = entry
                found[current] = []
            elif entry.count("\t") >= 2 and current:
                insertions, deletions, path = entry.split("\t", 2)
                found[current].append((_lines(insertions), _lines(deletions), path))
        return {
            sha: Changes(
                sum(row[0] for row in rows), sum(row[1] for row in rows), tuple(row[2] for row in rows)
            )
            for sha, rows in found.items()
        }

    def signed(self, shas: Sequence[str]) -> set[str]:
        """Those of the commits that carry a signature. It is not verified: that would run a program."""
        found: set[str] = set()
        for sha, content in self._objects(shas):
            header = content.partition(b"\n\n")[0]
            if b"\ngpgsig" in header:
                found.add(sha)
        return found

    def mainline(self) -> list[str]:
        """Commits of the branch itself, newest first, without those of merged branches."""
        return self._git.text("rev-list", "--first-parent", "--end-of-options", self.head).split()

    def files(self) -> dict[str, str]:
        """Blob id by path, for every regular file at the head that is no larger than a text."""
        printed = self._git.run("ls-tree", "-r", "-z", "-l", "--full-tree", "--end-of-options", self.head)
        found: dict[str, str] = {}
        for entry in printed.decode(errors="replace").split("\0"):
            attributes, _, path = entry.partition("\t")
            parts = attributes.split()
            if len(parts) == 4 and parts[0] in _REGULAR_FILE and int(parts[3]) <= LARGEST_TEXT_BYTES:
                found[path] = parts[2]
        return found

    def paths(self) -> list[str]:
        """Every path at the head."""
        printed = self._git.run(
            "ls-tree", "-r", "-z", "--name-only", "--full-tree", "--end-of-options", self.head
        )
        return [path for path in printed.decode(errors="replace").split("\0") if path]

    def texts(self, files: dict[str, str], paths: Iterable[str]) -> dict[str, str]:
        """The texts of files, by path.

        Raises:
            GitError: some were left out when the repository was cloned.
        """
        wanted = [path for path in paths if path in files]
        contents = dict(self._objects([files[path] for path in wanted]))
        missing = [path for path in wanted if files[path] not in contents]
        if missing:
            raise GitError(f"{missing[0]} is missing from the repository; is it a partial clone?")
        return {path: contents[files[path]].decode(errors="replace") for path in wanted}

    def touches(self, paths: Iterable[str]) -> dict[str, list[Touch]]:
        """The commits that changed each path, newest first."""
        wanted = set(paths)
        found: dict[str, list[Touch]] = {path: [] for path in wanted}
        if not wanted:
            return found
        printed = self._log(
            "-z",
            "--raw",
            "--no-abbrev",
            "--no-renames",
            "--no-ext-diff",
            "--format=tformat:%H %cI %aE%x09%aN",
        )
        tokens = iter(printed.decode(errors="replace").split("\0"))
        touch: Touch | None = None
        for token in tokens:
            entry = token.lstrip("\n")
            if entry.startswith(":"):
                path = next(tokens, "")
                if path in wanted and touch is not None:
                    found[path].append(touch)
            elif entry:
                touch = _touch(entry)
        return found

    def tags(self) -> list[Tag]:
        """All tags of the repository, by name."""
        fields = (
            "refname:strip=2",
            "objectname",
            "*objectname",
            "creatordate:iso-strict",
            "contents:signature",
        )
        form = "".join(f"%({field})%00" for field in (*fields, "objecttype", "contents"))
        printed = self._git.run("for-each-ref", f"--format={form}", "--sort=refname", "refs/tags")
        values = printed.decode(errors="replace").split("\0")
        rows = (values[start : start + 7] for start in range(0, len(values) - 6, 7))
        return [tag for row in rows if (tag := _tag(row))]

    def request(self, *words: str) -> RequestMade:
        """The command that a person would repeat to see the same."""
        return RequestMade(method="RUN", url=" ".join(["git", *words, self.head]))

    def _log(self, *options: str) -> bytes:
        words = ("log", "--use-mailmap", "--no-show-signature", "--no-color", *options)
        return self._git.run(*words, "--end-of-options", self.head, "--", mailmap=f"{self.head}:.mailmap")

    def _objects(self, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """The contents of objects, in one command; those that are missing (a partial clone) are left out."""
        printed = self._git.run("cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
        position = 0
        while position < len(printed):
            line_end = printed.index(b"\n", position)
            header = printed[position:line_end].decode().split()
            position = line_end + 1
            if len(header) == 3:
                size = int(header[2])
                yield header[0], printed[position : position + size]
                position += size + 1


def head_at(git: Git, branch: str, until: datetime) -> str | None:
    """The commit that the branch pointed to at an instant, by commit dates; None when there was none."""
    return git.text_or_none(
        "rev-list", "-1", "--first-parent", f"--until={until.isoformat()}", "--end-of-options", branch, "--"
    )


def default_branch(git: Git) -> str | None:
    """The branch that counts: the origin's default, else what is checked out; None in detached states."""
    for reference in ("refs/remotes/origin/HEAD", "HEAD"):
        found = git.text_or_none("symbolic-ref", "-q", reference)
        if found and (reference == "HEAD" or git.text_or_none("rev-parse", "--verify", "-q", found)):
            return found
    return None


def is_shallow(git: Git) -> bool:
    """Whether older history was left out when the repository was cloned."""
    return git.text("rev-parse", "--is-shallow-repository") == "true"


def _commit(fields: Sequence[str]) -> Commit | None:
    sha, parents, authored, committed, *people, message = fields
    authored_at, committed_at = instant_of(authored), instant_of(committed)
    if authored_at is None or committed_at is None:
        return None
    author_name, author_email, committer_name, committer_email = people
    return Commit(
        sha=sha.lstrip("\n"),
        parents=tuple(parents.split()),
        authored_at=authored_at,
        committed_at=committed_at,
        author_name=author_name,
        author_email=author_email,
        committer_name=committer_name,
        committer_email=committer_email,
        message=message,
    )


def _touch(entry: str) -> Touch | None:
    sha, _, rest = entry.partition(" ")
    at, _, person = rest.partition(" ")
    email, _, name = person.partition("\t")
    instant = instant_of(at)
    return Touch(sha, instant, name, email) if instant and _SHA.fullmatch(sha) else None


def _tag(row: Sequence[str]) -> Tag | None:
    name, own, target, created, signature, kind, contents = row
    at = instant_of(created)
    if at is None:
        return None
    annotated = kind == "tag"
    notes = contents.removesuffix(signature).strip() if annotated else ""
    return Tag(name.lstrip("\n"), target or own, at, notes, annotated and bool(signature.strip()))


def _lines(count: str) -> int:
    return int(count) if count.isdigit() else 0
