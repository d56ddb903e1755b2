"""Certificates that probes saw."""

from __future__ import annotations

from collections.abc import Iterator

from itomm.collectors.contract import CollectionContext
from itomm.collectors.prometheus.api import PrometheusApi
from itomm.collectors.prometheus.links import graph_page
from itomm.collectors.prometheus.samples import first_label, instant_from_epoch, service_keys
from itomm.collectors.prometheus.settings import PrometheusSettings
from itomm.evidence.observation import Observation, Page

_ENDPOINT_LABELS = ("endpoint", "target", "instance", "host", "common_name", "name")


def certificate_pages(
    api: PrometheusApi, settings: PrometheusSettings, context: CollectionContext
) -> Iterator[Page]:
    """One page with the certificates seen at the time of the collection."""
    found = []
    for series in api.now(settings.queries.certificate_expiry):
        expires = instant_from_epoch(series.samples[-1].value) if series.samples else None
        if expires is None:
            continue  # the probe met no certificate
        found.append(
            Observation(
                source_ref=series.identity,
                fields={
                    "endpoint": first_label(series.labels, _ENDPOINT_LABELS) or series.identity,
                    "issuer": first_label(series.labels, ("issuer", "issuer_cn")),
                    "not_after": expires,
                },
                raw=series.raw,
                url=graph_page(settings.page, settings.queries.certificate_expiry, context.until, "30d"),
                service_keys=service_keys(series.labels, settings.service_labels),
            )
        )
    yield Page(tuple(found), api.last_request)
