"""What one run over one source may take."""

from __future__ import annotations

from dataclasses import dataclass

LARGEST_ANSWER_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """What one run over one source may take.

    Attributes:
        origin: the address of the source; requests to any other scheme, host or port are refused.
        timeout_seconds: to connect, and between two pieces of an answer.
        deadline_seconds: for the whole run, waits included.
        max_requests: for the whole run, retries included.
        max_concurrency: requests under way at once.
        max_answer_bytes: of one answer, after decompression.
        verify: True, or the path of a CA bundle.
        queries_by_post: ends of addresses where a POST changes nothing, so that it may be sent again.
    """

    origin: str
    timeout_seconds: tuple[float, float] = (10.0, 30.0)
    deadline_seconds: float = 1800.0
    max_requests: int = 50_000
    max_concurrency: int = 8
    max_answer_bytes: int = LARGEST_ANSWER_BYTES
    verify: bool | str = True
    queries_by_post: tuple[str, ...] = ()
