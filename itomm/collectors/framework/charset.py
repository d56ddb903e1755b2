"""Which characters the bytes of an answer are: by the bytes themselves, since labels are often wrong."""

from __future__ import annotations

import json

import requests

from itomm.collectors.contract import SourceError
from itomm.collectors.framework.provenance import origin_of

_MARK = b"\xef\xbb\xbf"


def settle_charset(response: requests.Response, body: bytes) -> None:
    """Set the encoding by which client libraries read ``body``.

    JSON is UTF-8 whatever its label says (RFC 8259), but requests goes by the label, and puts a mark in
    place of bytes that do not fit it: either would garble names without anybody noticing.

    Raises:
        SourceError: JSON whose bytes are neither UTF-8 nor what the label says.
    """
    if _fits(body, "utf-8"):
        response.encoding = "utf-8-sig" if body.startswith(_MARK) else "utf-8"
        return
    if not response.ok or "json" not in response.headers.get("Content-Type", ""):
        return
    for encoding in (json.detect_encoding(body), response.encoding):
        if encoding and _fits(body, encoding):
            response.encoding = encoding
            return
    raise SourceError(
        f"{origin_of(response.url or '')} answered with text in another encoding than it says. "
        f"Does a proxy in front of it change its answers?"
    )


def _fits(body: bytes, encoding: str) -> bool:
    try:
        body.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return False
    return True
