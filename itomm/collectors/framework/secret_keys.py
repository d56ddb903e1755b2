"""Which keys of plain data hold secrets, and plain data without these."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache

from itomm.collectors.framework.secret_forms import REDACTED, redact_text, storable_text

_SECRET_KEY_ENDINGS = (
    "token",
    "tokens",
    "secret",
    "secrets",
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "privatekey",
    "apikey",
    "accesskey",
    "secretkey",
    "servicekey",
    "routingkey",
    "authorization",
    "cookie",
    "cookies",
    "credential",
    "credentials",
)
_PAGE_KEYS = frozenset({"nextpagetoken", "pagetoken"})  # needed to follow a page trail; they open nothing

_NAMING_KEYS = ("name", "key", "variable", "header", "field")
VALUE_KEYS = frozenset({"value", "values", "defaultvalue"})
"""Keys (lower case, letters only) whose value another key of the same mapping may name."""

_PLAIN = (bool, int, float, Decimal, date)


def without_secrets(value: object) -> object:
    """Plain data of any shape without secrets; people stay as they are."""
    if isinstance(value, str):
        return redact_text(storable_text(value))
    if isinstance(value, Mapping):
        named = values_of_named_secrets(value)
        return {
            redact_text(str(key)): redacted(part)
            if is_secret_key(str(key)) or key in named
            else without_secrets(part)
            for key, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [without_secrets(part) for part in value]
    return storable(value)


def redacted(value: object) -> object:
    """What stands under a secret's key: all text goes, truth values and numbers stay."""
    if isinstance(value, Mapping):
        return {redact_text(str(key)): redacted(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(part) for part in value]
    kept = storable(value)
    return REDACTED if isinstance(kept, str) else kept


def values_of_named_secrets(value: Mapping[object, object]) -> frozenset[object]:
    """The keys of the value in a pair such as ``{"key": "DB_PASSWORD", "value": "…"}``."""
    names = [value.get(key) for key in _NAMING_KEYS]
    if any(isinstance(name, str) and is_secret_key(name) for name in names):
        return frozenset(key for key in value if letters_of(str(key)) in VALUE_KEYS)
    return frozenset()


@lru_cache(maxsize=4096)  # payloads repeat few keys very often
def is_secret_key(key: str) -> bool:
    """Whether a payload key holds a secret, by how it ends (``runners_token``, ``privateKey``)."""
    letters = letters_of(key)
    return letters.endswith(_SECRET_KEY_ENDINGS) and letters not in _PAGE_KEYS


def storable(value: object) -> object:
    """NaN and infinity, which JSON cannot hold, become text; so does anything that is not plain data."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, _PLAIN):
        return value
    return storable_text(str(value))


@lru_cache(maxsize=4096)
def letters_of(key: str) -> str:
    """A key in lower case, without anything but letters and digits."""
    return "".join(letter for letter in key.lower() if letter.isalnum())
