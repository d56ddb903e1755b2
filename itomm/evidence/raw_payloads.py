"""Raw payloads, compressed, addressed by the SHA-256 of their canonical bytes."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from pathlib import Path
from typing import Any

from itomm.config.errors import VerificationError
from itomm.evidence.canonical import canonical_bytes


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
            partial = path.with_suffix(f".{os.getpid()}.partial")
            with partial.open("wb") as file:
                file.write(zlib.compress(content, 6))
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
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
            content = zlib.decompress(path.read_bytes())
        except FileNotFoundError:
            raise VerificationError(f"{path}: this raw payload is missing") from None
        except zlib.error:
            raise VerificationError(f"{path}: this raw payload was changed") from None
        if hashlib.sha256(content).hexdigest() != address:
            raise VerificationError(f"{path}: this raw payload was changed")
        return content

    def path(self, address: str) -> Path:
        """Where the payload lies."""
        return self._folder / address[:2] / f"{address[2:]}.zz"
