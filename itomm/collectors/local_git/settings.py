"""Settings of a local git source."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from itomm.collectors.contract import CollectorSettings


def _must_be_pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return text


class LocalGitSettings(CollectorSettings):
    """Which repository to read and how to link to it.

    Attributes:
        path: the repository's root, or a bare repository.
        name: its name in records; default: the path in its origin's address, else the folder's name.
        branch: the branch that counts; default: the origin's default branch, else what is checked out.
        forge: how the origin's web pages are addressed; default: told by the origin's host name.
        release_tags: tags whose whole name matches are releases.
        document_folders: Markdown files below folders of these names are documents.
        timeout_seconds: longest time for one git command.
    """

    path: Path
    name: str | None = None
    branch: str | None = None
    forge: Literal["gitlab", "github", "bitbucket", "gitea"] | None = None
    release_tags: Annotated[str, AfterValidator(_must_be_pattern)] = r"([\w-]+[-/@])?v?\d+(\.\d+)+([-+.]\S+)?"
    document_folders: tuple[str, ...] = (
        "docs",
        "doc",
        "runbooks",
        "playbooks",
        "policies",
        "processes",
        "procedures",
        "plans",
        "architecture",
        "adr",
        "reports",
        "kb",
        "knowledge-base",
        "templates",
    )
    timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 300
