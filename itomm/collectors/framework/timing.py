"""Time as the network code needs it, replaceable in tests so that none of them sleeps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from secrets import SystemRandom

from itomm.config.clock import Clock, system_clock
from itomm.config.errors import ItommError


class Cancelled(ItommError):  # noqa: N818  the person cancelled; nothing went wrong
    """The run was interrupted while this collection was under way."""


@dataclass(frozen=True)
class Timing:
    """Clocks, waiting and chance.

    Attributes:
        now: the time of day, only to read dates in a server's answer when it tells no date itself.
        monotonic: seconds that never jump, for deadlines.
        wait: wait so many seconds; raises :class:`Cancelled` when the run is interrupted meanwhile.
        check: raises :class:`Cancelled` when the run was interrupted.
        random: a number in [0, 1), for jitter.
    """

    now: Clock
    monotonic: Callable[[], float]
    wait: Callable[[float], None]
    check: Callable[[], None]
    random: Callable[[], float]


def system_timing(cancelled: threading.Event) -> Timing:
    """Real time; setting ``cancelled`` ends every wait at once."""

    def wait(seconds: float) -> None:
        if cancelled.wait(seconds):
            raise Cancelled("The run was interrupted.")

    return Timing(
        now=system_clock,
        monotonic=time.monotonic,
        wait=wait,
        check=lambda: wait(0),
        random=SystemRandom().random,
    )
