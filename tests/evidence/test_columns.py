"""A field becomes a typed column exactly, or the record is refused with the field's name."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from itomm.evidence.observation import Observation
from itomm.evidence.record_types import Field, FieldType, RecordType
from itomm.evidence.segments.columns import COLUMN_TYPES, RecordRefusedError, column_values
from itomm.evidence.segments.line_maker import LineMaker
from itomm.evidence.segments.record_lines import lines_of_segment
from itomm.evidence.segments.segment_files import Origin, write_segment

MIDNIGHT = datetime(2026, 11, 1, tzinfo=UTC)
STORED_MIDNIGHT = MIDNIGHT.replace(tzinfo=None)
BERLIN = timezone(timedelta(hours=1))


def kind_of(field_type: FieldType, *, values: tuple[str, ...] = (), required: bool = False) -> RecordType:
    return RecordType("thing", "", 1, {"value": Field("value", field_type, required, values)})


def column(field_type: FieldType, value: object) -> object:
    return column_values(kind_of(field_type), {"value": value})["value"]


@pytest.mark.parametrize(
    ("field_type", "value", "stored"),
    [
        (FieldType.TEXT, "tür", "tür"),
        (FieldType.TEXT, "", ""),
        (FieldType.INTEGER, 2**63 - 1, 2**63 - 1),
        (FieldType.INTEGER, -5, -5),
        (FieldType.NUMBER, 3, "3.000000000"),
        (FieldType.NUMBER, 0.1, "0.100000000"),
        (FieldType.NUMBER, Decimal("1E+2"), "100.000000000"),
        (FieldType.NUMBER, Decimal("9999999999999999999.999999999"), "9999999999999999999.999999999"),
        (FieldType.RATIO, Decimal("0.9999999999"), "1.000000000"),
        (FieldType.RATIO, 1e-12, "0.000000000"),
        (FieldType.BOOLEAN, False, False),
        (FieldType.INSTANT, datetime(2026, 11, 1, 1, 0, tzinfo=BERLIN), STORED_MIDNIGHT),
        (
            FieldType.INSTANT,
            datetime(2026, 11, 1, 0, 0, 0, 1, tzinfo=UTC),
            STORED_MIDNIGHT.replace(microsecond=1),
        ),
        (FieldType.INSTANT, date(2026, 11, 1), STORED_MIDNIGHT),
        (FieldType.DURATION, timedelta(microseconds=1), "0.000001"),
        (FieldType.DURATION, timedelta(days=-1), "-86400.000000"),
        (FieldType.DURATION, 90, "90.000000"),
        (FieldType.DURATION, 0.5, "0.500000"),
        (FieldType.LIST, [], []),
        (FieldType.LIST, ("a", "b"), ["a", "b"]),
        (FieldType.JSON, {"b": 1, "a": [None, True]}, '{"a":[null,true],"b":1}'),
        (FieldType.JSON, [], "[]"),
        (FieldType.TEXT, None, None),
        (FieldType.LIST, None, None),
    ],
)
def test_a_value_is_stored_exactly(field_type: FieldType, value: object, stored: object) -> None:
    assert column(field_type, value) == stored
    assert type(column(field_type, value)) is type(stored)


REFUSED = [
    (FieldType.TEXT, 5),
    (FieldType.TEXT, b"x"),
    (FieldType.TEXT, ["x"]),
    (FieldType.TEXT, "half a pair: \ud800"),
    (FieldType.INTEGER, True),
    (FieldType.INTEGER, 1.0),
    (FieldType.INTEGER, "1"),
    (FieldType.INTEGER, 2**63),
    (FieldType.INTEGER, -(2**70)),
    (FieldType.NUMBER, True),
    (FieldType.NUMBER, "1"),
    (FieldType.NUMBER, float("nan")),
    (FieldType.NUMBER, float("inf")),
    (FieldType.NUMBER, Decimal("NaN")),
    (FieldType.NUMBER, Decimal("sNaN")),
    (FieldType.NUMBER, 10**19),
    (FieldType.NUMBER, 1e300),
    (FieldType.RATIO, float("nan")),
    (FieldType.RATIO, 10**9),
    (FieldType.RATIO, Decimal("999999999.9999999999")),
    (FieldType.BOOLEAN, 1),
    (FieldType.BOOLEAN, "true"),
    (FieldType.INSTANT, datetime(2026, 11, 1)),  # noqa: DTZ001  a naive instant is what must be refused
    (FieldType.INSTANT, "2026-11-01T00:00:00Z"),
    (FieldType.INSTANT, 1793491200),
    (FieldType.INSTANT, datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))),
    (FieldType.DURATION, float("nan")),
    (FieldType.DURATION, float("-inf")),
    (FieldType.DURATION, True),
    (FieldType.DURATION, "5 min"),
    (FieldType.DURATION, timedelta.max),
    (FieldType.DURATION, 10**12),
    (FieldType.LIST, "text is no list"),
    (FieldType.LIST, {"a": 1}),
    (FieldType.LIST, ["\udfff"]),
    (FieldType.JSON, "text"),
    (FieldType.JSON, {"a": 1j}),
    (FieldType.JSON, {"a": float("nan")}),
    (FieldType.JSON, ["\ud800"]),
]


@pytest.mark.parametrize(("field_type", "value"), REFUSED, ids=lambda each: ascii(each)[:40])
def test_a_value_that_does_not_fit_is_refused_by_name(field_type: FieldType, value: object) -> None:
    with pytest.raises(RecordRefusedError, match=r"^thing\.value (should be|is too large)"):
        column(field_type, value)


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(RecordRefusedError, match="thing has no field 'colour'"):
        column_values(kind_of(FieldType.TEXT), {"value": "x", "colour": "red"})


@pytest.mark.parametrize("fields", [{}, {"value": None}])
def test_a_required_field_that_is_missing_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(RecordRefusedError, match=r"thing\.value is missing"):
        column_values(kind_of(FieldType.TEXT, required=True), fields)


def test_a_value_outside_a_closed_set_is_refused() -> None:
    assert column_values(kind_of(FieldType.TEXT, values=("up", "down")), {"value": "up"}) == {"value": "up"}
    with pytest.raises(RecordRefusedError, match=r"thing\.value cannot be 'sideways'"):
        column_values(kind_of(FieldType.TEXT, values=("up", "down")), {"value": "sideways"})


EXTREMES = {
    FieldType.TEXT: "nul \x00, quotes ' \" and lines \r\n\u2028",
    FieldType.INTEGER: -(2**63) + 1,
    FieldType.NUMBER: Decimal("-9999999999999999999.999999999"),
    FieldType.RATIO: Decimal("999999999.999999999"),
    FieldType.BOOLEAN: False,
    FieldType.INSTANT: datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    FieldType.DURATION: Decimal("-999999999999.999999"),
    FieldType.LIST: ["", "a,b", "]", '"'],
    FieldType.JSON: {"deep": [{"x": 1e300}]},
}


@pytest.mark.parametrize("field_type", COLUMN_TYPES)
def test_whatever_is_accepted_can_be_written(field_type: FieldType, tmp_path: Path) -> None:
    record_type = kind_of(field_type)
    observed = Observation("1", {"value": EXTREMES[field_type]}, {}, "https://tool.example/1")
    lines, refused = LineMaker(record_type).lines([observed], ["shop"], 1)
    assert refused == []
    (tmp_path / "lines").write_bytes(lines[0] + b"\n")
    target = tmp_path / "segment.parquet"
    write_segment(tmp_path / "lines", target, Origin(record_type, "tool", "000001", MIDNIGHT))
    assert list(lines_of_segment(target)) == lines
