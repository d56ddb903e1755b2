"""Time that passes only when somebody waits, so that back-off and deadlines are tested without sleeping."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from itomm.collectors.framework.timing import Cancelled, Timing


@dataclass
class PretendTime:
    """A clock that stands still between waits; ``waits`` lists them in seconds."""

    start: datetime = datetime(2026, 11, 1, 6, tzinfo=UTC)
    waits: list[float] = field(default_factory=list)
    seconds_per_reading: float = 0.0
    _passed: float = 0.0

    def clock(self) -> datetime:
        """The time of day."""
        return self.start + timedelta(seconds=self._passed)

    @property
    def passed(self) -> float:
        """Seconds since the start."""
        return self._passed

    def timing(self, cancelled: threading.Event) -> Timing:
        """Timing for one source; chance always falls on its lower end."""

        def check() -> None:
            if cancelled.is_set():
                raise Cancelled("The run was interrupted.")

        def wait(seconds: float) -> None:
            check()
            self.waits.append(seconds)
            self._passed += seconds

        return Timing(now=self.clock, monotonic=self._monotonic, wait=wait, check=check, random=lambda: 0.0)

    def _monotonic(self) -> float:
        self._passed += self.seconds_per_reading
        return self._passed
