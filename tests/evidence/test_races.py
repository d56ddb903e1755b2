"""Many processes at once: one writes, the others are told; nothing is lost, and the ledger never forks."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from itomm.config.errors import ExitCode, LockedError, StoreError
from itomm.config.secrets import Secret
from itomm.evidence.catalogue import ledger
from itomm.evidence.catalogue.database import answers
from itomm.evidence.decisions import all_decisions, propose, record_answer
from itomm.evidence.store import Store
from itomm.evidence.trust.verification import verify
from tests.evidence import racers
from tests.evidence.racers import racing
from tests.evidence.stores import DAY, NOON, collect, finished, known, scan
from tests.evidence.team_stores import emptied
from tests.evidence.whole_store import an_answer, an_override
from tests.real.postgresql import PostgreSQL

RACERS = 8
DONE = (0, "")


def unforked(store: Store) -> list[ledger.LedgerEntry]:
    """The rows of the ledger, each of which follows the one before; and everything verifies."""
    with store.engine.connect() as connection:
        rows = list(ledger.entries(connection))
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert [row.prev for row in rows] == [ledger.GENESIS, *(row.hash for row in rows)][: len(rows)]
    assert verify(store, records=True).faults == ()
    return rows


def test_of_those_who_want_to_write_at_once_one_may_and_the_others_are_told_who(
    store: Store, database: Secret | None
) -> None:
    with racing(racers.collects_once, store.folder, database, RACERS) as started:
        told = {number: racer.told() for number, racer in enumerate(started)}
        (winner,) = (number for number, said in told.items() if said == "wrote")
        for code, message in (said for said in told.values() if isinstance(said, tuple)):
            assert code == ExitCode.LOCKED
            assert f"is in use by 'racer {winner}', process {started[winner].process.pid} on " in message
        started[winner].go_on()
        assert started[winner].told() == DONE

    assert len(unforked(store)) == 1
    assert known(store, "security_scan", NOON, "asset_ref") == [(str(winner),)]


def test_those_who_try_again_all_come_to_write_and_nothing_is_lost(
    store: Store, database: Secret | None
) -> None:
    with racing(racers.collects_when_it_can, store.folder, database, RACERS) as started:
        assert [racer.told() for racer in started] == [DONE] * RACERS

    assert len(unforked(store)) == RACERS
    assert sorted(each.run for each in store.collections()) == list(range(1, RACERS + 1))
    assert sum(each.records for each in store.collections()) == 2 * RACERS


def test_decisions_made_at_once_are_all_kept_under_ids_of_their_own(
    store: Store, database: Secret | None
) -> None:
    with racing(racers.decides, store.folder, database, RACERS) as started:
        assert [racer.told() for racer in started] == [DONE] * RACERS

    assert len(unforked(store)) == 10 * RACERS
    kept = all_decisions(store)
    assert [each.id for each in kept.answers] == [f"A{number}" for number in range(1, 5 * RACERS + 1)]
    assert [each.id for each in kept.overrides] == [f"O{number}" for number in range(1, 5 * RACERS + 1)]
    assert {each.author for each in kept.answers} == {f"racer {number}" for number in range(RACERS)}


def test_of_those_who_decide_about_one_override_at_once_one_does(
    store: Store, database: Secret | None
) -> None:
    propose(store, an_override())
    with racing(racers.settles_the_first_override, store.folder, database, RACERS) as started:
        told = [racer.told() for racer in started]

    assert told.count(DONE) == 1
    refused = [said for said in told if said != DONE]
    assert {said[0] for said in refused if isinstance(said, tuple)} == {int(ExitCode.USAGE)}
    (override,) = all_decisions(store).overrides
    assert len(override.decisions) == 1
    assert len(unforked(store)) == 2


def test_a_store_that_many_open_first_is_made_once(tmp_path: Path) -> None:
    with racing(racers.opens, tmp_path / "store", None, RACERS) as started:
        assert [racer.told() for racer in started] == [DONE] * RACERS
    store = Store.open(tmp_path / "store")
    assert unforked(store) == []
    store.engine.dispose()


def test_all_get_the_same_pseudonym_key(store: Store, database: Secret | None) -> None:
    with racing(racers.makes_the_pseudonym_key, store.folder, database, RACERS) as started:
        keys = {racer.told() for racer in started}
    assert keys == {store.pseudonym_key()}
    assert [path.name for path in store.folder.glob("pseudonym*")] == ["pseudonym.key"]


def test_a_decision_is_recorded_beside_a_running_collection(store: Store, database: Secret | None) -> None:
    with racing(racers.holds_the_lock, store.folder, database) as (holder,):
        assert holder.told() == "held"
        assert record_answer(store, an_answer()).id == "A1"
        holder.go_on()
        assert holder.told() == DONE
    assert len(unforked(store)) == 1


def test_reading_does_not_wait_for_a_transaction_and_does_not_see_it(
    store: Store, database: Secret | None
) -> None:
    collect(store, "security_scan", {"1": scan("shop")})
    with racing(racers.holds_a_transaction, store.folder, database) as (writer,):
        assert writer.told() == "held"
        assert known(store, "security_scan", NOON, "asset_ref") == [("shop",)]
        assert all_decisions(store).answers == ()
        assert len(unforked(store)) == 1
        writer.go_on()
        assert writer.told() == DONE
    assert [each.author for each in all_decisions(store).answers] == ["slow"]
    assert len(unforked(store)) == 2


def test_whoever_reads_sees_one_moment(store: Store) -> None:
    record_answer(store, an_answer())
    count = select(func.count()).select_from(answers)
    with store.engine.connect() as connection:
        before = connection.execute(count).scalar_one()
        record_answer(store, an_answer())
        assert connection.execute(count).scalar_one() == before == 1
    with store.engine.connect() as connection:
        assert connection.execute(count).scalar_one() == 2


def test_a_writer_that_is_killed_frees_the_lock_and_leaves_no_half_of_a_transaction(
    store: Store, database: Secret | None
) -> None:
    with racing(racers.holds_a_transaction, store.folder, database) as (writer,):
        assert writer.told() == "held"
        with pytest.raises(LockedError, match="in use by 'itomm collect'"), store.writing("itomm collect"):
            pass
        writer.kill()
        _until_free(store)
    assert unforked(store) == []
    collect(store, "security_scan", {"1": scan("shop")}, outcome=finished(1))
    assert known(store, "security_scan", NOON + DAY, "asset_ref") == [("shop",)]


def _until_free(store: Store) -> None:
    """The lock is free once the system has noticed; each try asks it."""
    for _ in range(2000):
        try:
            with store.writing("itomm collect"):
                return
        except LockedError:
            continue
    raise AssertionError("the lock of a killed process was never free")


def test_a_writer_whose_lock_was_lost_writes_nothing_more(
    postgresql: PostgreSQL, team_database: str, tmp_path: Path
) -> None:
    store = Store.open(tmp_path, database=emptied(postgresql, team_database))
    holder = "SELECT pid FROM pg_stat_activity WHERE starts_with(application_name, '''itomm collect')"
    with store.writing("itomm collect"):
        postgresql.run("postgres", f"SELECT pg_terminate_backend(pid) FROM ({holder}) AS held")  # noqa: S608  of this test
        with pytest.raises(StoreError, match=r"that holds the lock .* was lost; another run may write"):
            record_answer(store, an_answer())
    assert unforked(store) == []
    store.engine.dispose()


def test_two_team_stores_in_one_server_do_not_wait_for_each_other(
    postgresql: PostgreSQL, team_database: str, tmp_path: Path
) -> None:
    stores = [
        Store.open(tmp_path / name, database=postgresql.url(name))
        for name in (team_database, postgresql.new_database(template=team_database))
    ]
    with stores[0].writing("one"), stores[1].writing("two"):
        pass
    for store in stores:
        store.engine.dispose()
