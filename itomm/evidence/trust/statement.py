"""Statements that bind an assessment document to the ledger: in-toto Statement v1 in a DSSE envelope.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
https://github.com/secure-systems-lab/dsse/blob/master/envelope.md
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from itomm.config.errors import VerificationError
from itomm.evidence.canonical import canonical_bytes
from itomm.evidence.trust.signing import Signer, is_signed_by

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
PREDICATE_TYPE = "urn:itomm:assessment:v1"
"""A name, not an address; docs/explanation/trust.md says what the predicate holds."""

DOCUMENT_NAME = "assessment.json"


@dataclass(frozen=True)
class LedgerHead:
    """One row of the ledger, by which all rows up to it are known."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


def statement(document_sha256: str, predicate: Mapping[str, Any]) -> dict[str, Any]:
    """The statement that says ``predicate`` of the document with this digest."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": DOCUMENT_NAME, "digest": {"sha256": document_sha256}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": dict(predicate),
    }


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: both parts, each after its length, so that neither runs into the other."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def seal(content: Mapping[str, Any], signer: Signer | None) -> str:
    """The envelope as canonical JSON text; without signatures when there is nobody to sign."""
    payload = canonical_bytes(content)
    signed = pre_authentication_encoding(PAYLOAD_TYPE, payload)
    signatures = [{"keyid": signer.id, "sig": _base64(signer.sign(signed))}] if signer else []
    envelope = {"payload": _base64(payload), "payloadType": PAYLOAD_TYPE, "signatures": signatures}
    return canonical_bytes(envelope).decode()


@dataclass(frozen=True)
class Envelope:
    """An envelope that was read: its statement, and the signatures over ``signed`` by key id."""

    statement: Mapping[str, Any]
    payload: bytes
    signed: bytes
    signatures: Mapping[str, bytes]

    @classmethod
    def read(cls, text: str) -> Envelope:
        """Read an envelope; nothing is checked but its form.

        Raises:
            VerificationError: it has another form than :func:`seal` gives it.
        """
        try:
            envelope = json.loads(text)
            payload = base64.b64decode(envelope["payload"], validate=True)
            signatures = {
                str(each["keyid"]): base64.b64decode(each["sig"], validate=True)
                for each in envelope["signatures"]
            }
            content = _object(json.loads(payload))
            signed = pre_authentication_encoding(str(envelope["payloadType"]), payload)
        except (ValueError, KeyError, TypeError):
            raise VerificationError(
                "this statement is no DSSE envelope around an in-toto statement"
            ) from None
        return cls(content, payload, signed, signatures)

    def is_signed_by(self, key_id: str, public: Ed25519PublicKey) -> bool:
        """Whether it carries this key's signature, and that is right."""
        signature = self.signatures.get(key_id)
        return signature is not None and is_signed_by(public, signature, self.signed)

    @property
    def document_sha256(self) -> str:
        """The digest of the document that it speaks of; empty when it names none."""
        try:
            return str(self.statement["subject"][0]["digest"]["sha256"])
        except (KeyError, IndexError, TypeError):
            return ""

    @property
    def head(self) -> LedgerHead | None:
        """The row of the ledger that came before it; None when it names none."""
        try:
            named = self.statement["predicate"]["ledger_head"]
            return LedgerHead(int(named["seq"]), str(named["hash"]))
        except (KeyError, TypeError, ValueError):
            return None


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(value)
    return value


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
