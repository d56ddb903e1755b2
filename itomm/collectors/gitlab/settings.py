"""Settings of a GitLab source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from itomm.collectors.contract import NetworkedSettings
from itomm.collectors.gitlab.on_call import OnCallHours
from itomm.config.secrets import SecretReference


class GitLabSettings(NetworkedSettings):
    """How to reach GitLab and which projects to read.

    Attributes:
        groups: paths of groups, which are read with their subgroups. With neither groups nor projects, every
            project is read that the token's account is a member of.
        projects: paths of single projects.
        bot_accounts: accounts that are machines although neither GitLab nor their name says so.
        environment_tiers: which tier an environment belongs to, by its name, where GitLab does not say it.
        tree_page_limit: most pages of 100 file names that are read from one repository.
        on_call_hours: the hours at which somebody must be on call: "always", or those of working days such as
            "08:00-18:00" in the schedule's own time zone. Only with it on-call schedules are read (GitLab
            Premium), as it decides how well they cover.
        refresh_hours: how old a reading of state (protections, members, releases, findings ...) may be before
            it is made again although nothing moved: less than a day, so that a daily run reads it every time;
            0 reads it in every run.
    """

    token: SecretReference
    groups: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    bot_accounts: tuple[str, ...] = ()
    environment_tiers: Mapping[str, str] = Field(default_factory=dict)
    tree_page_limit: Annotated[int, Field(gt=0)] = 100
    on_call_hours: OnCallHours | None = None
    refresh_hours: Annotated[float, Field(ge=0, le=168)] = 20
