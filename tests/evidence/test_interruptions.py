"""One writer at a time; a full disk or a killed process leaves everything stored before as it was."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from itomm.config.errors import ExitCode, LockedError, StoreError
from itomm.evidence.catalogue import ledger
from itomm.evidence.segments.parts import Parts
from itomm.evidence.segments.raw_payloads import RawPayloads
from itomm.evidence.store import Store
from itomm.evidence.trust.verification import verify
from tests.evidence.stores import DAY, NOON, collect, files_under, finished, known, scan

ROOT = Path(__file__).parents[2]
OTHER_PROCESS = """
import os, signal, sys
from pathlib import Path
from itomm.config.secrets import Secret
from itomm.evidence.store import Store
from tests.evidence.stores import NOON, collect, scan

folder, url, *arguments = sys.argv[1:]
store = Store.open(Path(folder), database=Secret(url) if url else None)
{steps}
"""
HOLDS_THE_LOCK = """
with store.writing("collect"):
    print("held", flush=True)
    sys.stdin.read()
"""
KILLED_WHILE_WRITING = """
from itomm.evidence.catalogue import ledger

def killed(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

ledger.append = killed
with store.writing("collect"):
    collect(store, "security_scan", {"9": scan("half-written")})
"""
MEETS_A_FULL_DISK = """
import resource
from itomm.config.errors import StoreError

resource.setrlimit(resource.RLIMIT_FSIZE, (int(arguments[0]), int(arguments[0])))
records = {str(number): scan("x" * 500 + str(number)) for number in range(400)}
try:
    with store.writing("collect"):
        collect(store, "security_scan", records)
except StoreError as error:
    print(error)
    sys.exit(error.exit_code)
"""


def other_process(steps: str, store: Store, *arguments: str) -> subprocess.Popen[str]:
    team = store.engine.dialect.name == "postgresql"
    url = store.engine.url.set(drivername="postgresql").render_as_string() if team else ""
    return subprocess.Popen(
        [sys.executable, "-c", OTHER_PROCESS.format(steps=steps), str(store.folder), url, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


WHICHEVER_DATABASE = pytest.mark.parametrize("database", [None])  # what fails here is not the database


@pytest.fixture
def store(store: Store) -> Store:
    """A store with one collection; with each kind of database, where a test does not say otherwise."""
    collect(store, "security_scan", {"1": scan("shop")})
    return store


def still_whole(store: Store) -> None:
    """What was stored before is readable and verifies clean, and nothing half-written is left."""
    assert known(store, "security_scan", NOON + 9 * DAY, "asset_ref") == [("shop",)]
    assert verify(store).faults == ()
    with store.writing("collect"):
        pass
    assert not [path for path in files_under(store.folder) if path.suffix == ".partial"]
    assert verify(store).faults == ()


def test_a_second_process_is_refused_and_told_who_holds_the_lock(store: Store) -> None:
    with other_process(HOLDS_THE_LOCK, store) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(LockedError) as refused, store.writing("score"):
            pass
        assert known(store, "security_scan", NOON, "asset_ref") == [("shop",)], "reading never waits"
        other.communicate("", timeout=30)

    assert refused.value.exit_code is ExitCode.LOCKED
    assert int(ExitCode.LOCKED) == 75
    assert f"in use by 'collect', process {other.pid} on " in str(refused.value)
    still_whole(store)


def test_the_lock_is_free_after_its_holder_was_killed(store: Store) -> None:
    with other_process(HOLDS_THE_LOCK, store) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        other.kill()
    still_whole(store)


def test_the_lock_is_free_after_a_fault(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.writing("collect"):
        raise ZeroDivisionError
    still_whole(store)
    assert not (store.folder / "lock.holder").exists()


@WHICHEVER_DATABASE
def test_a_lock_without_a_name_is_still_a_lock(store: Store) -> None:
    with store.writing("collect"):
        (store.folder / "lock.holder").unlink()
        with pytest.raises(LockedError, match="in use by another run"), store.writing("x"):
            pass


def test_a_run_that_was_killed_before_it_was_catalogued_leaves_a_clean_store(store: Store) -> None:
    with other_process(KILLED_WHILE_WRITING, store) as other:
        other.communicate(timeout=30)
    assert other.returncode == -9
    assert len([path for path in files_under(store.folder) if path.suffix == ".parquet"]) == 2
    still_whole(store)
    assert len([path for path in files_under(store.folder) if path.suffix == ".parquet"]) == 1


@WHICHEVER_DATABASE
def test_a_segment_that_somebody_added_is_not_swept_away(store: Store) -> None:
    added = store.folder / "evidence" / "security_scan" / "000009-tool-security_scan.parquet"
    added.write_bytes(b"x")
    with store.writing("collect"):
        pass
    assert len(verify(store).faults) == 1


@WHICHEVER_DATABASE
@pytest.mark.parametrize("bytes_left", [0, 100, 5_000, 40_000, 70_000, 100_000])
def test_a_full_disk_is_told_and_leaves_the_store_whole(store: Store, bytes_left: int) -> None:
    with other_process(MEETS_A_FULL_DISK, store, str(bytes_left)) as other:
        told, faults = other.communicate(timeout=60)
    assert faults == ""
    assert other.returncode == ExitCode.INCOMPLETE
    assert str(store.folder) in told
    still_whole(store)


def no_space(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@WHICHEVER_DATABASE
@pytest.mark.parametrize(
    ("place", "name"),
    [(RawPayloads, "place"), (Parts, "add"), (Parts, "close")],
)
def test_a_disk_that_fills_up_anywhere_is_told_in_plain_words(
    store: Store, monkeypatch: pytest.MonkeyPatch, place: type, name: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(place, name, no_space)
        with pytest.raises(StoreError) as told:
            collect(store, "security_scan", {"2": scan("till")}, outcome=finished(-1))
    assert "could not be written: No space left on device. Free some space" in str(told.value)
    assert "nothing already stored is lost" in str(told.value)
    still_whole(store)


def test_a_catalogue_that_cannot_be_written_leaves_no_segment(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> int:
        raise StoreError("the database is full")

    with monkeypatch.context() as patched:
        patched.setattr(ledger, "append", refused)
        with pytest.raises(StoreError, match="the database is full"):
            collect(store, "security_scan", {"2": scan("till")})
    assert len([path for path in files_under(store.folder) if path.suffix == ".parquet"]) == 1
    still_whole(store)


def test_a_run_after_a_failed_one_goes_on_as_if_it_had_never_been(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Parts, "close", no_space)
        with pytest.raises(StoreError):
            collect(store, "security_scan", {"2": scan("till")})
    collect(store, "security_scan", {"2": scan("till")}, outcome=finished(1))
    assert known(store, "security_scan", NOON + DAY, "asset_ref") == [("till",)]
    assert verify(store).faults == ()
