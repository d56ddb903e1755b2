"""What stands in a source becomes what a record holds, or is refused; nothing is guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from itomm.collectors.mapping.converting import Unreadable, converted, text_from
from itomm.collectors.mapping.declared import FieldMapping
from itomm.evidence.record_types import Field, FieldType


def read(value: object, kind: str, **mapping: object) -> object:
    declared = Field("field", FieldType(kind))
    return converted(value, FieldMapping.model_validate({"from": "column", **mapping}), declared)


@pytest.mark.parametrize(
    ("value", "mapping", "expected"),
    [
        ("2026-11-22T06:00:00Z", {}, datetime(2026, 11, 22, 6, tzinfo=UTC)),
        ("2026-11-22T06:00:00+01:00", {}, datetime(2026, 11, 22, 5, tzinfo=UTC)),
        ("2026-11-22", {}, datetime(2026, 11, 22, tzinfo=UTC)),
        ("2026-11-22 06:00", {"zone": "Europe/Berlin"}, datetime(2026, 11, 22, 5, tzinfo=UTC)),
        (
            "22.07.2026 06:00",
            {"format": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin"},
            datetime(2026, 7, 22, 4, tzinfo=UTC),
        ),
        ("22.07.2026", {"format": "%d.%m.%Y"}, datetime(2026, 7, 22, tzinfo=UTC)),
        ("22.07.2026 06:00 +0200", {"format": "%d.%m.%Y %H:%M %z"}, datetime(2026, 7, 22, 4, tzinfo=UTC)),
        ("1795327200", {"format": "epoch"}, datetime(2026, 11, 22, 6, tzinfo=UTC)),
        (1795327200000, {"format": "epoch_ms"}, datetime(2026, 11, 22, 6, tzinfo=UTC)),
        (datetime(2026, 11, 22, 6), {"zone": "Europe/Berlin"}, datetime(2026, 11, 22, 5, tzinfo=UTC)),  # noqa: DTZ001  a spreadsheet's cell
        (date(2026, 11, 22), {"zone": "UTC"}, datetime(2026, 11, 22, tzinfo=UTC)),
    ],
)
def test_instants_are_read_as_declared(value: object, mapping: dict[str, object], expected: datetime) -> None:
    assert read(value, "instant", **mapping) == expected


@pytest.mark.parametrize(
    ("value", "mapping"),
    [
        ("1970-01-01T00:00:00Z", {}),
        ("01.01.1970 00:00", {"format": "%d.%m.%Y %H:%M", "zone": "Asia/Tokyo"}),
        ("0001-01-01T00:00:00Z", {}),
        (0, {"format": "epoch"}),
        (date(1900, 1, 1), {"zone": "UTC"}),
    ],
)
def test_a_date_that_was_never_set_is_none(value: object, mapping: dict[str, object]) -> None:
    assert read(value, "instant", **mapping) is None


@pytest.mark.parametrize(
    ("value", "mapping", "expected"),
    [
        ("2026-11-22 06:00", {}, "the time zone named with zone"),
        ("22.11.2026", {}, "ISO 8601"),
        ("31.02.2026", {"format": "%d.%m.%Y"}, "%d.%m.%Y"),
        ("29.03.2026 02:30", {"format": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin"}, "no such time"),
        (17, {}, "written as text"),
        ("soon", {"format": "epoch"}, "since 1970"),
        (True, {"format": "epoch"}, "since 1970"),
        (10**30, {"format": "epoch_ms"}, "since 1970"),
        ("1e999999999", {"format": "epoch"}, "since 1970"),
        ("0001-01-01T00:00:00+23:00", {}, "between the years"),
    ],
)
def test_what_is_no_instant_as_declared_is_refused(
    value: object, mapping: dict[str, object], expected: str
) -> None:
    with pytest.raises(ValueError, match=expected):
        read(value, "instant", **mapping)


def test_of_a_repeated_hour_the_first_is_meant() -> None:
    assert read("2026-10-25 02:30", "instant", zone="Europe/Berlin") == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("value", "mapping", "expected"),
    [
        ("1.5", {}, Decimal("1.5")),
        ("1,5", {"decimal": "comma"}, Decimal("1.5")),
        ("1.234,5", {"decimal": "comma"}, Decimal("1234.5")),
        ("1,234.5", {"decimal": "point"}, Decimal("1234.5")),
        ("12 345", {"decimal": "comma"}, Decimal(12345)),
        ("-3e2", {}, Decimal(-300)),
        (0.1, {}, Decimal("0.1")),
    ],
)
def test_numbers_are_read_with_the_declared_mark(
    value: object, mapping: dict[str, object], expected: Decimal
) -> None:
    assert read(value, "number", **mapping) == expected


@pytest.mark.parametrize(
    ("value", "mapping"),
    [
        ("1,5", {}),
        ("1,234", {}),
        ("1.5", {"decimal": "comma"}),
        ("1,23,456", {"decimal": "point"}),
        ("12 GB", {}),
        ("", {}),
        ("NaN", {}),
        (float("nan"), {}),
        (True, {}),
        ([1], {}),
        ("1" * 50, {}),
    ],
)
def test_what_may_be_another_number_is_refused(value: object, mapping: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a number"):
        read(value, "number", **mapping)


def test_a_whole_number_has_no_fraction() -> None:
    assert read("3.0", "integer") == 3
    with pytest.raises(ValueError, match="a whole number"):
        read("3.5", "integer")


@pytest.mark.parametrize(
    ("value", "mapping", "expected"),
    [
        ("0.95", {}, "0.95"),
        ("95 %", {}, "0.95"),
        ("95", {"unit": "percent"}, "0.95"),
        ("99,5 %", {"decimal": "comma"}, "0.995"),
        (4, {"scale": [1, 5]}, "0.75"),
        (1, {"scale": [5, 1]}, "1"),
    ],
)
def test_ratios_are_shares_of_one(value: object, mapping: dict[str, object], expected: str) -> None:
    assert read(value, "ratio", **mapping) == Decimal(expected)


def test_a_score_outside_of_its_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="a number from 1 to 5"):
        read(6, "ratio", scale=[1, 5])


@pytest.mark.parametrize(
    ("value", "mapping", "expected"),
    [
        (90, {}, timedelta(seconds=90)),
        ("1,5", {"unit": "hours", "decimal": "comma"}, timedelta(minutes=90)),
        (250, {"unit": "milliseconds"}, timedelta(milliseconds=250)),
        ("36:15", {"unit": "clock"}, timedelta(hours=36, minutes=15)),
        ("-0:30:01.5", {"unit": "clock"}, -timedelta(minutes=30, seconds=1.5)),
        ("P1DT4H30M", {"unit": "iso"}, timedelta(days=1, hours=4, minutes=30)),
        ("PT0.5S", {"unit": "iso"}, timedelta(seconds=0.5)),
        (timedelta(hours=30), {"unit": "clock"}, timedelta(hours=30)),
        (time(4, 30), {"unit": "clock"}, timedelta(hours=4, minutes=30)),
    ],
)
def test_durations_are_read_in_their_unit(
    value: object, mapping: dict[str, object], expected: timedelta
) -> None:
    assert read(value, "duration", **mapping) == expected


@pytest.mark.parametrize(
    ("value", "unit"),
    [("P", "iso"), ("PT", "iso"), ("4h", "iso"), ("1:75", "clock"), (90, "clock"), ("9" * 30, "days")],
)
def test_what_is_no_duration_in_its_unit_is_refused(value: object, unit: str) -> None:
    with pytest.raises(ValueError, match="a duration"):
        read(value, "duration", unit=unit)


def test_words_are_known_in_any_letter_case() -> None:
    words = {"In Arbeit": "in_progress", "neu": "open", "unklar": None}
    assert read(" in arbeit ", "text", words=words) == "in_progress"
    assert read("unklar", "text", words=words) is None
    assert read("anders", "text", words=words, otherwise="done") == "done"
    with pytest.raises(ValueError, match="one of the words"):
        read("anders", "text", words=words)


def test_truth_has_usual_words_and_declared_ones() -> None:
    assert [read(each, "boolean") for each in (True, "Yes", "1", "FALSE", 0)] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert read("ja", "boolean", words={"ja": True, "nein": False}) is True
    with pytest.raises(ValueError, match="true or false"):
        read("ja", "boolean")


def test_lists_come_whole_or_are_split() -> None:
    assert read("web; slow ;", "list", separator=";") == ["web", "slow"]
    assert read("web; slow", "list") == ["web; slow"]
    assert read(["web", 3, None], "list") == ["web", "3"]
    assert read("a,b", "list", separator=",", words={"a": "x"}, otherwise=None) == ["x"]


def test_text_is_a_single_value() -> None:
    assert [text_from(each) for each in (" a ", 3, 3.0, 2.5, True, Decimal("1.50"))] == [
        "a",
        "3",
        "3",
        "2.5",
        "true",
        "1.50",
    ]
    with pytest.raises(ValueError, match="a single value"):
        read({"name": "a"}, "text")


def test_a_cell_that_its_file_does_not_give_is_refused() -> None:
    with pytest.raises(ValueError, match="the error #N/A"):
        read(Unreadable("the error #N/A"), "text")


def test_plain_data_must_be_a_list_or_an_object() -> None:
    assert read([{"type": "x", "share": Decimal("0.5")}], "json") == [{"type": "x", "share": 0.5}]
    with pytest.raises(ValueError, match="a list or an object"):
        read("[]", "json")
