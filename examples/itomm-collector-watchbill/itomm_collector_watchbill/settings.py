"""Settings of a Watchbill source."""

from __future__ import annotations

from typing import Annotated

from itomm.collectors.contract import NetworkedSettings
from itomm.config.secrets import SecretReference
from pydantic import Field


class WatchbillSettings(NetworkedSettings):
    """How to reach Watchbill and what to read.

    Attributes:
        token: reference to the token, such as ``env:WATCHBILL_TOKEN``.
        teams: names of the teams to read.
    """

    token: SecretReference
    teams: Annotated[tuple[str, ...], Field(min_length=1)]
