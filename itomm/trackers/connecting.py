"""Opening a configured tracker: through the same guarded door to the network as every source."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from itomm.collectors.framework.adapter import GuardedAdapter
from itomm.collectors.framework.failures import explain
from itomm.collectors.framework.limits import Limits
from itomm.collectors.framework.timing import Timing, system_timing
from itomm.config.errors import ItommError
from itomm.config.tracker_settings import TrackerSettings
from itomm.trackers.tracker import Tracker, TrackerError


@contextmanager
def opened(
    settings: TrackerSettings, *, timing: Callable[[threading.Event], Timing] = system_timing
) -> Iterator[Tracker]:
    """The tracker of the settings; its host is the only one that is ever asked.

    Raises:
        UsageError: the reference to the token leads nowhere.
        TrackerError: anything that goes wrong with the tracker meanwhile, in words.
    """
    limits = Limits(
        origin=settings.url,
        deadline_seconds=settings.deadline_minutes * 60,
        max_concurrency=1,
        verify=settings.verify,
    )
    with GuardedAdapter(limits, timing(threading.Event())) as adapter:
        try:
            yield _tracker(settings, adapter)
        except ItommError:
            raise
        except Exception as error:  # noqa: BLE001  client libraries raise anything; a person is told in words
            raise TrackerError(explain(error, settings.url).message) from None


def _tracker(settings: TrackerSettings, adapter: GuardedAdapter) -> Tracker:
    if settings.kind == "jira":
        from itomm.trackers.jira import JiraTracker  # noqa: PLC0415  only the client that is needed

        return JiraTracker(settings, adapter)
    from itomm.trackers.gitlab import GitLabTracker  # noqa: PLC0415

    return GitLabTracker(settings, adapter)
