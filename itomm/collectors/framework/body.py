"""Reads the body of an answer whole, so that a slow, endless or cut one is met before a client library."""

from __future__ import annotations

from collections.abc import Callable

import requests
from urllib3.exceptions import HTTPError as TransportError
from urllib3.exceptions import ReadTimeoutError

from itomm.collectors.framework.charset import settle_charset
from itomm.collectors.framework.quick_json import QuickJsonResponse

_CHUNK_BYTES = 64 * 1024


def read_body(
    response: requests.Response, request: requests.PreparedRequest, keep_reading: Callable[[int], None]
) -> None:
    """Read the body into ``response``; ``keep_reading`` gets the size so far and may raise to end it.

    Raises:
        requests.ReadTimeout: the server fell silent.
        requests.exceptions.ChunkedEncodingError: the body broke off, or cannot be decompressed.
        SourceError: JSON in an encoding that cannot be told.
    """
    pieces = bytearray()
    try:
        # One read of the socket at a time: waiting for a whole chunk lets a dripping body pass for alive.
        while piece := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            pieces += piece
            keep_reading(len(pieces))
    except ReadTimeoutError as error:
        raise requests.ReadTimeout(error, request=request) from error
    except TransportError as error:
        raise requests.exceptions.ChunkedEncodingError(error, request=request) from error
    finally:
        response.raw.close()  # a connection whose answer was read whole is already back in the pool
    # The place where requests keeps a body that has been read; there is no public way to hand one over.
    response._content = bytes(pieces)
    response._content_consumed = True  # type: ignore[attr-defined]  # not in the stubs
    settle_charset(response, response._content)
    response.__class__ = QuickJsonResponse  # requests makes the answer, and has no other door for this
