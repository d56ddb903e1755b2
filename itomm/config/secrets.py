"""References to secrets. Configuration never holds a secret itself."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from itomm.config.errors import UsageError

SCHEMES = ("env:", "file:", "keyring:", "vault:")


def _must_be_reference(text: str) -> str:
    if not text.startswith(SCHEMES):
        raise ValueError(
            "a secret stands here literally. Put it elsewhere and refer to it: "
            "env:NAME, file:/run/secrets/NAME, keyring:SERVICE/USER or vault:PATH#KEY"
        )
    return text


SecretReference = Annotated[str, AfterValidator(_must_be_reference)]
"""A pydantic type for settings: text such as ``env:JIRA_TOKEN``; a literal secret is refused."""


def _must_hold_no_password(text: str) -> str:
    without_password = re.match(r"postgresql://([^:/@?#]*@)?[^@?#]*$", text)
    if not text.startswith(SCHEMES) and not without_password:
        raise ValueError(
            "a database URL with a password may not stand here. Put the whole URL elsewhere and refer to it: "
            "env:ITOMM_DATABASE_URL or file:/run/secrets/itomm_database_url"
        )
    return text


DatabaseReference = Annotated[str, AfterValidator(_must_hold_no_password)]
"""A pydantic type for settings: a reference to a secret URL, or a ``postgresql://`` URL that holds none."""


class Secret:
    """A resolved secret. Its text only leaves through :meth:`reveal`; printing it shows ``***``."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret's text, for the one place that sends it."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__


def resolve_database(reference: str, environment: Mapping[str, str] | None = None) -> Secret:
    """The database URL that ``reference`` names, or is.

    Raises:
        UsageError: when the reference leads nowhere; the message says where it looked.
    """
    return resolve_secret(reference, environment) if reference.startswith(SCHEMES) else Secret(reference)


def resolve_secret(reference: str, environment: Mapping[str, str] | None = None) -> Secret:
    """Fetch the secret that ``reference`` names.

    Raises:
        UsageError: when the reference leads nowhere; the message says where it looked.
    """
    if not reference.startswith(SCHEMES):
        raise UsageError(
            "A secret must be a reference such as env:NAME; this is none."
        )  # and may be a secret
    scheme, _, rest = reference.partition(":")
    if scheme == "env":
        value = (os.environ if environment is None else environment).get(rest)
        if not value:
            raise UsageError(f"The environment variable {rest} is not set; {reference} needs it.")
        return Secret(value)
    if scheme == "file":
        try:
            text = Path(rest).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise UsageError(f"Cannot read the secret file {rest}: {error.strerror}.") from None
        except ValueError:
            raise UsageError(f"The secret file {rest} is not UTF-8 text.") from None
        if not text:
            raise UsageError(f"The secret file {rest} is empty.")
        return Secret(text)
    raise UsageError(f"{scheme}: references are not available in this version; use env: or file:.")
