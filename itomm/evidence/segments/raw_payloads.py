"""Raw payloads: gzip files of compact JSON, named by the SHA-256 of their own bytes.

``sha256sum`` checks one and ``zcat`` shows it. Stores of version 1 hold files that end in ``.zz``, which stay
readable: their name is the SHA-256 of the canonical JSON, and they are the SHA-256 of the compressed bytes,
then these.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from itomm.config.errors import VerificationError
from itomm.evidence.canonical import canonical_bytes

_SEAL_BYTES = 32
_GZIP = 31  # zlib's number for a gzip header and trailer, which then hold no time and no name
_LEVEL = 1  # a page compresses to about an eighth; higher levels save a tenth of that for twice the time


@dataclass(frozen=True)
class PackedPayload:
    """A payload as it will be stored, and its address."""

    address: str
    content: bytes


class RawPayloads:
    """A folder of payloads; writing the same content twice costs nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, payload: object) -> str:
        """Store a payload; its address. It is safe from a loss of power only after :meth:`flush`."""
        packed = pack(payload)
        self.place(packed)
        return packed.address

    def place(self, packed: PackedPayload) -> None:
        """Write a payload to its place.

        A crash may leave it half-written there: whoever goes on checks it by its address.
        """
        path = self._new_path(packed.address)
        if path.exists():
            return
        try:
            path.write_bytes(packed.content)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(packed.content)

    def flush(self, address: str) -> None:
        """Wait until a payload is on the disk; raises OSError."""
        _flush(self._new_path(address))

    def settle(self, addresses: Iterable[str]) -> None:
        """Wait until payloads and their names are on the disk; raises OSError."""
        wanted = set(addresses)
        for address in wanted:
            self.flush(address)
        self.flush_folders(wanted)

    def flush_folders(self, addresses: Iterable[str]) -> None:
        """Wait until the names of payloads are on the disk; raises OSError."""
        for folder in {address[:2] for address in addresses}:
            _flush(self._folder / folder)

    def get(self, address: str) -> Any:
        """The payload at ``address``.

        Raises:
            VerificationError: it is missing or its bytes are not what was stored.
        """
        return json.loads(self.verified(address))

    def verified(self, address: str) -> bytes:
        """The JSON at ``address``, its bytes checked; raises as :meth:`get`."""
        path = self.path(address)
        stored = _read(path)
        if path.suffix == ".zz":
            return _verified_in_version_1(path, stored, address)
        if hashlib.sha256(stored).hexdigest() != address:
            raise VerificationError(f"{path}: this raw payload was changed")
        return zlib.decompress(stored, _GZIP)

    def check(self, address: str) -> None:
        """See that the bytes at ``address`` are those stored, without unpacking; raises as :meth:`get`."""
        path = self._new_path(address)
        try:
            changed = hashlib.sha256(path.read_bytes()).hexdigest() != address
        except OSError:
            self.verified(address)  # it is in the old form, or tells what is wrong
            return
        if changed:
            raise VerificationError(f"{path}: this raw payload was changed")

    def holds(self, address: str) -> bool:
        """Whether the payload is there as it was stored."""
        try:
            self.check(address)
        except VerificationError:
            return False
        return True

    def remove(self, address: str) -> None:
        """Take a payload away, if it is there."""
        self.path(address).unlink(missing_ok=True)

    def address(self, payload: object) -> str:
        """The address that a payload would get."""
        return pack(payload).address

    def path(self, address: str) -> Path:
        """Where the payload lies, or would lie."""
        new = self._new_path(address)
        old = new.with_name(f"{address[2:]}.zz")
        return old if not new.exists() and old.exists() else new

    def addresses(self) -> set[str]:
        """Of everything that lies in the folder."""
        return {f"{path.parent.name}{path.name.split('.')[0]}" for path in self._folder.glob("*/*")}

    def _new_path(self, address: str) -> Path:
        return self._folder / address[:2] / f"{address[2:]}.json.gz"


def pack(payload: object) -> PackedPayload:
    """The bytes that a payload is stored as, with their address."""
    try:
        content = orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # decimals, dates, huge integers
        content = canonical_bytes(payload)
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    packed = packer.compress(content) + packer.flush()
    return PackedPayload(hashlib.sha256(packed).hexdigest(), packed)


def _verified_in_version_1(path: Path, stored: bytes, address: str) -> bytes:
    seal, packed = stored[:_SEAL_BYTES], stored[_SEAL_BYTES:]
    try:
        content = zlib.decompress(packed)
    except zlib.error:
        raise VerificationError(f"{path}: this raw payload was changed") from None
    if hashlib.sha256(packed).digest() != seal or hashlib.sha256(content).hexdigest() != address:
        raise VerificationError(f"{path}: this raw payload was changed")
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise VerificationError(f"{path}: this raw payload is missing") from None
    except OSError as error:
        raise VerificationError(f"{path}: this raw payload cannot be read: {error.strerror}") from None


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
