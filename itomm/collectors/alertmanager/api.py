"""Asks Alertmanager's API version 2."""

from __future__ import annotations

from itomm.collectors.alertmanager.settings import AlertmanagerSettings
from itomm.collectors.contract import CollectionContext, SourceError
from itomm.collectors.framework.credentials import sign_in
from itomm.collectors.payload import Payload, mapping_of, rows_of
from itomm.collectors.tenancy import TENANT_HEADER
from itomm.evidence.observation import RequestMade


class AlertmanagerApi:
    """One Alertmanager during the collection of one stream."""

    def __init__(self, settings: AlertmanagerSettings, context: CollectionContext) -> None:
        self._context = context
        self._url = settings.url
        self._session = sign_in(context.session(), settings)
        if settings.tenant is not None:
            self._session.headers[TENANT_HEADER] = settings.tenant

    @property
    def last_request(self) -> RequestMade:
        """The request behind the last answer."""
        return self._context.last_request

    def silences(self) -> list[Payload]:
        """All silences it remembers: pending, active and, for some days, expired ones."""
        answer = self._read("silences")
        if not isinstance(answer, list):
            raise self._not_alertmanager()
        return rows_of(answer)

    def configuration(self) -> str:
        """The text of the loaded configuration; Alertmanager itself has masked the secrets in it."""
        text = mapping_of(mapping_of(self._read("status")).get("config")).get("original")
        if not isinstance(text, str):
            raise self._not_alertmanager()
        return text

    def _read(self, path: str) -> object:
        response = self._session.get(f"{self._url}/api/v2/{path}")
        response.raise_for_status()
        answer: object = response.json()
        return answer

    def _not_alertmanager(self) -> SourceError:
        return SourceError(f"{self._url} answers, but not as Alertmanager does. Is the address right?")
