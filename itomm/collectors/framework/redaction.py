"""Takes secrets and people out of payloads before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from itomm.collectors.framework.secret_forms import REDACTED, redact_text, storable_text
from itomm.collectors.framework.secret_keys import (
    VALUE_KEYS,
    is_secret_key,
    letters_of,
    redacted,
    storable,
    values_of_named_secrets,
)
from itomm.config.identity import Pseudonyms

_SHORT = 20

_INSTANT = re.compile(r"[0-9][0-9TZ:.+-]*")
"""Times, dates and numbers, of which payloads are full; nothing but the source's own secret looks so."""

_E_MAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")

_TRAILER = re.compile(r"^([A-Z][A-Za-z-]*-by:[ \t]*)(\S[^\r\n]*)", re.MULTILINE)
"""Lines such as "Reviewed-by: Ada <ada@example.com>" in commit messages."""

_PERSON_KEYS = frozenset(
    {
        *("author", "authorname", "authoremail", "committer", "committername", "committeremail", "by"),
        *("assignee", "reporter", "creator", "requestedby", "createdby", "updatedby", "approvedby"),
        *("username", "login", "displayname", "accountid", "ownercontact", "businessowner"),
        *("email", "emailaddress", "useremail", "publicemail", "commitemail"),
    }
)
"""Keys (lower case, letters only) whose text names a person, and whose mapping describes one."""

_PERSON_MARKS = frozenset({"username", "displayname", "emailaddress", "accountid", "login"})
"""A mapping with one of these keys describes a person."""

_NAMES_OF_A_PERSON = frozenset({"name", "key", "self", "avatarurl", "avatarurls", "webpath", "weburl", "url"})
"""What else names the person in such a mapping."""


NOBODY: frozenset[str] = frozenset()


class Scrubber:
    """Redacts secrets, and replaces people by pseudonyms unless they are to be named.

    ``secrets`` are the source's own, which no answer of it may bring into the store.
    """

    def __init__(self, pseudonyms: Pseudonyms, secrets: Iterable[str] = ()) -> None:
        self._pseudonyms = pseudonyms
        # Payloads repeat few words, people and shapes very often.
        self._short_text = lru_cache(maxsize=8192)(self._text)
        self._shape_of = lru_cache(maxsize=2048)(self._new_shape)
        self.person = lru_cache(maxsize=8192)(self._person)
        """Text that names a person."""
        self._secrets = tuple(sorted(set(secrets), key=lambda secret: (-len(secret), secret)))

    def redact(self, text: str) -> str:
        """Text without secrets; people stay as they are."""
        return redact_text(self.without_own(text))

    def without_own(self, text: str) -> str:
        """Text without the source's own secrets."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, REDACTED)
        return text

    def text(self, text: str) -> str:
        """Free text: secrets redacted, e-mail addresses and people in commit trailers replaced."""
        return self._short_text(text) if len(text) <= _SHORT else self._text(text)

    def _text(self, text: str) -> str:
        safe = self.without_own(text)
        if _INSTANT.fullmatch(safe):
            return safe
        safe = redact_text(safe)
        if self._pseudonyms.named:
            return safe
        if "-by:" in safe:
            safe = _TRAILER.sub(lambda found: found.group(1) + self._pseudonyms.person(found.group(2)), safe)
        if "@" not in safe:
            return safe
        return _E_MAIL.sub(lambda found: self._pseudonyms.person(found.group()), safe)

    def _person(self, text: str) -> str:
        return self._pseudonyms.person(self.redact(text))

    def payload(self, value: object, people: frozenset[str] = NOBODY) -> object:
        """Plain data of any shape; text equal to one of ``people`` is replaced wherever it stands."""
        return self._scrub(value, people, describes_person=False)

    def _scrub(self, value: object, people: frozenset[str], *, describes_person: bool) -> object:
        if isinstance(value, str):
            text = storable_text(value)
            return self.person(text) if describes_person or text in people else self.text(text)
        if type(value) is dict or isinstance(value, Mapping):  # a dict is told at once
            return self._mapping(value, people, describes_person=describes_person)
        if isinstance(value, _LISTS):
            return [self._scrub(part, people, describes_person=describes_person) for part in value]
        return storable(value)

    def _mapping(
        self, value: Mapping[object, Any], people: frozenset[str], *, describes_person: bool
    ) -> dict[str, object]:
        shape = self._shape_of(tuple(value))
        named_secrets = values_of_named_secrets(value) if shape.may_hold_a_value else ()
        short_text = self._short_text
        scrubbed: dict[str, object] = {}
        # One round of this for every value of every record: what is most frequent is handled on the spot.
        for (shown, key), (name, part) in zip(shape.keys, value.items(), strict=True):
            kind = type(part)
            if key.is_secret or name in named_secrets:
                scrubbed[shown] = redacted(part)
            elif part is None or kind is bool or kind is int:
                scrubbed[shown] = part
            elif key.is_person or (key.names_a_person and (describes_person or shape.marks_a_person)):
                scrubbed[shown] = self._scrub(part, people, describes_person=True)
            elif kind is str and len(part) <= _SHORT and part.isascii() and part not in people:
                scrubbed[shown] = short_text(part)
            else:
                scrubbed[shown] = self._scrub(part, people, describes_person=False)
        return scrubbed

    def _new_shape(self, names: tuple[object, ...]) -> _Shape:
        known = [(self.text(str(name)), _known_of(str(name))) for name in names]
        return _Shape(
            tuple(known),
            any(key.marks_a_person for _, key in known),
            any(key.may_hold_a_value for _, key in known),
        )


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the keys of a mapping say, each with the text under which it is kept."""

    keys: tuple[tuple[str, _Key], ...]
    marks_a_person: bool
    may_hold_a_value: bool


@dataclass(frozen=True, slots=True)
class _Key:
    """What the key of a mapping says of its value."""

    is_secret: bool
    is_person: bool
    marks_a_person: bool
    names_a_person: bool
    may_hold_a_value: bool


@lru_cache(maxsize=4096)  # payloads repeat few keys very often
def _known_of(key: str) -> _Key:
    letters = letters_of(key)
    return _Key(
        is_secret_key(key),
        letters in _PERSON_KEYS,
        letters in _PERSON_MARKS,
        letters in _NAMES_OF_A_PERSON,
        letters in VALUE_KEYS,
    )


# Made once: a union written in a check is made anew each time, and there are millions of checks.
_LISTS = (list, tuple)
