"""One writer at a time for each store. The lock is the operating system's, so it is free after kill -9."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from itomm.config.errors import LockedError, StoreError


@contextmanager
def exclusive(folder: Path, purpose: str) -> Iterator[None]:
    """Hold the store's lock.

    Raises:
        LockedError: somebody else holds it; the message names the holder.
    """
    lock = FileLock(str(folder / "lock"))
    holder = folder / "lock.holder"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        named = _read(holder)
        raise LockedError(f"The store at {folder} is in use by {named}. Try again when it is done.") from None
    except OSError as error:
        raise StoreError(f"Cannot lock the store at {folder}: {error.strerror}.") from None
    try:
        with suppress(OSError):  # a full disk only keeps the holder's name from being told
            named = f"'{purpose}', process {os.getpid()} on {socket.gethostname()}"
            holder.write_text(named, encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        lock.release()


def _read(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8") or "another run"
    except OSError:
        return "another run"
