"""Text and addresses that came from tools: made safe to show, never trusted.

Escaping is the template engine's work; this module handles what escaping leaves.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_REPLACEMENT = 0xFFFD

# Control characters are invalid in HTML and invisible to a reader; lone surrogates cannot be written at all.
_VISIBLE: dict[int, int | None] = {
    **{code: _REPLACEMENT for code in range(0x20) if chr(code) not in "\t\n\r"},
    ord("\r"): None,
    **dict.fromkeys(range(0x7F, 0xA0), _REPLACEMENT),
    **dict.fromkeys(range(0xD800, 0xE000), _REPLACEMENT),
    0xFFFE: _REPLACEMENT,
    0xFFFF: _REPLACEMENT,
}

_LINKABLE = frozenset({"http", "https", "file"})
_NOT_IN_ADDRESSES = re.compile(r"[\x00-\x20\x7f-\x9f<>\"\\^`{|}\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NOT_IN_ANCHORS = re.compile(r"[^A-Za-z0-9.-]")


def visible_text(text: str) -> str:
    """The text with a replacement mark for each character that HTML forbids or UTF-8 cannot write."""
    return text.translate(_VISIBLE)


def safe_link(address: str) -> str | None:
    """The address when a browser may follow it; None when it has to be shown as text.

    Only http, https and file addresses with something to open are followed; script and data addresses,
    and any with control or direction-changing characters, are not.
    """
    if _NOT_IN_ADDRESSES.search(address):
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme.lower() not in _LINKABLE:
        return None
    has_target = parts.path.startswith("/") if parts.scheme.lower() == "file" else bool(parts.hostname)
    return address if has_target else None


def anchor(kind: str, name: str) -> str:
    """An id for an element of the page; different names never share one."""
    return f"{kind}-" + _NOT_IN_ANCHORS.sub(lambda match: f"_{ord(match.group()):x}_", name)
