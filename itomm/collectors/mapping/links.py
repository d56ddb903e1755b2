"""Addresses of live pages, made of a template and a row. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote, urljoin, urlsplit

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


def placeholders(template: str) -> list[str]:
    """The columns or paths that stand in braces."""
    return _PLACEHOLDER.findall(template)


def filled(template: str, value_of: Callable[[str], str | None]) -> str | None:
    """The template with the values in place of the braces, safe within an address; None when one is empty.

    A template that is one placeholder alone is an address that the source gives: it is taken as it stands.
    """
    alone = _PLACEHOLDER.fullmatch(template)
    if alone:
        return value_of(alone.group(1))
    values = {path: value_of(path) for path in placeholders(template)}
    if not all(values.values()):
        return None
    return _PLACEHOLDER.sub(lambda found: quote(values[found.group(1)] or "", safe=""), template)


def joined_address(base: str, address: str) -> str | None:
    """An address that may be relative to ``base``, whole; None when it is none."""
    try:
        return urljoin(base, address)
    except ValueError:
        return None


def is_web_address(text: str) -> bool:
    """Whether a text is an http(s) address with a host."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
