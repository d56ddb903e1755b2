"""What looks like a secret in text, and text without it."""

from __future__ import annotations

import re

REDACTED = "[redacted]"

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


def storable_text(text: str) -> str:
    """Text without lone surrogates, which JSON may carry and UTF-8 cannot."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
