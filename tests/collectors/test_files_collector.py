"""Dropped files become records; what cannot be read never looks absent."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from itomm.collectors.conformance import Answer, HealthyTool, MemorySink, PretendTime, conformance_suite
from itomm.collectors.files import FilesCollector
from itomm.collectors.framework.checking import check_source
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import StreamResult, collect
from itomm.collectors.source import Source, build_source
from itomm.config.clock import fixed_clock
from itomm.evidence.observation import Observation, UnknownReason

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
HEAD = "Job;Ended;Result;System\n"
FIELDS = {
    "data_set": "Job",
    "tool": {"constant": "bacula"},
    "finished_at": {"from": "Ended", "zone": "Europe/Berlin"},
    "status": {"from": "Result", "words": {"OK": "success", "Error": "failed"}},
}
ACCOUNTS = {
    "files": "accounts*.csv",
    "id": "login",
    "fields": {
        "system": {"constant": "desk"},
        "login": "login",
        "kind": {"constant": "human"},
        "active": "active",
        "admin": "admin",
    },
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    dropped = tmp_path / "drop"
    dropped.mkdir()
    return dropped


def drop(folder: Path, name: str, content: str | bytes, modified: datetime = NOW - timedelta(days=1)) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (modified.timestamp(), modified.timestamp()))
    return path


def source_of(folder: Path, kind: str = "backup_job", **mapping: object) -> Source:
    usual = {"files": "backups*.csv", "id": ["Job", "Ended"], "fields": FIELDS, "services": "System"}
    records = {kind: {**(usual if kind == "backup_job" else {}), **mapping}}
    return build_source("drop", {"collector": "files", "path": folder, "records": records})


class Collected:
    """What one run brought."""

    def __init__(self, source: Source, history: timedelta = timedelta(days=90)) -> None:
        sink, clock = MemorySink(), fixed_clock(NOW)
        assignment = Assignment(1, NOW, history, (), b"key of this test")
        self.result: StreamResult
        (self.result,) = collect([source], sink, assignment, clock, timing=PretendTime().timing)
        (self.collection,) = sink.collections

    @property
    def observations(self) -> list[Observation]:
        return [one for page in self.collection.pages for one in page.observations]

    @property
    def refs(self) -> list[str]:
        return [one.source_ref for one in self.observations]

    @property
    def error(self) -> str:
        return self.result.outcome.error

    @property
    def covered(self) -> tuple[str, str]:
        outcome = self.result.outcome
        assert outcome.window_start is not None
        assert outcome.window_end is not None
        return f"{outcome.window_start:%Y-%m-%d %H:%M}", f"{outcome.window_end:%Y-%m-%d %H:%M}"


def row(day: str, job: str = "shop-db", result: str = "OK") -> str:
    return f"{job};2026-{day} 03:00;{result};shop\n"


TestDeclaration = conformance_suite(
    FilesCollector,
    lambda _: {"path": "drop", "records": {"account": ACCOUNTS}},
    HealthyTool(lambda _: Answer()),
)


def test_a_row_becomes_a_record_with_its_file_and_row(folder: Path) -> None:
    path = drop(folder, "backups.csv", HEAD + row("10-02") + row("10-03", result="Error"))

    found = Collected(source_of(folder))

    assert found.result.outcome.complete
    first, second = found.observations
    assert first.source_ref == "shop-db/2026-10-02 03:00"
    assert first.fields["finished_at"] == datetime(2026, 10, 2, 1, tzinfo=UTC)
    assert (first.fields["status"], second.fields["status"]) == ("success", "failed")
    assert first.service_keys == ("shop",)
    assert second.url == f"{path.as_uri()}#row=3"
    assert second.raw == {
        "file": "backups.csv",
        "row": 3,
        "values": {"Job": "shop-db", "Ended": "2026-10-03 03:00", "Result": "Error", "System": "shop"},
    }


def test_the_file_is_told_by_its_hash_and_its_time(folder: Path) -> None:
    drop(folder, "backups.csv", "Job;Ended;Result;System\n" + row("10-02"))
    (page,) = Collected(source_of(folder)).collection.pages
    assert page.request.method == "RUN"
    assert page.request.url.endswith("/backups.csv")
    assert page.request.query["modified"] == "2026-11-19T06:00:00Z"
    assert len(page.request.query["sha256"]) == 64


def test_values_that_the_mapping_says_are_told_as_such(folder: Path) -> None:
    drop(folder, "backups.csv", HEAD + row("10-02"))
    (warning,) = Collected(source_of(folder)).result.outcome.warnings
    assert warning == 'backup_job: the mapping says of every record: tool = "bacula"'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("shop-db;31.02.2026;OK;shop\n", "row 3: 'Ended' does not hold finished_at: expected an instant as"),
        ("shop-db;2026-10-03 03:00;Perhaps;shop\n", "'Result' does not hold status: expected one of"),
        ("shop-db;;OK;shop\n", "row 3: 'Ended', which identifies it, is empty"),
        ("shop-db;2026-10-03 03:00\n", "row 3: it has 2 of 4 columns; was it cut off?"),
        ("shop-db;2026-10-03 03:00;OK;shop;more\n", "row 3: it has 5 columns, but there are 4"),
        (row("10-02"), "row 3: it has the same identity as row 2"),
        ("shop-db;1970-01-01 00:00;OK;shop\n", "row 3: finished_at is empty (Ended)"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_makes_the_stream_incomplete(folder: Path, line: str, said: str) -> None:
    drop(folder, "backups.csv", HEAD + row("10-02") + line + row("10-04"))
    found = Collected(source_of(folder))
    assert not found.result.outcome.complete
    assert found.error.startswith("backups.csv: 1 of 3 rows could not be read. ")
    assert said in found.error
    assert found.refs == ["shop-db/2026-10-02 03:00", "shop-db/2026-10-04 03:00"]


def test_what_stands_in_a_refused_row_is_not_shown(folder: Path) -> None:
    drop(folder, "backups.csv", f"{HEAD}shop-db;Erika Muster;OK;shop\n")
    assert "Erika" not in Collected(source_of(folder)).error


def test_many_refused_rows_are_counted_and_some_are_named(folder: Path) -> None:
    drop(folder, "backups.csv", HEAD + "".join(f"shop-db;no {n};OK;shop\n" for n in range(9)))
    said = Collected(source_of(folder)).error
    assert "9 of 9 rows" in said
    assert "row 4" in said
    assert said.endswith("; and 6 more.")


def test_rows_of_other_types_are_passed_over(folder: Path) -> None:
    lines = f"Kind;{HEAD}B;{row('10-02')}X;not;a;backup;at all\n;{row('10-03')}"
    drop(folder, "backups.csv", lines)
    assert len(Collected(source_of(folder, where={"Kind": "B"})).refs) == 1
    assert len(Collected(source_of(folder, where={"Kind": {"present": False}})).refs) == 1
    found = Collected(source_of(folder, where={"Kind": ["B", "C"], "Result": {"present": True}}))
    assert found.result.outcome.complete


def test_conditions_that_fit_no_row_at_all_are_doubted(folder: Path) -> None:
    drop(folder, "backups.csv", HEAD + row("10-02") + row("10-03"))
    covers = {"from": "2026-10-01"}
    found = Collected(source_of(folder, where={"Result": "ok"}, covers=covers))
    assert "backups.csv: where fits none of 2 rows" in found.result.outcome.warnings
    (check,) = check_source(source_of(folder, where={"Result": "ok"}, covers=covers), fixed_clock(NOW))
    assert check.state == "warning"
    fitting = Collected(source_of(folder, where={"Result": "OK"}, covers=covers))
    assert not any("where" in warning for warning in fitting.result.outcome.warnings)


@pytest.mark.parametrize(
    ("content", "more"),
    [
        ("\ufeff" + HEAD + row("10-02", "öl"), {}),
        (("\ufeff" + HEAD + row("10-02", "öl")).encode("utf-16-le"), {}),
        ((HEAD + row("10-02", "öl")).encode("cp1252"), {"encoding": "cp1252"}),
        ((HEAD + row("10-02", "öl")).replace(";", ","), {}),
        ((HEAD + row("10-02", "öl")).replace(";", "\t"), {}),
        ((HEAD + row("10-02", "öl")).replace(";", "|").replace("\n", "\r\n"), {"delimiter": "|"}),
        ("Export of today\n\n" + HEAD + row("10-02", "öl"), {"header": 3}),
    ],
)
def test_csv_is_read_however_it_is_written(
    folder: Path, content: str | bytes, more: Mapping[str, Any]
) -> None:
    drop(folder, "backups.csv", content)
    found = Collected(source_of(folder, **more))
    assert found.error == ""
    assert found.refs == ["öl/2026-10-02 03:00"]


def test_a_quoted_cell_may_hold_lines_and_rows_are_counted_as_a_spreadsheet_does(folder: Path) -> None:
    drop(folder, "backups.csv", HEAD + '"two\nlines";2026-10-02 03:00;OK;shop\n' + row("10-03"))
    assert [str(one.url).partition("#")[2] for one in Collected(source_of(folder)).observations] == [
        "row=2",
        "row=3",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ((HEAD + row("10-02", "öl")).encode("cp1252"), "backups.csv is no utf-8 text (byte 24)"),
        ((HEAD + row("10-02")).encode("utf-16-le"), "holds zero bytes"),
        (HEAD.replace("Ended", "Endet") + row("10-02"), "has no column 'Ended'. Did you mean 'Endet'?"),
        (HEAD.replace("System", "") + row("10-02"), "backups.csv has no column 'System'."),
        (HEAD.rstrip() + ";Ended\n", "backups.csv has two columns 'Ended'"),
        (HEAD + '"shop-db;2026-10-02 03:00;OK;sh', "is no whole CSV"),
        ("", "has no row 1 with the names of its columns"),
    ],
)
def test_a_file_that_cannot_be_read_makes_the_stream_incomplete(
    folder: Path, content: str | bytes, said: str
) -> None:
    drop(folder, "backups.csv", content)
    found = Collected(source_of(folder))
    assert not found.result.outcome.complete
    assert said in found.error
    assert found.refs == []


def test_one_unreadable_file_does_not_keep_the_others_from_being_read(folder: Path) -> None:
    drop(folder, "backups-1.csv", HEAD + row("10-02"))
    drop(folder, "backups-2.csv", b"\xff\xfe\xff")
    found = Collected(source_of(folder))
    assert (found.result.outcome.complete, len(found.refs)) == (False, 1)


@pytest.mark.parametrize("make", [lambda folder: folder.rmdir(), lambda folder: None])
def test_a_folder_that_is_missing_or_empty_is_incomplete(folder: Path, make: Any) -> None:
    make(folder)
    found = Collected(source_of(folder))
    assert not found.result.outcome.complete
    assert str(folder) in found.error


def test_a_file_that_is_being_copied_is_named(folder: Path) -> None:
    drop(folder, "backups-1.csv", HEAD + row("10-02"))
    drop(folder, "backups-2.csv.part", HEAD)
    found = Collected(source_of(folder))
    assert found.error == "backups-2.csv.part is still being copied; run again when it has its own name."


def test_a_warm_file_whose_last_line_has_no_end_is_not_taken_for_whole(folder: Path) -> None:
    content = (HEAD + row("10-02")).rstrip()
    drop(folder, "backups.csv", content, modified=NOW - timedelta(seconds=5))
    assert "was written just now and its last line has no end" in Collected(source_of(folder)).error
    drop(folder, "backups.csv", content, modified=NOW - timedelta(hours=5))
    assert Collected(source_of(folder)).result.outcome.complete


def test_links_out_of_the_folder_are_not_followed(folder: Path, tmp_path: Path) -> None:
    secret = drop(tmp_path, "elsewhere.csv", HEAD + row("10-02"))
    (folder / "backups.csv").symlink_to(secret)
    found = Collected(source_of(folder))
    assert found.error == "backups.csv is a link that leads out of the folder; put the file itself there."


def test_links_within_the_folder_are_followed(folder: Path) -> None:
    drop(folder, "export.csv", HEAD + row("10-02"))
    (folder / "backups.csv").symlink_to("export.csv")
    assert Collected(source_of(folder)).result.outcome.complete


def test_links_that_go_round_and_pipes_are_told(folder: Path) -> None:
    (folder / "backups-1.csv").symlink_to("backups-1.csv")
    os.mkfifo(folder / "backups-2.csv")
    found = Collected(source_of(folder))
    assert "backups-1.csv cannot be opened" in found.error
    assert "backups-2.csv is no regular file" in found.error


def test_a_file_that_is_too_large_is_refused(folder: Path) -> None:
    drop(folder, "backups.csv", HEAD + row("10-02") + " " * 1024 * 1024)
    records = {"backup_job": {"files": "backups.csv", "id": ["Job", "Ended"], "fields": FIELDS}}
    source = build_source(
        "drop", {"collector": "files", "path": folder, "records": records, "max_file_mb": 1}
    )
    assert "more than the 1,048,576 allowed; raise max_file_mb" in Collected(source).error


def test_hidden_files_and_locks_of_editors_are_no_exports(folder: Path) -> None:
    drop(folder, "backups.csv", HEAD + row("10-02"))
    drop(folder, ".backups.csv", b"\xff")
    drop(folder, "~$backups.csv", b"\xff")
    assert Collected(source_of(folder, files="*.csv")).result.outcome.complete


def test_without_a_declaration_files_cover_from_their_first_to_their_last_event(folder: Path) -> None:
    drop(folder, "backups.csv", HEAD + row("10-02") + row("10-30"))
    assert Collected(source_of(folder)).covered == ("2026-10-02 01:00", "2026-10-30 02:00")


def test_a_file_without_events_covers_nothing_unless_its_time_is_declared(folder: Path) -> None:
    drop(folder, "backups.csv", HEAD)
    assert "holds no backup_job, and covers does not say of which time" in Collected(source_of(folder)).error
    declared = Collected(source_of(folder, covers={"from": "2026-10-01", "to": "2026-11-01"}))
    assert declared.result.outcome.complete
    assert declared.covered == ("2026-10-01 00:00", "2026-11-01 00:00")


def test_no_file_covers_what_came_after_it_was_written(folder: Path) -> None:
    drop(folder, "backups.csv", HEAD + row("10-02"), modified=datetime(2026, 10, 20, tzinfo=UTC))
    for covers in ({"from": "2026-10-01"}, {"from": "2026-10-01", "to": "2026-11-01"}):
        assert Collected(source_of(folder, covers=covers)).covered == ("2026-10-01 00:00", "2026-10-20 00:00")


def test_last_months_export_does_not_cover_this_month(folder: Path) -> None:
    for month in ("09", "10"):
        drop(folder, f"backups-2026-{month}.csv", HEAD + row(f"{month}-02"))
    found = Collected(source_of(folder, covers={"name": "backups-%Y-%m", "zone": "Europe/Berlin"}))
    assert found.covered == ("2026-08-31 22:00", "2026-10-31 23:00")
    assert found.result.outcome.complete


def test_a_month_that_was_not_dropped_ends_what_is_covered(folder: Path) -> None:
    for month in ("08", "10"):
        drop(folder, f"backups-2026-{month}.csv", HEAD + row(f"{month}-28"))
    found = Collected(source_of(folder, covers={"name": "backups-%Y-%m"}))
    assert found.covered == ("2026-10-01 00:00", "2026-11-01 00:00")
    assert any(
        "no file covers the time between 2026-09-01T00:00:00Z and 2026-10-01T00:00:00Z" in warning
        for warning in found.result.outcome.warnings
    )
    assert len(found.refs) == 2


def test_a_name_without_the_date_that_covers_wants_is_told(folder: Path) -> None:
    drop(folder, "backups-latest.csv", HEAD + row("10-02"))
    found = Collected(source_of(folder, covers={"name": "backups-%Y-%m"}))
    assert "backups-latest.csv: its name does not say which time it covers" in found.error


def test_of_a_record_in_two_files_the_newest_counts(folder: Path) -> None:
    drop(folder, "backups-2026-09.csv", HEAD + row("10-02", result="Error"))
    drop(folder, "backups-2026-10.csv", HEAD + row("10-02"), modified=NOW - timedelta(days=9))
    (one,) = Collected(source_of(folder, covers={"name": "backups-%Y-%m"})).observations
    assert one.fields["status"] == "success"


def test_events_outside_of_the_window_that_is_asked_for_are_left_out(folder: Path) -> None:
    drop(folder, "backups.csv", HEAD + row("01-02") + row("10-02") + row("11-25"))
    found = Collected(source_of(folder))
    assert found.refs == ["shop-db/2026-10-02 03:00"]
    assert found.result.outcome.complete


def test_state_is_as_old_as_its_file(folder: Path) -> None:
    content = "login,active,admin\nerika,true,false\n"
    drop(folder, "accounts.csv", content, modified=NOW - timedelta(days=3))
    assert Collected(source_of(folder, "account", **ACCOUNTS)).result.outcome.complete
    drop(folder, "accounts.csv", content, modified=NOW - timedelta(days=30))
    old = Collected(source_of(folder, "account", **ACCOUNTS))
    assert old.result.outcome.reason is UnknownReason.STALE
    assert "accounts.csv is of 2026-10-21" in old.error
    assert old.observations == []


def test_of_states_with_dates_in_their_names_only_the_newest_counts(folder: Path) -> None:
    drop(folder, "accounts-2026-11-12.csv", "login,active,admin\nmax,true,false\n")
    drop(folder, "accounts-2026-11-18.csv", "login,active,admin\nerika,true,true\n", NOW - timedelta(days=2))
    found = Collected(source_of(folder, "account", covers={"name": "accounts-%Y-%m-%d"}, **ACCOUNTS))
    (one,) = found.observations
    assert one.fields["admin"] is True
    assert found.result.outcome.complete


def test_people_are_named_nowhere(folder: Path) -> None:
    drop(folder, "accounts.csv", "login,active,admin,note\nerika.muster,true,false,by erika.muster\n")
    found = Collected(source_of(folder, "account", **ACCOUNTS))
    assert "erika" not in repr(found.observations)


ROWS = [
    {"job": {"name": "shop-db"}, "at": "2026-10-02T01:00:00Z", "ok": True},
    {"job": None, "at": 3, "ok": "?"},
]
PATHS: dict[str, Any] = {
    "id": ["job.name", "at"],
    "services": "job.name",
    "fields": {
        **FIELDS,
        "data_set": "job.name",
        "finished_at": "at",
        "status": {"from": "ok", "words": {"true": "success"}},
    },
}


@pytest.mark.parametrize(
    ("name", "content", "more", "second"),
    [
        ("b.json", json.dumps({"jobs": {"all": ROWS}}), {"rows": "jobs.all"}, "row 2"),
        ("b.json", json.dumps(ROWS), {}, "row 2"),
        ("b.jsonl", "\n".join(map(json.dumps, ROWS)) + "\n", {}, "row 2"),
        ("b.yaml", json.dumps(ROWS) + "\n", {}, "row 2"),
        ("b.yml", "\n".join(f"---\n{json.dumps(each)}" for each in ROWS) + "\n", {}, "row 2"),
    ],
)
def test_structured_files_are_read_by_paths(
    folder: Path, name: str, content: str, more: Mapping[str, Any], second: str
) -> None:
    drop(folder, name, content)
    found = Collected(source_of(folder, **{**PATHS, "files": name, **more}))
    assert found.refs == ["shop-db/2026-10-02T01:00:00Z"]
    assert found.error == (
        f"{name}: 1 of 2 rows could not be read. {second}: 'job.name', which identifies it, is empty."
    )


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("b.json", '[{"job": ', "b.json is no whole JSON (line 1). Was it cut off?"),
        ("b.json", '{"jobs": []}', "b.json has no list of rows at its top; say with rows where they are"),
        ("b.json", "[" * 100_000, "b.json is no whole JSON"),
        ("b.json", '[{"at": NaN}]', "b.json is no whole JSON"),
        ("b.json", "[3]", "row 1: it is no object with named values"),
        ("b.jsonl", '{"job": {"na', "row 1: it is no whole JSON"),
        ("b.yaml", "a: &x [1]\nb: *x\n", "b.yaml is no plain YAML"),
        ("b.yaml", "!!python/object:os.system {}\n", "b.yaml is no plain YAML"),
        ("b.yaml", "", "b.yaml is empty"),
    ],
)
def test_structured_files_that_are_not_whole_or_not_plain_are_refused(
    folder: Path, name: str, content: str, said: str
) -> None:
    drop(folder, name, content)
    found = Collected(source_of(folder, **{**PATHS, "files": name}))
    assert said in found.error


def test_check_tells_what_was_found_and_what_is_wrong(folder: Path) -> None:
    drop(folder, "backups.csv", HEAD + row("10-02") + row("10-05"))
    (good,) = check_source(source_of(folder), fixed_clock(NOW))
    assert (good.state, good.detail) == ("ok", "2 records in 1 files, which cover 2026-10-02 to 2026-10-05")
    drop(folder, "backups.csv", HEAD + row("10-02") + "x;y;z;a\n")
    (bad,) = check_source(source_of(folder), fixed_clock(NOW))
    assert bad.state == "failed"
    assert "row 3" in bad.detail
    assert bad.remedy
    (missing,) = check_source(source_of(folder / "nowhere"), fixed_clock(NOW))
    assert (missing.state, "There is no folder" in missing.detail) == ("failed", True)


def test_what_the_mapping_leaves_out_is_what_the_source_cannot_tell(folder: Path) -> None:
    drop(folder, "backups.csv", HEAD + row("10-02"))
    fields = {**FIELDS, "offsite": {"constant": True}, "encrypted": {"constant": None}}
    told = Collected(source_of(folder, fields=fields)).result.outcome.untold
    assert [each.field for each in told] == ["encrypted", "immutable", "rpo_s", "size_bytes", "started_at"]
    assert {each.why for each in told} == {"map it, if the source knows it"}


def test_a_field_whose_being_empty_says_something_is_told_by_leaving_it_out(folder: Path) -> None:
    drop(folder, "days.csv", "day;good;total\n2026-10-02;86400;86400\n")
    mapping = {
        "files": "days.csv",
        "id": "day",
        "fields": {
            "date": {"from": "day", "zone": "UTC"},
            "good": "good",
            "total": "total",
            "availability": {"constant": 1},
            "samples_ratio": {"constant": 1},
        },
    }
    found = Collected(source_of(folder, "uptime_series", **mapping)).result.outcome
    assert (found.complete, found.untold) == (True, ())
