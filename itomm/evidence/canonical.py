"""Canonical bytes and digests, so that equal content has an equal hash on every machine (RFC 8785)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import rfc8785

from itomm.config.clock import format_instant

_LARGEST_EXACT_INTEGER = 2**53 - 1


def canonical_bytes(value: object) -> bytes:
    """``value`` as RFC 8785 JSON. Instants, decimals, fractions and huge integers become text."""
    return rfc8785.dumps(_plain(value))


def digest(value: object) -> str:
    """SHA-256 of the canonical bytes, in hexadecimal."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def _plain(value: object) -> Any:
    match value:
        case None | str() | bool() | float():
            plain: Any = value
        case int():
            plain = value if abs(value) <= _LARGEST_EXACT_INTEGER else str(value)
        case datetime():
            plain = format_instant(value)
        case date() | Decimal() | Fraction():
            plain = str(value)
        case Mapping():
            plain = {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            plain = [_plain(item) for item in value]
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical form")
    return plain
