"""Pseudonyms for people: stable within one store, meaningless outside it."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Collection

PREFIX = "person-"
_DIGITS = 12  # 48 bits: among 100,000 people the chance of any shared pseudonym is about 2 in 100,000
_PSEUDONYM = re.compile(rf"{PREFIX}[0-9a-f]{{{_DIGITS}}}")
FORGOTTEN = "forgotten"
"""What stands where a person stood who was forgotten; all forgotten people look the same."""


class Pseudonyms:
    """Turns names of people into keyed hashes, or leaves them when ``named``.

    The key belongs to one store and never leaves it: without it nobody can try names against the hashes.
    ``forgotten`` are hashes, as :func:`forgotten_hash` gives them, of pseudonyms that must not come back;
    these people are forgotten even where people are named.
    """

    def __init__(self, key: bytes, *, named: bool = False, forgotten: Collection[str] = ()) -> None:
        if len(key) < 16:
            raise ValueError("a pseudonym key needs at least 16 bytes")
        self._key = key
        self._forgotten = frozenset(forgotten)
        self.named = named

    def person(self, text: str) -> str:
        """``person-`` and 12 hex digits for a login, name or e-mail address, in any letter case.

        A pseudonym stays as it is, so that applying this twice changes nothing. Who was forgotten is told by
        one word that is the same for all.
        """
        if not text.strip() or text == FORGOTTEN or (self.named and not self._forgotten):
            return text
        pseudonym = text if is_pseudonym(text) else self._of(text)
        if self._forgotten and forgotten_hash(self._key, pseudonym) in self._forgotten:
            return FORGOTTEN
        return text if self.named else pseudonym

    def _of(self, text: str) -> str:
        same_person = unicodedata.normalize("NFKC", text).strip().casefold()
        digest = hmac.new(self._key, same_person.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        return PREFIX + digest[:_DIGITS]


def is_pseudonym(text: str) -> bool:
    """Whether a text is a whole pseudonym and nothing else."""
    return _PSEUDONYM.fullmatch(text) is not None


def forgotten_hash(key: bytes, pseudonym: str) -> str:
    """SHA-256 of key and pseudonym: tells that somebody was forgotten, and to nobody without the key who."""
    return hashlib.sha256(key + pseudonym.encode()).hexdigest()
