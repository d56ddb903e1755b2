"""Firing episodes: unbroken runs of samples of the ``ALERTS`` series."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from itomm.collectors.contract import CollectionContext
from itomm.collectors.payload import instant_of
from itomm.collectors.prometheus.alert_rules import is_paging
from itomm.collectors.prometheus.api import PrometheusApi
from itomm.collectors.prometheus.coverage import note_coverage
from itomm.collectors.prometheus.links import graph_page
from itomm.collectors.prometheus.periods import MINUTE, Range, steps_between
from itomm.collectors.prometheus.samples import Labels, Series, identity_of, service_keys
from itomm.collectors.prometheus.settings import PrometheusSettings
from itomm.evidence.observation import Observation, Page

CHUNK_POINTS = 10_080
"""A week of minutes: below the 11,000 points a series that Prometheus allows."""

LONGEST_GAP = timedelta(minutes=5)
"""Prometheus' look-back: a gap of up to this long may be one missed evaluation, a longer one is an end."""


@dataclass(frozen=True)
class Episode:
    """One alert series firing without a break, by its first and last sample."""

    labels: Labels
    identity: str
    first: datetime
    last: datetime


def alert_event_pages(
    api: PrometheusApi, settings: PrometheusSettings, context: CollectionContext
) -> Iterator[Page]:
    """One page a week, oldest first, with the episodes that ended in it; the last has those still firing."""
    since = max(context.since, context.until - timedelta(days=settings.alert_history_days))
    context.covered(since, context.until)
    note_coverage(api, settings, context)
    steps = steps_between(since, context.until, MINUTE)
    resume_from = context.resume_from or {}
    open_episodes = {one.identity: one for one in map(_episode_of, resume_from.get("open", ()))}
    for chunk in steps.chunks(CHUNK_POINTS, instant_of(resume_from.get("last"))):
        ended = extend(open_episodes, api.over(settings.queries.firing, chunk), chunk)
        if chunk.last == steps.last:
            ended += open_episodes.values()  # still firing at the end of the window
        still_open = [_noted(episode) for episode in open_episodes.values()]
        reached = {"last": chunk.last.isoformat(), "open": still_open}
        yield replace(_page(ended, steps, api, settings), checkpoint=reached)


def _noted(episode: Episode) -> dict[str, object]:
    """An episode as plain JSON, for a checkpoint."""
    return {
        "labels": dict(episode.labels),
        "first": episode.first.isoformat(),
        "last": episode.last.isoformat(),
    }


def _episode_of(noted: Mapping[str, Any]) -> Episode:
    labels = noted["labels"]
    first, last = (datetime.fromisoformat(noted[name]) for name in ("first", "last"))
    return Episode(labels, identity_of(labels), first, last)


def extend(open_episodes: dict[str, Episode], series: Iterable[Series], chunk: Range) -> list[Episode]:
    """Carry episodes through one chunk; returns those that ended, and leaves in ``open_episodes`` the rest.

    An episode is open as long as a sample in the next chunk could still belong to it.
    """
    ended = []
    for one in series:
        episode = open_episodes.pop(one.identity, None)
        for sample in one.samples:
            if episode is None or sample.at - episode.last > LONGEST_GAP:
                if episode is not None:
                    ended.append(episode)
                episode = Episode(one.labels, one.identity, sample.at, sample.at)
            else:
                episode = replace(episode, last=sample.at)
        if episode is not None:
            open_episodes[one.identity] = episode
    for identity, episode in list(open_episodes.items()):
        if chunk.last - episode.last > LONGEST_GAP:
            ended.append(open_episodes.pop(identity))
    return ended


def _page(episodes: list[Episode], steps: Range, api: PrometheusApi, settings: PrometheusSettings) -> Page:
    # An alert that fires at the very first step began before the window, nobody knows when.
    known = [episode for episode in episodes if episode.first > steps.first]
    ordered = sorted(known, key=lambda episode: (episode.first, episode.identity))
    observations = tuple(alert_event(episode, steps, settings) for episode in ordered)
    return Page(observations, api.last_request)


def alert_event(episode: Episode, steps: Range, settings: PrometheusSettings) -> Observation:
    """The record of an episode; it ended one step after its last sample unless that is the newest step."""
    firing = episode.last >= steps.last
    ended_at = None if firing else episode.last + steps.step
    name = episode.labels.get("alertname", "")
    severity = episode.labels.get(settings.severity_label)
    fingerprint = hashlib.sha256(episode.identity.encode()).hexdigest()[:16]
    return Observation(
        source_ref=f"{fingerprint}@{int(episode.first.timestamp())}",
        fields={
            "rule": name,
            "fingerprint": fingerprint,
            "severity": severity,
            "paging": is_paging(severity, settings),
            "started_at": episode.first,
            "ended_at": ended_at,
            "duration_s": ended_at - episode.first if ended_at else None,
            "silenced": None,  # the series does not tell; silences are records of their own
            "ticket_keys": [],
        },
        raw={
            "metric": dict(episode.labels),
            "first_sample": episode.first.timestamp(),
            "last_sample": episode.last.timestamp(),
        },
        url=graph_page(settings.page, f'ALERTS{{alertname="{name}"}}', ended_at or episode.last, "1d"),
        service_keys=service_keys(episode.labels, settings.service_labels),
    )
