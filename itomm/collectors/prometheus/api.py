"""Asks Prometheus, through prometheus-api-client where that has a method, and sees partial answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from prometheus_api_client.prometheus_connect import PrometheusConnect

from itomm.collectors.contract import CollectionContext, SourceError
from itomm.collectors.framework.credentials import sign_in
from itomm.collectors.payload import Payload, mapping_of
from itomm.collectors.prometheus.periods import Range
from itomm.collectors.prometheus.samples import Series, series_of
from itomm.collectors.prometheus.settings import PrometheusSettings
from itomm.collectors.tenancy import TENANT_HEADER
from itomm.evidence.observation import RequestMade, UnknownReason

_ONLY_INFORMATION = "PromQL info"  # how Prometheus begins a remark on a query, whatever list it stands in
_MARKS = (b'"warnings"', b'"infos"', b'"isPartial"')


class PrometheusApi:
    """One Prometheus during the collection of one stream."""

    def __init__(self, settings: PrometheusSettings, context: CollectionContext) -> None:
        self._context = context
        self._url = settings.url
        self._session = sign_in(context.session(), settings)
        if settings.tenant is not None:
            self._session.headers[TENANT_HEADER] = settings.tenant
        self._session.hooks["response"].append(self._note_partial_answer)
        self._client = PrometheusConnect(url=settings.url, session=self._session)
        # The client mounts an adapter of its own on the address; ours goes back in its place.
        self._session.mount(settings.url, context.adapter)

    @property
    def last_request(self) -> RequestMade:
        """The request behind the last answer."""
        return self._context.last_request

    def now(self, query: str) -> list[Series]:
        """The series of an instant query at the time of the collection."""
        at = self._context.until.timestamp()
        with self._as_prometheus_answers():
            return series_of(self._client.custom_query(query, params={"time": at}))

    def over(self, query: str, steps: Range) -> list[Series]:
        """The series of a range query; none when the range holds no step."""
        if steps.is_empty:
            return []
        step = f"{int(steps.step.total_seconds())}s"
        with self._as_prometheus_answers():
            return series_of(self._client.custom_query_range(query, steps.first, steps.last, step))

    def read(self, path: str, **parameters: str) -> Payload:
        """The ``data`` of ``/api/v1/<path>``, for which the client library has no method.

        Raises:
            requests.HTTPError: the server answered with an error status.
            SourceError: the answer is not what Prometheus answers.
        """
        answer = self._get(f"api/v1/{path}", parameters).json()
        if mapping_of(answer).get("status") != "success":
            raise self._not_prometheus()
        return mapping_of(answer.get("data"))

    def text(self, path: str) -> str:
        """The text at ``/<path>``, beside the API.

        Raises:
            requests.HTTPError: the server answered with an error status.
        """
        return self._get(path, {}).text

    def _get(self, path: str, parameters: Mapping[str, str]) -> requests.Response:
        response = self._session.get(f"{self._url}/{path}", params=parameters)
        response.raise_for_status()
        return response

    @contextmanager
    def _as_prometheus_answers(self) -> Iterator[None]:
        try:
            yield
        except (KeyError, TypeError):  # the client library takes the shape of an answer for granted
            raise self._not_prometheus() from None

    def _not_prometheus(self) -> SourceError:
        return SourceError(f"{self._url} answers, but not as Prometheus does. Is the address right?")

    def _note_partial_answer(self, response: requests.Response, *_: Any, **__: Any) -> None:
        """The client library drops these fields, and a partial answer then looks like a whole one."""
        if not any(mark in response.content for mark in _MARKS):
            return
        try:
            answer = mapping_of(response.json())
        except requests.JSONDecodeError:
            return  # whoever reads the answer reports it
        if answer.get("isPartial") is True:  # how VictoriaMetrics says it
            self._partial("some of its storage nodes did not answer")
        for said in _texts(answer.get("infos")) + _texts(answer.get("warnings")):
            if said.startswith(_ONLY_INFORMATION):
                self._context.warn(f"Prometheus remarks: {said}")
            else:
                self._partial(said)

    def _partial(self, said: str) -> None:
        self._context.incomplete(
            UnknownReason.INSUFFICIENT_COVERAGE, f"Prometheus says its answer is partial: {said}"
        )


def _texts(value: object) -> list[str]:
    return [str(part) for part in value] if isinstance(value, list) else []
