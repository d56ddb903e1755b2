"""Addresses of tools, as people write them in the configuration."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator


def _must_be_base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("write the address as https://host or https://host/path")
    if parts.username or parts.password:
        raise ValueError("a user or password stands in the address; use the keys user and token instead")
    if parts.query or parts.fragment:
        raise ValueError("the address must end before any '?' or '#'")
    return text.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_must_be_base_url)]
"""A pydantic type: an http(s) address without credentials, query or trailing slash."""
