"""Reads alerts of all kinds, and notes on the way which of GitHub's scanners are switched on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from itomm.collectors.github.alert import ALERT_KINDS, AlertKind, vulnerability
from itomm.collectors.github.asked import Asked, older_than, page
from itomm.collectors.github.client import Rows
from itomm.collectors.github.refusals import GitHubError, refusal
from itomm.collectors.github.security_scan import Feature
from itomm.evidence.observation import Observation, Page


class AlertReader:
    """Alerts of one source during one run of itomm."""

    def __init__(self) -> None:
        self._features: dict[tuple[str, str], Feature] = {}

    @property
    def nothing_is_scanned(self) -> bool:
        """Whether every scanner of every repository that was asked is switched off."""
        return bool(self._features) and set(self._features.values()) == {Feature.OFF}

    def pages(self, asked: Asked) -> Iterator[Page]:
        """The vulnerability stream of one repository: one kind of alerts after the other.

        Old findings stay: one that is still open says more than a new one.
        """
        begin = dict(asked.following or {})
        kinds = list(ALERT_KINDS)
        first = begin.pop("kind", kinds[0].name)
        while kinds[0].name != first:
            del kinds[0]
        for kind in kinds:
            query = begin or dict(kind.query)
            begin = {}
            try:
                for rows in asked.client.pages(f"{asked.path}/{kind.name}/alerts", query):
                    self._note(asked, kind, Feature.ON)
                    done = any(older_than(row, "updated_at", asked.changed_since) for row in rows.rows)
                    found = _page(asked, kind, rows, done=done or rows.following is None)
                    if found.observations or kind is kinds[-1]:
                        yield found
                    if done:
                        break
            except GitHubError as error:
                self._note_refusal(asked, kind, error)

    def feature(self, asked: Asked, kind: AlertKind) -> Feature:
        """Whether one of GitHub's scanners is on; asked for, where reading its alerts has not told."""
        place = (asked.repository.path, kind.name)
        told = None if place in self._features else asked.context.recall(_note_name(*place))
        if told:
            self._features[place] = Feature(told)
        if place not in self._features:
            try:
                next(asked.client.pages(f"{asked.path}/{kind.name}/alerts", {"per_page": "1"}))
                self._note(asked, kind, Feature.ON)
            except GitHubError as error:
                self._note_refusal(asked, kind, error)
        return self._features[place]

    def _note(self, asked: Asked, kind: AlertKind, feature: Feature) -> None:
        """Note whether a scanner is on, also for a run that goes on behind a kill."""
        place = (asked.repository.path, kind.name)
        if self._features.get(place) is not feature:
            asked.context.remember(_note_name(*place), feature.value)
        self._features[place] = feature

    def _note_refusal(self, asked: Asked, kind: AlertKind, error: GitHubError) -> None:
        """A scanner that is off is a fact about the repository; anything else is a refusal."""
        if error.is_switched_off:
            self._note(asked, kind, Feature.OFF)
            asked.context.warn(f"{asked.repository.path}: {kind.title} is off, so it found nothing there.")
            return
        self._note(asked, kind, Feature.UNTOLD)
        reason, detail = refusal(error)
        asked.context.refused(asked.repository.path, reason, f"{detail}. It needs {kind.needs}.")


def _note_name(repository: str, kind: str) -> str:
    return f"whether {kind} scans {repository}"


def _page(asked: Asked, kind: AlertKind, rows: Rows, *, done: bool) -> Page:
    found: list[Observation] = []
    for row in rows.rows:
        one = vulnerability(asked.repository, kind, row)
        if one is None or older_than(row, "updated_at", asked.changed_since):
            continue
        detected_at = one.fields["detected_at"]
        if isinstance(detected_at, datetime) and detected_at <= asked.context.until:
            found.append(one)
    following: dict[str, str] | None = {"kind": kind.name, **(rows.following or {})}
    if done:
        later = ALERT_KINDS[ALERT_KINDS.index(kind) + 1 :]
        following = {"kind": later[0].name} if later else None
    return replace(page(found, rows.request), checkpoint={"following": following})
