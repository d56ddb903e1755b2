"""Signs plain HTTP sessions in."""

from __future__ import annotations

import requests

from itomm.collectors.contract import NetworkedSettings
from itomm.config.secrets import resolve_secret


def sign_in(session: requests.Session, settings: NetworkedSettings) -> requests.Session:
    """The session with the credentials of the settings: basic with a user, else bearer, else none.

    Raises:
        UsageError: the token's reference leads nowhere.
    """
    if settings.token is None:
        return session
    secret = resolve_secret(settings.token).reveal()
    if settings.user is not None:
        session.auth = (settings.user, secret)
    else:
        session.headers["Authorization"] = f"Bearer {secret}"
    return session
