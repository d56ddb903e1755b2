"""A file of answers that a run got from one source, so that a killed run does not ask for them again.

What is evidence in an answer, and who is a person in it, is known only after a plug-in has read it. So the
file holds answers as they came, and none of them in clear: each is encrypted with a key that is made from the
store's key for pseudonyms and from the source's own secrets, and is stored nowhere. The file is no evidence.
It goes with the end of its run.

The file begins with a mark, a salt and a proof of the key. Then each answer has a head of fixed length and
its encrypted content. Where the last one was cut short, it is dropped.
"""

from __future__ import annotations

import hmac
import os
import struct
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from io import FileIO
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from filelock import FileLock, Timeout

from itomm.config.clock import Clock

_MARK = b"itomm answers 1\n"
_SALT_BYTES = 16
_NAME_BYTES = 16
_NONCE_BYTES = 12
_PREAMBLE_BYTES = len(_MARK) + _SALT_BYTES + _NAME_BYTES
_HEAD = struct.Struct(f">Iq{_NAME_BYTES}s{_NAME_BYTES}s{_NONCE_BYTES}s")
"""Of an answer: bytes that follow, when it came (seconds since 1970), request, stream, nonce."""

_LEVEL = 1  # answers shrink to about a tenth; higher levels take twice the time for little


@dataclass(frozen=True)
class JournalKey:
    """What the key of a journal is made from.

    Attributes:
        secrets: what nobody has who reads the store's folder alone, and the store's own key.
        bound_to: what the run asks; the answers are of no use to a run that asks anything else.
    """

    secrets: Sequence[bytes] = field(repr=False)
    bound_to: str

    def derived(self, salt: bytes) -> bytes:
        """32 bytes for one file."""
        parts = b"".join(struct.pack(">I", len(secret)) + secret for secret in self.secrets)
        return HKDF(SHA256(), 32, salt, self.bound_to.encode()).derive(parts)


@dataclass(frozen=True)
class _Place:
    """Where an answer lies in the file, and to which stream's request it came."""

    stream: bytes
    head: bytes
    at: int
    length: int


class AnswerJournal:
    """Answers kept of one source, from any number of threads.

    Only one at a time has a file: while another has it, nothing is found and nothing is kept.

    Args:
        path: of the file; made when it is not there, and made anew when it cannot be read with ``key``.
        key: what the answers are encrypted with.
        now: tells the time.
        kept_for: older answers are not used.
        patience_seconds: how long to wait for another to let go, such as what is left of the killed run.
    """

    def __init__(
        self,
        path: Path,
        key: JournalKey,
        *,
        now: Clock,
        kept_for: timedelta,
        patience_seconds: float = 3.0,
    ) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._found: dict[bytes, list[_Place]] = {}
        self._file: FileIO | None = None
        self._owned = FileLock(f"{path}.lock", timeout=patience_seconds)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._owned.acquire()
            self._file = FileIO(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
            self._begin(self._file, key, kept_for)
        except (OSError, Timeout, NotImplementedError):  # the last where a file system has no locks
            self.close()  # without a journal a killed run asks again, and nothing is wrong

    def find(self, stream: str, asked: bytes) -> bytes | None:
        """The next answer to a request that an earlier process kept; None when there is none left.

        Each is given out once, those to the same stream first.
        """
        while (place := self._take(stream, asked)) is not None:
            packed = self._read(place)
            try:
                nonce = place.head[-_NONCE_BYTES:]
                return zlib.decompress(self._cipher.decrypt(nonce, packed, place.head))
            except (InvalidTag, zlib.error):  # its bytes were changed
                continue
        return None

    def keep(self, stream: str, asked: bytes, answer: bytes) -> None:
        """Keep an answer; after this, kill -9 does not lose it."""
        if self._file is None:
            return
        nonce = os.urandom(_NONCE_BYTES)
        content = zlib.compress(answer, _LEVEL)
        length = len(content) + 16  # of the cipher's seal
        at = int(self._now().timestamp())
        head = _HEAD.pack(length, at, self._name(asked), self._name(stream.encode()), nonce)
        self._append(head + self._cipher.encrypt(nonce, content, head))

    def close(self) -> None:
        """Close the file; what is in it stays."""
        with self._lock:
            if self._file is not None:
                self._file.close()
            self._file = None
        self._owned.release()

    def _begin(self, file: FileIO, key: JournalKey, kept_for: timedelta) -> None:
        """Find what is there, or begin anew; raises OSError."""
        preamble = file.read(_PREAMBLE_BYTES)
        salt = preamble[len(_MARK) :][:_SALT_BYTES]
        self._set_key(key.derived(salt))
        if preamble != _MARK + salt + self._name(_MARK):
            salt = os.urandom(_SALT_BYTES)
            self._set_key(key.derived(salt))
            file.seek(0)
            file.truncate()
            file.write(_MARK + salt + self._name(_MARK))
        file.truncate(self._read_heads(file, kept_for))

    def _set_key(self, key: bytes) -> None:
        self._names = hmac.new(key, b"names", sha256).digest()
        self._cipher = AESGCM(hmac.new(key, b"answers", sha256).digest())

    def _read_heads(self, file: FileIO, kept_for: timedelta) -> int:
        """Note where the answers lie; the end of the last whole one."""
        now = self._now().timestamp()
        at, size = _PREAMBLE_BYTES, file.seek(0, os.SEEK_END)
        file.seek(at)
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            length, came, asked, stream, _ = _HEAD.unpack(head)
            begin = at + _HEAD.size
            if begin + length > size:
                break
            at = file.seek(begin + length)
            if abs(now - came) <= kept_for.total_seconds():  # a clock may have been set back a little
                self._found.setdefault(asked, []).append(_Place(stream, head, begin, length))
        return at

    def _take(self, stream: str, asked: bytes) -> _Place | None:
        if not self._found:
            return None
        name, wanted = self._name(stream.encode()), self._name(asked)
        with self._lock:
            places = self._found.get(wanted)
            if not places:
                return None
            own = next((number for number, place in enumerate(places) if place.stream == name), -1)
            return places.pop(own)

    def _read(self, place: _Place) -> bytes:
        with self._lock:
            if self._file is None:
                return b""
            self._file.seek(place.at)
            return self._file.read(place.length)

    def _append(self, record: bytes) -> None:
        with self._lock:
            if self._file is None:
                return
            try:
                self._file.seek(0, os.SEEK_END)
                whole = self._file.write(record) == len(record)
            except OSError:
                whole = False
            if not whole:  # the disk is full: nothing may stand behind half an answer
                self._file.close()
                self._file = None

    def _name(self, what: bytes) -> bytes:
        """What a request or stream is called in the file; it tells nothing of it."""
        return hmac.new(self._names, what, sha256).digest()[:_NAME_BYTES]
