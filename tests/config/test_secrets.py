"""Secrets come from elsewhere and never show."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from itomm.config.errors import InvalidInputError, UsageError
from itomm.config.secrets import Secret, SecretReference, resolve_secret
from itomm.config.structure import StrictModel, checked
from itomm.config.yaml_source import parse_documents

TOKEN = "glpat-s3cr3t"


class Account(StrictModel):
    token: SecretReference


@pytest.mark.parametrize("reference", ["env:TOKEN", "file:/run/secrets/token", "keyring:a/b", "vault:kv#key"])
def test_a_reference_is_accepted(reference: str) -> None:
    assert Account(token=reference).token == reference


@pytest.mark.parametrize("literal", [TOKEN, "", "ENV:TOKEN", " env:TOKEN", "environment", f"Bearer {TOKEN}"])
def test_a_literal_secret_is_refused_without_being_told(literal: str) -> None:
    (document,) = parse_documents(f'token: "{literal}"', "itomm.yaml")
    with pytest.raises(InvalidInputError) as refused:
        checked(Account, document)
    assert str(refused.value).startswith("itomm.yaml:1:1: token: a secret stands here literally")
    assert "env:NAME" in str(refused.value)
    assert not literal.strip() or literal not in str(refused.value).replace("env:", "")


def test_a_secret_is_taken_from_the_environment() -> None:
    assert resolve_secret("env:TOKEN", {"TOKEN": TOKEN}).reveal() == TOKEN


def test_a_secret_is_taken_from_a_file_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    assert resolve_secret(f"file:{tmp_path}/token").reveal() == TOKEN


@pytest.mark.parametrize("environment", [{}, {"TOKEN": ""}, {"token": TOKEN}])
def test_a_missing_variable_is_told_by_name(environment: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="environment variable TOKEN is not set; env:TOKEN needs it"):
        resolve_secret("env:TOKEN", environment)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "Cannot read the secret file .*: No such file"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b" \n", "is empty"),
    ],
)
def test_a_secret_file_that_holds_none_is_told(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    with pytest.raises(UsageError, match=said):
        resolve_secret(f"file:{tmp_path}/token")


@pytest.mark.parametrize("reference", ["keyring:service/user", "vault:kv/path#key"])
def test_a_reference_of_a_kind_that_is_not_there_yet_is_told(reference: str) -> None:
    with pytest.raises(UsageError, match="are not available in this version; use env: or file:"):
        resolve_secret(reference)


@pytest.mark.parametrize("literal", [TOKEN, f"user:{TOKEN}", ""])
def test_a_literal_that_reaches_the_resolver_is_not_told_either(literal: str) -> None:
    with pytest.raises(UsageError) as refused:
        resolve_secret(literal)
    assert TOKEN not in str(refused.value)


def test_a_secret_never_shows() -> None:
    secret = Secret(TOKEN)
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>20}", str([secret]), ascii(secret)]
    assert not any(TOKEN in text for text in shown)
    assert not hasattr(secret, "__dict__")


def test_a_secret_does_not_show_in_the_errors_of_a_settings_model() -> None:
    class Strict(BaseModel):
        secret: int

    with pytest.raises(ValidationError) as refused:
        Strict.model_validate({"secret": Secret(TOKEN)})
    assert TOKEN not in str(refused.value)
