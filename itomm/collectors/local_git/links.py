"""Web addresses of a repository's commits and files, from its origin. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

_COMMIT = {"gitlab": "/-/commit/", "github": "/commit/", "bitbucket": "/commits/", "gitea": "/commit/"}
_FILE = {"gitlab": "/-/blob/{}/", "github": "/blob/{}/", "bitbucket": "/src/{}/", "gitea": "/src/commit/{}/"}
_SCP_LIKE = re.compile(r"(?:[^@/]+@)?([\w.-]+):(?!//)(.+)")


@dataclass(frozen=True)
class Links:
    """Where a repository's commits and files can be seen.

    Attributes:
        name: the path in the origin's address, such as ``shop/handbook``; None without a usable origin.
        web_url: the repository's page; None when the origin is none or its pages are of an unknown shape.
        forge: whose shape the pages have; None likewise.
        folder: the repository on disk, which is linked to otherwise.
    """

    name: str | None
    web_url: str | None
    forge: str | None
    folder: Path

    def commit(self, sha: str) -> str:
        """The page of a commit, else the repository's folder and the commit."""
        if self.web_url and self.forge:
            return f"{self.web_url}{_COMMIT[self.forge]}{sha}"
        return f"{self.folder.as_uri()}#{sha}"

    def file(self, path: str, sha: str) -> str:
        """The page of a file as of a commit, else the file on disk and the commit."""
        if self.web_url and self.forge:
            return f"{self.web_url}{_FILE[self.forge].format(sha)}{quote(path)}"
        return f"{(self.folder / path).as_uri()}#{sha}"


def read_origin(origin: str | None, folder: Path, forge: str | None = None) -> Links:
    """Links from an origin's address, over HTTP or SSH; credentials in it are dropped."""
    host, path, port = _parts(origin or "")
    if host is None or not path:
        return Links(None, None, None, folder)
    name = path.strip("/").removesuffix(".git")
    shape = forge or next((known for known in _COMMIT if known in host.casefold()), None)
    web_url = f"https://{host}{f':{port}' if port else ''}/{quote(name)}" if shape else None
    return Links(name, web_url, shape, folder)


def _parts(origin: str) -> tuple[str | None, str, int | None]:
    """Host, path and web port; an SSH port says nothing about the web."""
    scp_like = _SCP_LIKE.fullmatch(origin)
    if scp_like and "://" not in origin:
        return scp_like[1], scp_like[2], None
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return None, "", None
    if parts.scheme not in ("http", "https", "ssh", "git+ssh"):
        return None, "", None
    return parts.hostname, parts.path, port if parts.scheme in ("http", "https") else None
