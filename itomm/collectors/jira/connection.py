"""Connecting the real ``jira`` client through the guarded adapter, and what kind of Jira answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from jira import JIRA, JIRAError
from pydantic import TypeAdapter, ValidationError
from requests.adapters import HTTPAdapter

from itomm.collectors.contract import BaseUrl, SourceError
from itomm.collectors.jira.settings import JiraSettings
from itomm.collectors.payload import text_of
from itomm.config.secrets import resolve_secret

CLOUD = "Cloud"

_GATEWAY, _CLOUD_SITES = "api.atlassian.com", ".atlassian.net"
"""Tokens with scopes are taken at the first; people open their site below the second."""

_TOLD_BY_JIRA = ("versionNumbers", "version", "deploymentType", "serverTitle")
"""Every Jira tells some of these of itself; a hardened one may hide its version."""

_LONGEST_SAYING = 300
_BASE_URL: TypeAdapter[str] = TypeAdapter(BaseUrl)


@dataclass(frozen=True)
class Server:
    """The Jira that answers.

    Attributes:
        is_cloud: Cloud, or else Data Center.
        address: what people open, without a slash at its end; no request goes there.
        doubt: why that may be the wrong address; empty when nothing speaks for it.
    """

    is_cloud: bool
    address: str
    doubt: str = ""


def connect(settings: JiraSettings, adapter: HTTPAdapter) -> JIRA:
    """A client that has asked nothing yet.

    Raises:
        UsageError: when the token's reference leads nowhere.
    """
    token = resolve_secret(settings.token).reveal()
    sign_in: dict[str, Any] = (
        {"basic_auth": (settings.user, token)} if settings.user else {"token_auth": token}
    )
    client = JIRA(
        server=settings.url,
        options={"verify": settings.verify},
        get_server_info=False,  # its request would go out before the guarded adapter is mounted
        logging=False,  # it would log whole answers, with what names and secrets they hold
        max_retries=0,  # the adapter retries, under the source's deadline
        timeout=settings.timeout_seconds,
        **sign_in,
    )
    client._session.mount("https://", adapter)
    client._session.mount("http://", adapter)
    return client


def server_of(client: JIRA, settings: JiraSettings) -> Server:
    """What answers at the address: one request.

    Raises:
        SourceError: when it is not Jira.
    """
    information = client.server_info()
    if not isinstance(information, Mapping) or not any(name in information for name in _TOLD_BY_JIRA):
        raise SourceError(f"{settings.url} answers, but not as Jira does. Is the address right?")
    address, doubt = address_for_people(text_of(information.get("baseUrl")), settings)
    return Server(information.get("deploymentType") == CLOUD, address, doubt)


def address_for_people(told: str | None, settings: JiraSettings) -> tuple[str, str]:
    """Where links to issues lead, and what speaks against it.

    Jira often sits behind another address than the one it is asked at, so its own word counts, where it is an
    address at all. Who can change it could lead readers of a report elsewhere: so another host is told.
    """
    own = urlsplit(settings.url)
    if settings.web_url is not None:
        return settings.web_url, ""
    if told is None:
        return settings.url, ""
    try:
        address = _BASE_URL.validate_python(told)
    except ValidationError:
        return settings.url, f"Jira gives no web address as its base URL; links lead to {settings.url}."
    parts = urlsplit(address)
    of_the_maker = own.hostname == _GATEWAY and str(parts.hostname).endswith(_CLOUD_SITES)
    known = parts.hostname == own.hostname or (of_the_maker and parts.scheme == "https")
    doubt = (
        f"Jira says that people open it at {parts.hostname}, but it is read at {own.hostname}: links to "
        f"issues lead to {parts.hostname}. Say under web_url where people open it."
    )
    return address, "" if known else doubt


def prepare(client: JIRA, server: Server) -> JIRA:
    """Tell a client which kind of Jira it speaks to, as if it had asked itself."""
    # Search works differently on Cloud, and the client takes its own word only from this attribute.
    client.deploymentType = CLOUD if server.is_cloud else "Server"
    client._fields_cache_value = {"key": "key"}  # it would ask for all fields once more, to find ids by name
    client._options["rest_api_version"] = "3" if server.is_cloud else "2"
    return client


def said(error: JIRAError) -> str:
    """What Jira answered, in a sentence; of a web page only that it was one."""
    words = " ".join(str(error.text or "").split())
    if words.startswith("<"):
        words = "a web page"
    return f"Jira answered {error.status_code}: {words[:_LONGEST_SAYING]}"
