"""One GitHub repository, as far as every stream needs it, and the people around it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from itomm.collectors.payload import Payload, mapping_of, text_of
from itomm.collectors.repository_contents import is_bot_name
from itomm.evidence.observation import RequestMade

DELETED_ACCOUNT = "ghost"
"""The name under which GitHub shows what a deleted account did."""


@dataclass(frozen=True)
class Repository:
    """A repository, and the request that fetched it; ``configured`` is its name in the settings."""

    payload: Payload
    request: RequestMade
    configured: str | None = None

    @property
    def path(self) -> str:
        """Its full name, such as ``acme/checkout``."""
        return str(self.payload["full_name"])

    @property
    def web_url(self) -> str:
        """Its page."""
        return str(self.payload.get("html_url") or "")

    @property
    def default_branch(self) -> str | None:
        """The default branch; GitHub names one even when the repository is empty."""
        return text_of(self.payload.get("default_branch"))

    @property
    def is_archived(self) -> bool:
        """Whether it is archived: it can still be read, and no more be changed."""
        return self.payload.get("archived") is True

    @property
    def service_keys(self) -> tuple[str, ...]:
        """Names by which the service may be known: full, in the settings, short, and its topics."""
        topics = [str(topic) for topic in self.payload.get("topics") or ()]
        names = [self.path, self.configured, self.path.rpartition("/")[2], *topics]
        return tuple(dict.fromkeys(name for name in names if name))

    def kept(self) -> dict[str, object]:
        """The part of the payload that evidence needs."""
        return {key: self.payload[key] for key in _KEPT if key in self.payload}


_KEPT = (
    "id",
    "full_name",
    "default_branch",
    "archived",
    "visibility",
    "private",
    "pushed_at",
    "topics",
    "html_url",
    "security_and_analysis",
)


def login_of(account: object) -> str | None:
    """An account's name; None for a deleted one."""
    return text_of(mapping_of(account).get("login"))


def is_bot(account: object, bot_accounts: tuple[str, ...] = ()) -> bool:
    """Whether an account is a machine's: by GitHub's own mark, the settings, or its name."""
    found = mapping_of(account)
    login = login_of(found)
    marked = found.get("__typename") == "Bot" or found.get("type") == "Bot"
    return marked or login in bot_accounts or is_bot_name(login)
