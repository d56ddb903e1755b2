"""One GitLab project, as far as every stream needs it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from itomm.collectors.payload import Payload, instant_of, mapping_of, text_of
from itomm.collectors.repository_contents import is_bot_name
from itomm.evidence.observation import RequestMade

ACTIVITY_NOTED_WITHIN = timedelta(hours=1)
"""GitLab moves a project's ``last_activity_at`` no more often than this: what follows may leave no trace."""


@dataclass(frozen=True)
class Project:
    """A project from a list of projects, and the request that fetched it."""

    payload: Payload
    request: RequestMade

    @property
    def id(self) -> int:
        """Its number, which stays when it is renamed or moved."""
        return int(self.payload["id"])

    @property
    def path(self) -> str:
        """Its full path, such as ``shop/checkout``."""
        return str(self.payload["path_with_namespace"])

    @property
    def web_url(self) -> str:
        """Its page."""
        return str(self.payload.get("web_url") or "")

    @property
    def default_branch(self) -> str | None:
        """The default branch; None when the repository is empty, also where GitLab has a name for it."""
        if self.payload.get("empty_repo") is True:
            return None
        return text_of(self.payload.get("default_branch"))

    @property
    def is_archived(self) -> bool:
        """Whether it is archived."""
        return self.payload.get("archived") is True

    @property
    def service_keys(self) -> tuple[str, ...]:
        """Names by which the service may be known: full path, short path, topics."""
        short = text_of(self.payload.get("path")) or self.path.rpartition("/")[2]
        topics = [str(topic) for topic in self.payload.get("topics") or ()]
        return tuple(dict.fromkeys([self.path, short, *topics]))

    def quiet_since(self, instant: datetime) -> bool:
        """Whether nothing that GitLab counts as activity happened since; it counts once an hour at most.

        Scheduled pipelines, edits of settings and deployments from outside are no activity to GitLab.
        """
        last = instant_of(self.payload.get("last_activity_at"))
        return last is not None and last < instant - ACTIVITY_NOTED_WITHIN

    def is_new_since(self, instant: datetime) -> bool:
        """Whether it was made since; one that does not tell when counts as new."""
        created_at = instant_of(self.payload.get("created_at"))
        return created_at is None or created_at >= instant

    def untouched_since(self, instant: datetime) -> bool:
        """Whether it was archived already at that instant, and so can have had no pipeline or deployment."""
        updated_at = instant_of(self.payload.get("updated_at"))
        return self.is_archived and updated_at is not None and updated_at < instant

    def switched_off(self, feature: str) -> bool:
        """Whether a feature (``builds``, ``merge_requests``, ``releases``, ...) is disabled for everybody."""
        return self.payload.get(f"{feature}_access_level") == "disabled"


def is_bot(user: object, bot_accounts: tuple[str, ...] = ()) -> bool:
    """Whether a user object is a machine's, by GitLab's own mark, the settings, or its name."""
    found = mapping_of(user)
    username = text_of(found.get("username"))
    return (
        found.get("bot") is True
        or username in bot_accounts
        or is_bot_name(username, text_of(found.get("name")))
    )


def username_of(user: object) -> str | None:
    """A user object's user name."""
    return text_of(mapping_of(user).get("username"))
