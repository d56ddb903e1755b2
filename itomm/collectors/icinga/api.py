"""Asks the API of Icinga 2, and knows what the account may not see.

To an account without a permission Icinga says "no objects found", to one with a filtered permission it
shows a part, and both look like the whole. Only its own list of permissions tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from itomm.collectors.contract import CollectionContext, SourceError
from itomm.collectors.framework.credentials import sign_in
from itomm.collectors.icinga.settings import IcingaSettings
from itomm.collectors.payload import Payload, mapping_of, rows_of, text_of
from itomm.evidence.observation import RequestMade, UnknownReason

_FILTERED = " (filtered)"

PATHS = {
    "Host": "hosts",
    "Service": "services",
    "Notification": "notifications",
    "User": "users",
    "Downtime": "downtimes",
}
"""Where the API lists the objects of a type."""


class IcingaApi:
    """One Icinga 2 during the collection of one stream."""

    def __init__(self, settings: IcingaSettings, context: CollectionContext) -> None:
        self._context = context
        self._url = settings.url
        self._session = sign_in(context.session(), settings)
        self._session.headers["Accept"] = "application/json"
        self._about: Payload | None = None

    @property
    def last_request(self) -> RequestMade:
        """The request behind the last answer."""
        return self._context.last_request

    @property
    def version(self) -> str:
        """The server's version, such as r2.13.6-1."""
        return text_of(self._asked_about().get("version")) or "unknown"

    def may_read(self, object_type: str) -> bool:
        """Whether the account may list objects of a type."""
        return bool(self._permissions_for(object_type))

    def sees_a_part(self, object_type: str) -> bool:
        """Whether a filter hides objects of a type from the account; one filter narrows all permissions."""
        return any(one.endswith(_FILTERED) for one in self._permissions_for(object_type))

    def objects(self, object_type: str, attributes: Sequence[str]) -> list[Payload]:
        """The attributes of all objects of a type, by name.

        Raises:
            requests.HTTPError: the server answered with an error status.
            SourceError: the account may not list them, or the answer is not what Icinga answers.
        """
        if not self.may_read(object_type):
            raise SourceError(
                f"the ApiUser lacks the permission objects/query/{object_type}.",
                UnknownReason.PERMISSION_DENIED,
            )
        if self.sees_a_part(object_type):
            self._context.incomplete(
                UnknownReason.PERMISSION_DENIED,
                f"the ApiUser's permission objects/query/{object_type} has a filter, so some are not seen.",
            )
        rows = self._results(f"objects/{PATHS[object_type]}", attributes)
        found = [(str(row.get("name", "")), mapping_of(row.get("attrs"))) for row in rows]
        return [attrs for _, attrs in sorted(found, key=lambda pair: pair[0])]

    def _permissions_for(self, object_type: str) -> list[str]:
        """The account's permissions to list objects of a type; they are patterns, in any letter case."""
        wanted = f"objects/query/{object_type}".lower()
        granted = [str(one).lower() for one in self._asked_about()["permissions"]]
        return [one for one in granted if fnmatchcase(wanted, one.removesuffix(_FILTERED))]

    def _asked_about(self) -> Payload:
        if self._about is None:
            rows = self._results("", ())
            if len(rows) != 1 or not isinstance(rows[0].get("permissions"), list):
                raise self._not_icinga()
            self._about = rows[0]
        return self._about

    def _results(self, path: str, attributes: Sequence[str]) -> list[Payload]:
        response = self._session.get(f"{self._url}/v1/{path}".rstrip("/"), params={"attrs": list(attributes)})
        response.raise_for_status()
        results = mapping_of(response.json()).get("results")
        if not isinstance(results, list):
            raise self._not_icinga()
        return rows_of(results)

    def _not_icinga(self) -> SourceError:
        return SourceError(
            f"{self._url} answers, but not as Icinga 2 does. Is it the address of its API (port 5665)?"
        )
