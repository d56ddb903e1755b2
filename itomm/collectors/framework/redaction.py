"""Takes secrets and people out of payloads before anything is stored."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from itomm.config.identity import Pseudonyms

REDACTED = "[redacted]"
_SHORT = 20

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

_SECRET_TEXT = re.compile(
    r"""
    -----BEGIN\ [A-Z0-9 ]*KEY-----.*?(?:-----END\ [A-Z0-9 ]*KEY-----|\Z)   # PEM
    | \bgl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|oas)-[\w.-]{10,}              # GitLab
    | \bgh[pousr]_\w{10,} | \bgithub_pat_\w{10,}                           # GitHub
    | \bxox[abeprs]-[\w-]{8,}                                              # Slack
    | https://hooks\.slack\.com/[\w/-]+
    | \bATATT\w[\w=-]{10,}                                                 # Atlassian
    | \bAKIA[0-9A-Z]{16}\b                                                 # AWS
    | \beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*                                    # JSON web token
    | (?i:\b(?:bearer|basic)\s+[\w.~+/=-]{16,})
    """,
    re.VERBOSE | re.DOTALL,
)
_WORD = (
    r"(?:token|secret|passw(?:or)?d|passphrase|api[-_]?key|private[-_]?key|access[-_]?key|secret[-_]?key"
    r"|credentials?|authorization)"
)
_ASSIGNED = re.compile(
    rf"""
    (?P<before>
        [?&;\#][\w.~%\[\]-]*{_WORD}(?:%5D|\])?=      # a parameter of an address, whatever its value
      | (?<![\w-])[\w.-]*{_WORD}=                    # DB_PASSWORD=…, --api-key=…
      | (?<![\w-])[\w.-]*{_WORD}\\?["']\s*[:=]\s*    # "token": … within text, also escaped
      | (?<![\w-])[\w.-]*{_WORD}:[ \t]*(?=\S*\d|\S{{16}})  # api_key: …; prose has no digit there
    )
    (?P<quote>\\?["'])?
    (?P<value>(?!\[redacted\]|true\b|false\b|null\b|\d\d?\d?(?![\w.-]))
        (?(quote)[^"'\\\r\n]+|[^\s"'&;,\#<>(){{}}\\]+))
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""A secret's name and its value in free text. Small numbers, truth values and page tokens stay."""

_HEADER = re.compile(
    r"(?P<before>\b(?:(?:proxy-)?authorization|(?:private|job|deploy)-token|x-[\w-]*(?:token|key)|(?:set-)?cookie)"
    r":[ \t]*)(?!\[redacted\])[^\s\"'][^\r\n\"']*",
    re.IGNORECASE,
)
"""An HTTP header that signs somebody in."""

_PAGE_NAME = re.compile(r"page[-_]?token", re.IGNORECASE)
_URL_USER = re.compile(r"(\b[a-z][a-z0-9+.-]{1,20}://)[^\s/@'\"<>]+@", re.IGNORECASE)
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


def redact_text(text: str) -> str:
    """``text`` without anything that looks like a secret, and without users in addresses."""
    return redact_thoroughly(text) if _may_hold_a_secret(text) else text


def redact_thoroughly(text: str) -> str:
    """What :func:`redact_text` gives, without looking first whether there is anything to do."""
    without_headers = _HEADER.sub(rf"\g<before>{REDACTED}", redact_forms(text))
    return _ASSIGNED.sub(_without_value, without_headers)


def redact_forms(text: str) -> str:
    """``text`` without what has the form of a secret; what only its name tells to be one stays."""
    if not _may_hold_a_secret(text):
        return text
    return _URL_USER.sub(r"\1", _SECRET_TEXT.sub(REDACTED, text))


_PIECES_OF_FORMS = ("-----", "gl", "gh", "github_pat_", "xox", "hooks.slack", "ATATT", "AKIA", "eyJ")
_PIECES_OF_NAMES = (
    *("token", "secret", "passw", "passphrase", "key", "credential", "authorization", "cookie"),
    *("bearer", "basic"),
)


def _may_hold_a_secret(text: str) -> bool:
    """Whether any of the patterns can match: each needs one of these pieces. Most text has none.

    Beyond ASCII some letters match others when case is ignored, so there no piece proves anything.
    """
    if not text.isascii():
        return True
    if "@" in text and "://" in text:
        return True
    for piece in _PIECES_OF_FORMS:
        if piece in text:
            return True
    lower = text.lower()
    for piece in _PIECES_OF_NAMES:  # noqa: SIM110  this runs for every text of every record
        if piece in lower:
            return True
    return False


def _without_value(found: re.Match[str]) -> str:
    if _PAGE_NAME.search(found["before"]):
        return found.group()
    return f"{found['before']}{found['quote'] or ''}{REDACTED}"


def without_secrets(value: object) -> object:
    """Plain data of any shape without secrets; people stay as they are."""
    if isinstance(value, str):
        return redact_text(storable_text(value))
    if isinstance(value, Mapping):
        named = _values_of_named_secrets(value)
        return {
            redact_text(str(key)): redacted(part)
            if is_secret_key(str(key)) or key in named
            else without_secrets(part)
            for key, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [without_secrets(part) for part in value]
    return _storable(value)


def redacted(value: object) -> object:
    """What stands under a secret's key: all text goes, truth values and numbers stay."""
    if isinstance(value, Mapping):
        return {redact_text(str(key)): redacted(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(part) for part in value]
    kept = _storable(value)
    return REDACTED if isinstance(kept, str) else kept


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
            text = text.replace(secret, REDACTED)
        return text

    def text(self, text: str) -> str:
        """Free text: secrets redacted, e-mail addresses and people in commit trailers replaced."""
        return self._short_text(text) if len(text) <= _SHORT else self._text(text)

    def _text(self, text: str) -> str:
        safe = self.redact(text)
        if self._pseudonyms.named:
            return safe
        if "-by:" in safe:
            safe = _TRAILER.sub(lambda found: found.group(1) + self._pseudonyms.person(found.group(2)), safe)
        if "@" not in safe:
            return safe
        return _E_MAIL.sub(lambda found: self._pseudonyms.person(found.group()), safe)

    def _person(self, text: str) -> str:
        return self._pseudonyms.person(self.redact(text))

    def payload(self, value: object, people: frozenset[str] = frozenset()) -> object:
        """Plain data of any shape; text equal to one of ``people`` is replaced wherever it stands."""
        return self._scrub(value, lambda text: self.person(text) if text in people else self.text(text))

    def _scrub(
        self, value: object, on_text: Callable[[str], str], *, describes_person: bool = False
    ) -> object:
        if isinstance(value, str):
            text = storable_text(value)
            return self.person(text) if describes_person else on_text(text)
        if type(value) is dict or isinstance(value, Mapping):  # a dict is told at once
            return self._mapping(value, on_text, describes_person=describes_person)
        if isinstance(value, _LISTS):
            return [self._scrub(part, on_text, describes_person=describes_person) for part in value]
        return _storable(value)

    def _mapping(
        self, value: Mapping[object, object], on_text: Callable[[str], str], *, describes_person: bool
    ) -> dict[str, object]:
        shape = self._shape_of(tuple(value))
        named_secrets = _values_of_named_secrets(value) if shape.may_hold_a_value else ()
        describes_person = describes_person or shape.marks_a_person
        scrubbed: dict[str, object] = {}
        for (shown, key), (name, part) in zip(shape.keys, value.items(), strict=True):
            if key.is_secret or name in named_secrets:
                scrubbed[shown] = redacted(part)
            elif part is None or part is True or part is False or type(part) is int:
                scrubbed[shown] = part
            else:
                names = key.is_person or (describes_person and key.names_a_person)
                scrubbed[shown] = self._scrub(part, on_text, describes_person=names)
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
    letters = _letters(key)
    return _Key(
        is_secret_key(key),
        letters in _PERSON_KEYS,
        letters in _PERSON_MARKS,
        letters in _NAMES_OF_A_PERSON,
        letters in _VALUE_KEYS,
    )


# Made once: a union written in a check is made anew each time, and there are millions of checks.
_LISTS = (list, tuple)
_PLAIN = (bool, int, float, Decimal, date)

_NAMING_KEYS = ("name", "key", "variable", "header", "field")
_VALUE_KEYS = frozenset({"value", "values", "defaultvalue"})


def _values_of_named_secrets(value: Mapping[object, object]) -> frozenset[object]:
    """The keys of the value in a pair such as ``{"key": "DB_PASSWORD", "value": "…"}``."""
    names = [value.get(key) for key in _NAMING_KEYS]
    if any(isinstance(name, str) and is_secret_key(name) for name in names):
        return frozenset(key for key in value if _letters(str(key)) in _VALUE_KEYS)
    return frozenset()


@lru_cache(maxsize=4096)  # payloads repeat few keys very often
def is_secret_key(key: str) -> bool:
    """Whether a payload key holds a secret, by how it ends (``runners_token``, ``privateKey``)."""
    letters = _letters(key)
    return letters.endswith(_SECRET_KEY_ENDINGS) and letters not in _PAGE_KEYS


def _storable(value: object) -> object:
    """NaN and infinity, which JSON cannot hold, become text; so does anything that is not plain data."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, _PLAIN):
        return value
    return storable_text(str(value))


def storable_text(text: str) -> str:
    """Text without lone surrogates, which JSON may carry and UTF-8 cannot."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=4096)
def _letters(key: str) -> str:
    return "".join(letter for letter in key.lower() if letter.isalnum())
