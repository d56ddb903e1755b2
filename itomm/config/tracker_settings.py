"""Settings of the tools in which tickets for a roadmap's steps are made."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from itomm.config.addresses import BaseUrl
from itomm.config.secrets import SecretReference
from itomm.config.structure import StrictModel

Label = Annotated[str, Field(pattern=r"^[^\s,]{1,100}$")]


class TrackerSettings(StrictModel):
    """A project of Jira or GitLab. Its token may write, which no source's token should.

    ``user`` and ``token`` together sign in to Jira Cloud; a ``token`` alone is a personal access token.
    ``project`` is a key in Jira, a path in GitLab. ``labels`` are put on every ticket beside itomm's own.
    """

    kind: Literal["jira", "gitlab"]
    url: BaseUrl
    user: str | None = None
    token: SecretReference
    project: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./-]*$")]
    issue_type: str = "Task"
    labels: tuple[Label, ...] = ()
    deadline_minutes: Annotated[float, Field(gt=0, le=1440)] = 10
    verify: Literal[True] | str = True
