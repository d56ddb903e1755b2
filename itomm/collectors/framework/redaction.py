"""Takes secrets and people out of payloads before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

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


_Manner = Literal["text", "person", "hidden"]
_TEXT: _Manner = "text"
_PERSON: _Manner = "person"
_HIDDEN: _Manner = "hidden"
"""What is done with a value: secrets go out of text, a person gets a pseudonym, what is secret goes."""

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
        return self._scrub(value, people, _TEXT)

    def _scrub(self, value: object, people: frozenset[str], manner: _Manner) -> object:
        if isinstance(value, str):
            text = storable_text(value)
            return self.person(text) if manner is _PERSON or text in people else self.text(text)
        if type(value) is dict or isinstance(value, Mapping):  # a dict is told at once
            return self._mapping(value, people, manner)
        if isinstance(value, _LISTS):
            return [self._scrub(part, people, manner) for part in value]
        return storable(value)

    def _mapping(
        self, value: Mapping[object, Any], people: frozenset[str], manner: _Manner
    ) -> dict[str, object]:
        shape = self._shape_of(tuple(value))
        manners = shape.manners if manner is _TEXT else shape.manners_of_a_person
        if shape.may_hold_a_value and (named := values_of_named_secrets(value)):
            manners = tuple(
                _HIDDEN if name in named else one for name, one in zip(value, manners, strict=True)
            )
        short_text = self._short_text
        scrubbed: dict[str, object] = {}
        # One round of this for every value of every record: what is most frequent is handled on the spot.
        for name, here, part in zip(shape.names, manners, value.values(), strict=True):
            kind = type(part)
            if here is _HIDDEN:
                scrubbed[name] = redacted(part)
            elif part is None or kind is bool or kind is int:
                scrubbed[name] = part
            elif kind is str and here is _TEXT and part.isascii() and part not in people:
                scrubbed[name] = short_text(part) if len(part) <= _SHORT else self._text(part)
            elif kind is dict:
                scrubbed[name] = self._mapping(part, people, here)
            else:
                scrubbed[name] = self._scrub(part, people, here)
        return scrubbed

    def _new_shape(self, names: tuple[object, ...]) -> _Shape:
        letters = [letters_of(str(name)) for name in names]
        marked = any(one in _PERSON_MARKS for one in letters)
        within = tuple(_manner_of(str(name), describes_person=True) for name in names)
        return _Shape(
            tuple(self.text(str(name)) for name in names),
            within if marked else tuple(_manner_of(str(name), describes_person=False) for name in names),
            within,
            any(one in VALUE_KEYS for one in letters),
        )


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the keys of a mapping say: under which each is kept, and what is done with its value.

    ``manners_of_a_person`` holds where the mapping stands in place of a person, ``manners`` elsewhere.
    """

    names: tuple[str, ...]
    manners: tuple[_Manner, ...]
    manners_of_a_person: tuple[_Manner, ...]
    may_hold_a_value: bool


def _manner_of(key: str, *, describes_person: bool) -> _Manner:
    letters = letters_of(key)
    if is_secret_key(key):
        return _HIDDEN
    names_a_person = letters in _PERSON_KEYS or (describes_person and letters in _NAMES_OF_A_PERSON)
    return _PERSON if names_a_person else _TEXT


# Made once: a union written in a check is made anew each time, and there are millions of checks.
_LISTS = (list, tuple)
