"""Checks of what a plug-in declares: its attributes and its settings."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from itomm.collectors.conformance.trial import Subject
from itomm.collectors.contract import NetworkedSettings
from itomm.collectors.framework.secret_keys import is_secret_key
from itomm.config.secrets import SCHEMES

_LITERAL = "literal-secret-7c0e1f"
_ADDRESS = "http://127.0.0.1:1"


def streams_name_the_right_they_need(subject: Subject) -> Iterator[str]:
    """Each stream says the least right it needs, for ``describe`` and for whoever grants it."""
    for stream in subject.collector.streams:
        if not stream.needs.strip():
            yield f"the stream {stream.record_type} does not say what right it needs"


def settings_refuse_unknown_keys(subject: Subject) -> Iterator[str]:
    """A key that is misspelt is an error, not a setting without effect."""
    if _accepts(subject, no_such_setting=1):
        yield "the settings accept a key that means nothing"


def settings_refuse_literal_secrets(subject: Subject) -> Iterator[str]:
    """A secret is only referred to, as ``env:NAME``."""
    configured = subject.settings(_ADDRESS)
    for name, field in subject.collector.settings_model.model_fields.items():
        value = configured.get(name)
        refers = isinstance(value, str) and value.startswith(SCHEMES)
        if (refers or (is_secret_key(name) and field.annotation is not bool)) and _accepts(
            subject, **{name: _LITERAL}
        ):
            yield f"the setting {name} accepts a secret that stands there literally"


def settings_refuse_a_password_in_the_address(subject: Subject) -> Iterator[str]:
    """An address is stored and shown, so it may hold no user or password."""
    if _accepts(subject, url="https://user:password@tool.example"):
        yield "the address accepts a user and a password"


def making_one_asks_nothing(subject: Subject) -> Iterator[str]:
    """A collector is made without asking the tool, so that nothing fails before it is asked for."""
    with subject.server() as server:
        source = subject.source(server.url, {})
        source.collector(source.settings)
    if server.connections:
        yield f"making a collector connected {server.connections} times"


def is_networked(subject: Subject) -> bool:
    """Whether the collector talks HTTP."""
    return issubclass(subject.collector.settings_model, NetworkedSettings)


def _accepts(subject: Subject, **changed: object) -> bool:
    try:
        subject.collector.settings_model.model_validate({**subject.settings(_ADDRESS), **changed})
    except ValidationError:
        return False
    return True
