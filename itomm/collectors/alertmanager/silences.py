"""Silences: who suppressed which alerts, for how long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from itomm.collectors.alertmanager.api import AlertmanagerApi
from itomm.collectors.alertmanager.matchers import equal_values, matchers_of_silence
from itomm.collectors.alertmanager.settings import AlertmanagerSettings
from itomm.collectors.contract import CollectionContext
from itomm.collectors.payload import Payload, instant_of
from itomm.evidence.observation import Observation, Page


def silence_pages(
    api: AlertmanagerApi, settings: AlertmanagerSettings, context: CollectionContext
) -> Iterator[Page]:
    """One page with the silences that began in the window.

    Alertmanager forgets expired silences after some days, so only those days are covered.
    """
    context.covered(context.until - timedelta(hours=settings.silence_retention_hours), context.until)
    found = []
    for payload in api.silences():
        silence = silence_of(payload, settings)
        if silence is None:
            context.warn("a silence without a start or an end was left out")
        elif context.since <= silence[0] <= context.until:
            found.append(silence[1])
    yield Page(tuple(sorted(found, key=lambda one: one.source_ref)), api.last_request)


def silence_of(payload: Payload, settings: AlertmanagerSettings) -> tuple[datetime, Observation] | None:
    """A silence's start and its record; None when it lacks a start or an end."""
    starts_at, ends_at = instant_of(payload.get("startsAt")), instant_of(payload.get("endsAt"))
    if starts_at is None or ends_at is None:
        return None
    identifier = str(payload.get("id", ""))
    observation = Observation(
        source_ref=identifier,
        fields={
            "created_by": str(payload.get("createdBy", "")),
            "comment": str(payload.get("comment", "")),
            "starts_at": starts_at,
            "ends_at": ends_at,
            "duration_s": ends_at - starts_at,
        },
        raw=dict(payload),
        url=f"{settings.page}/#/silences/{identifier}",
        service_keys=equal_values(matchers_of_silence(payload), settings.service_labels),
    )
    return starts_at, observation
