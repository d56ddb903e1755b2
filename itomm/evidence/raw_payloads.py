"""Raw payloads, compressed, addressed by the SHA-256 of their canonical bytes.

A file is the SHA-256 of its compressed bytes, then these: compression leaves bits that say nothing, and no
byte may change unnoticed.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import zlib
from pathlib import Path
from typing import Any

from itomm.config.errors import VerificationError
from itomm.evidence.canonical import canonical_bytes

_SEAL_BYTES = 32


class RawPayloads:
    """A folder of payloads; writing the same content twice costs nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, payload: object) -> str:
        """Store a payload; its address."""
        content = canonical_bytes(payload)
        address = hashlib.sha256(content).hexdigest()
        path = self.path(address)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.partial")
            try:
                _write(partial, zlib.compress(content, 6))
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)
        return address

    def get(self, address: str) -> Any:
        """The payload at ``address``.

        Raises:
            VerificationError: it is missing or its bytes are not what was stored.
        """
        return json.loads(self.verified(address))

    def verified(self, address: str) -> bytes:
        """The canonical bytes at ``address``, checked; raises as :meth:`get`."""
        path = self.path(address)
        try:
            stored = path.read_bytes()
            seal, compressed = stored[:_SEAL_BYTES], stored[_SEAL_BYTES:]
            content = zlib.decompress(compressed)
        except FileNotFoundError:
            raise VerificationError(f"{path}: this raw payload is missing") from None
        except OSError as error:
            raise VerificationError(f"{path}: this raw payload cannot be read: {error.strerror}") from None
        except zlib.error:
            raise VerificationError(f"{path}: this raw payload was changed") from None
        if hashlib.sha256(compressed).digest() != seal or hashlib.sha256(content).hexdigest() != address:
            raise VerificationError(f"{path}: this raw payload was changed")
        return content

    def path(self, address: str) -> Path:
        """Where the payload lies."""
        return self._folder / address[:2] / f"{address[2:]}.zz"


def _write(path: Path, compressed: bytes) -> None:
    with path.open("wb") as file:
        file.write(hashlib.sha256(compressed).digest() + compressed)
        file.flush()
        os.fsync(file.fileno())
