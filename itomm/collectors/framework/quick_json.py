"""Answers whose JSON is read by msgspec: client libraries ask the answer itself for it."""

from __future__ import annotations

from typing import Any

import msgspec
import requests


class QuickJsonResponse(requests.Response):
    """An answer like any other. What msgspec does not read (NaN, other encodings), requests does."""

    def json(self, **options: Any) -> Any:
        """The answer's JSON; raises requests.JSONDecodeError when it is none."""
        if self.encoding == "utf-8" and not options:
            try:
                return msgspec.json.decode(self.content)
            except (msgspec.DecodeError, RecursionError):
                pass
        return super().json(**options)
