"""Ed25519 keys and signatures. A key's id is SHA-256 over its 32 raw public bytes."""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from itomm.config.errors import UsageError
from itomm.config.secrets import Secret


class Signer:
    """The private part of a key, in memory."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_pem = public_pem(private.public_key())
        self.id = key_id(private.public_key())

    @classmethod
    def generate(cls) -> Signer:
        """A new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: Secret, passphrase: Secret | None = None) -> Signer:
        """Read a private key.

        Raises:
            UsageError: the text is no ed25519 private key, or the passphrase is wrong or missing.
        """
        password = passphrase.reveal().encode() if passphrase else None
        try:
            private = load_pem_private_key(pem.reveal().encode(), password)
        except TypeError:
            told = "has no passphrase; leave out" if password else "has a passphrase; say where it is with"
            raise UsageError(f"The signing key {told} signing.passphrase.") from None
        except (ValueError, UnsupportedAlgorithm):
            raise UsageError(
                "The signing key cannot be read: it is no PEM private key, or its passphrase is wrong."
            ) from None
        if not isinstance(private, Ed25519PrivateKey):
            raise UsageError(
                "The signing key is no ed25519 key. Make one with 'itomm keys create', or with "
                "'openssl genpkey -algorithm ed25519'."
            )
        return cls(private)

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes; the same message gives the same signature."""
        return self._private.sign(message)

    def private_pem(self, passphrase: Secret | None) -> bytes:
        """PKCS#8, encrypted when there is a passphrase."""
        protection: KeySerializationEncryption = (
            BestAvailableEncryption(passphrase.reveal().encode()) if passphrase else NoEncryption()
        )
        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)

    def __repr__(self) -> str:
        return f"Signer({self.id})"


def key_id(public: Ed25519PublicKey) -> str:
    """SHA-256 of the raw public bytes, in hexadecimal."""
    return hashlib.sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()


def public_pem(public: Ed25519PublicKey) -> str:
    """The key as PEM (SubjectPublicKeyInfo)."""
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def read_public_key(pem: str) -> Ed25519PublicKey:
    """Read a public key.

    Raises:
        UsageError: the text is no ed25519 public key in PEM.
    """
    try:
        public = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError("This is no public key in PEM form.") from None
    if not isinstance(public, Ed25519PublicKey):
        raise UsageError("This public key is no ed25519 key.")
    return public


def is_signed_by(public: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether the signature is this key's over this message."""
    try:
        public.verify(signature, message)
    except InvalidSignature:
        return False
    return True
