"""Pseudonyms for people: stable within one store, meaningless outside it."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata

PREFIX = "person-"
_DIGITS = 12  # 48 bits: among 100,000 people the chance of any shared pseudonym is about 2 in 100,000
_PSEUDONYM = re.compile(rf"{PREFIX}[0-9a-f]{{{_DIGITS}}}")


class Pseudonyms:
    """Turns names of people into keyed hashes, or leaves them when ``named``.

    The key belongs to one store and never leaves it: without it nobody can try names against the hashes.
    """

    def __init__(self, key: bytes, *, named: bool = False) -> None:
        if len(key) < 16:
            raise ValueError("a pseudonym key needs at least 16 bytes")
        self._key = key
        self.named = named

    def person(self, text: str) -> str:
        """``person-`` and 12 hex digits for a login, name or e-mail address, in any letter case.

        A pseudonym stays as it is, so that applying this twice changes nothing.
        """
        if self.named or not text.strip() or _PSEUDONYM.fullmatch(text):
            return text
        same_person = unicodedata.normalize("NFKC", text).strip().casefold()
        digest = hmac.new(self._key, same_person.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        return PREFIX + digest[:_DIGITS]
