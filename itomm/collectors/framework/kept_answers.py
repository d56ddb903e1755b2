"""Between the adapter and the journal of answers: which requests are the same, and which answers are kept."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import requests
from urllib3 import HTTPHeaderDict, HTTPResponse

from itomm.collectors.framework.answer_journal import AnswerJournal, JournalKey
from itomm.collectors.framework.continuing import RESUMED_WITHIN
from itomm.collectors.framework.secret_keys import is_secret_key
from itomm.collectors.source import Source
from itomm.config.clock import Clock

_DECIDING_HEADERS = ("Accept", "Content-Type", "Range", "X-HTTP-Method-Override")
"""Besides method, address and body, these decide what is asked; others sign in or describe the client."""

_KEPT_REFUSALS = frozenset({404, 410})
"""Of refusals, only that something is not there is kept: a right may be granted before a run goes on."""

_NOTES = "\0notes"
"""Notes stand in the journal as a stream of their own; their names are no digests of requests."""

_OF_THE_CONNECTION = frozenset({"content-encoding", "content-length", "transfer-encoding", "connection"})


@dataclass(frozen=True)
class AnswersFolder:
    """Where the answers of a run are kept, a file for each source, and what the run asks of all of them."""

    path: Path
    asked_digest: str

    def of(self, source: Source, store_key: bytes, now: Clock) -> KeptAnswers:
        """The answers of one source.

        Its secrets are read now, so that another token begins anew.
        """
        secrets = [store_key, *(secret.encode("utf-8", "surrogatepass") for secret in source.secrets)]
        bound_to = orjson.dumps([source.name, source.address, self.asked_digest]).decode()
        file = self.path / f"{source.name}.answers"
        return KeptAnswers(
            AnswerJournal(file, JournalKey(secrets, bound_to), now=now, kept_for=RESUMED_WITHIN)
        )


@dataclass(frozen=True)
class KeptAnswer:
    """An answer as it came, and how far the server's clock was off then, where that was measured."""

    raw: HTTPResponse
    skew: timedelta | None


class KeptAnswers:
    """The answers of one source in one run; ``stream`` is the record type that is read now."""

    def __init__(self, journal: AnswerJournal) -> None:
        self._journal = journal
        self.stream = ""

    def find(self, request: requests.PreparedRequest) -> KeptAnswer | None:
        """The answer that a killed run got to the same request; each is given out once."""
        found = self._journal.find(self.stream, _asked(request))
        if found is None:
            return None
        head, _, body = found.partition(b"\n")
        told: dict[str, Any] = orjson.loads(head)
        raw = HTTPResponse(
            body=io.BytesIO(body),
            headers=HTTPHeaderDict([(name, value) for name, value in told["headers"]]),
            status=told["status"],
            reason=told["reason"],
            preload_content=False,
            request_method=request.method,
        )
        skew = told["skew"]
        return KeptAnswer(raw, None if skew is None else timedelta(seconds=skew))

    def keep(
        self, request: requests.PreparedRequest, response: requests.Response, skew: timedelta | None
    ) -> None:
        """Keep an answer, unless asking again may give another one."""
        status = response.status_code
        if (status >= 400 and status not in _KEPT_REFUSALS) or _is_a_page_for_people(response):
            return
        told = {
            "status": status,
            "reason": response.reason or "",
            "headers": [pair for pair in response.headers.items() if _is_worth_keeping(pair[0])],
            "skew": None if skew is None else skew.total_seconds(),
        }
        self._journal.keep(self.stream, _asked(request), orjson.dumps(told) + b"\n" + response.content)

    def remember(self, name: str, said: str) -> None:
        """Keep a note."""
        self._journal.keep(_NOTES, name.encode(), said.encode())

    def recall(self, name: str) -> str | None:
        """The last note of this name that a killed run kept, once."""
        last = None
        while (found := self._journal.find(_NOTES, name.encode())) is not None:
            last = found
        return None if last is None else last.decode()

    def close(self) -> None:
        """Close the file; what is in it stays."""
        self._journal.close()


def _asked(request: requests.PreparedRequest) -> bytes:
    """What is asked, as a digest; who asks is no part of it."""
    body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
    parts = [request.method, request.url, *(request.headers.get(name) for name in _DECIDING_HEADERS)]
    return sha256(orjson.dumps([str(part or "") for part in parts]) + body).digest()


def _is_a_page_for_people(response: requests.Response) -> bool:
    """Whether a sign-in page or a proxy's excuse came instead of an answer."""
    return str(response.headers.get("Content-Type", "")).lower().startswith("text/html")


def _is_worth_keeping(header: str) -> bool:
    name = header.lower()
    return name not in _OF_THE_CONNECTION and not is_secret_key(name)
