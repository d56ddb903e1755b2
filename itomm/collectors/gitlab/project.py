"""One GitLab project, as far as every stream needs it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from itomm.collectors.payload import Payload, mapping_of, text_of
from itomm.collectors.repository_contents import is_bot_name
from itomm.evidence.observation import RequestMade


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
        """The default branch; None when the repository is empty."""
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
