"""The register of signing keys: each is in the ledger, vouched for by the one that it replaces.

The private part lies in the store's folder ``keys``, or wherever the configuration's ``signing.key`` refers
to; it never enters the ledger or a bundle.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select

from itomm.config.clock import format_instant, parse_instant
from itomm.config.errors import StoreError, UsageError
from itomm.config.secrets import Secret
from itomm.evidence.catalogue import ledger
from itomm.evidence.catalogue.database import signing_keys
from itomm.evidence.catalogue.fingerprints import record_fingerprint
from itomm.evidence.store import Store
from itomm.evidence.trust.signing import Signer, is_signed_by, key_id, read_public_key

LEDGER_KIND = "signing_key"


@dataclass(frozen=True)
class RegisteredKey:
    """The public part of a key as the ledger knows it; ``signature`` (base64) is by the key it replaces."""

    id: str
    public_key: str
    created_at: datetime
    replaces: str | None
    signature: str | None


def registered_keys(connection: Connection) -> list[RegisteredKey]:
    """All keys, oldest first; the last one is in force."""
    rows = connection.execute(select(signing_keys).order_by(signing_keys.c.ledger_seq))
    return [
        RegisteredKey(row.id, row.public_key, parse_instant(row.created_at), row.replaces, row.signature)
        for row in rows
    ]


def keys_of(store: Store) -> list[RegisteredKey]:
    """As :func:`registered_keys`, of a store."""
    with store.engine.connect() as connection:
        return registered_keys(connection)


def private_key_path(store: Store, key: str) -> Path:
    """Where the private part of a key lies, if it lies in the store."""
    return store.folder / "keys" / f"{key}.pem"


def signer_for(
    store: Store, key: str, configured: Signer | None = None, passphrase: Secret | None = None
) -> Signer:
    """The private part of a key: the configured one if it is that key's, else the one kept in the store.

    Raises:
        UsageError: it is in neither place, or cannot be read; nothing is signed with another key.
    """
    if configured is not None and configured.id == key:
        return configured
    path = private_key_path(store, key)
    try:
        signer = Signer.from_pem(Secret(path.read_text(encoding="utf-8")), passphrase)
    except FileNotFoundError:
        other = f"signing.key refers to key {configured.id[:16]}…; " if configured else ""
        raise UsageError(
            f"The private part of the signing key in force, {key[:16]}…, cannot be found: {other}"
            f"there is no {path}. Bring it back, refer to it with signing.key, or replace the key with "
            "'itomm keys rotate --old-key' from a backup."
        ) from None
    except (OSError, ValueError):
        raise UsageError(f"The signing key {path} cannot be read.") from None
    if signer.id != key:
        raise UsageError(f"The file {path} holds another key, {signer.id[:16]}…. Bring the right one back.")
    return signer


def signer_in_force(
    store: Store, configured: Signer | None = None, passphrase: Secret | None = None
) -> Signer | None:
    """The private part of the newest registered key; None in a store without keys.

    Raises:
        UsageError: as :func:`signer_for`, or a key is configured that was never registered.
    """
    keys = keys_of(store)
    if not keys:
        if configured is not None:
            raise UsageError(
                f"signing.key refers to key {configured.id[:16]}…, which this store does not know. "
                "Register it with 'itomm keys create'."
            )
        return None
    return signer_for(store, keys[-1].id, configured, passphrase)


def create_key(
    store: Store,
    *,
    at: datetime,
    actor: str,
    configured: Signer | None = None,
    passphrase: Secret | None = None,
) -> RegisteredKey:
    """Register the store's first key: the configured one, or a new one kept in the store's folder.

    Raises:
        UsageError: there is one already.
        StoreError: it could not be written.
    """
    keys = keys_of(store)
    if keys:
        raise UsageError(
            f"This store has a signing key, {keys[-1].id[:16]}…. Replace it with 'itomm keys rotate'."
        )
    return _introduce(store, configured, passphrase, None, at=at, actor=actor)


def rotate_key(
    store: Store,
    old: Signer | None,
    *,
    at: datetime,
    actor: str,
    configured: Signer | None = None,
    passphrase: Secret | None = None,
) -> RegisteredKey:
    """Replace the key in force, whose private part is ``old``; the new key carries its signature.

    Raises:
        UsageError: there is no key yet, ``old`` is not the one in force, or the new one is known already.
        StoreError: it could not be written.
    """
    keys = keys_of(store)
    if not keys or old is None:
        raise UsageError("This store has no signing key yet. 'itomm keys create' makes one.")
    if old.id != keys[-1].id:
        raise UsageError(f"The old key is {old.id[:16]}…, but {keys[-1].id[:16]}… is in force.")
    if configured is not None and configured.id in {key.id for key in keys}:
        raise UsageError(
            f"signing.key refers to key {configured.id[:16]}…, which is registered already. "
            "Let it refer to the new key, and name the old one with --old-key."
        )
    return _introduce(store, configured, passphrase, old, at=at, actor=actor)


def _introduce(
    store: Store,
    configured: Signer | None,
    passphrase: Secret | None,
    old: Signer | None,
    *,
    at: datetime,
    actor: str,
) -> RegisteredKey:
    new = configured or Signer.generate()
    path = None if configured else _keep(store, new, passphrase)
    signature = base64.b64encode(old.sign(new.id.encode())).decode() if old else None
    key = RegisteredKey(new.id, new.public_pem, at, old.id if old else None, signature)
    try:
        _register(store, key, path, actor)
    except StoreError:
        if path is not None:
            path.unlink()
        raise
    return key


def _register(store: Store, key: RegisteredKey, private: Path | None, actor: str) -> None:
    """Record the key, and the hash of the file with its private part, by which damage to it is found."""
    row = {**vars(key), "created_at": format_instant(key.created_at)}
    with store.transaction() as connection:
        seq = ledger.append(connection, at=key.created_at, kind=LEDGER_KIND, actor=actor, body=row)
        connection.execute(signing_keys.insert().values(**row, ledger_seq=seq))
        if private is not None:
            record_fingerprint(connection, store.folder, private, at=key.created_at, actor=actor)


def _keep(store: Store, signer: Signer, passphrase: Secret | None) -> Path:
    path = private_key_path(store, signer.id)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(signer.private_pem(passphrase))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise StoreError(f"The signing key could not be written to {path}: {error.strerror}.") from None
    return path


def rotation_faults(keys: Sequence[RegisteredKey]) -> list[str]:
    """What is wrong with the chain of keys, oldest first; empty when each vouches for the next."""
    faults: list[str] = []
    newest: RegisteredKey | None = None
    for key in keys:
        try:
            right_id = key_id(read_public_key(key.public_key)) == key.id
            vouched = newest is None or is_signed_by(
                read_public_key(newest.public_key),
                base64.b64decode(key.signature or "", validate=True),
                key.id.encode(),
            )
        except (UsageError, ValueError):
            right_id = vouched = False
        if not right_id:
            faults.append(f"signing key {key.id[:16]}…: this is not the id of its public key")
        if not vouched or key.replaces != (newest.id if newest else None):
            faults.append(f"signing key {key.id[:16]}…: the key before it does not vouch for it")
        newest = key
    return faults
