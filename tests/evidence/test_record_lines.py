"""A record line has one form, whichever way it is made."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itomm.evidence.observation import Observation
from itomm.evidence.record_types import Field, FieldType, RecordType
from itomm.evidence.segments.line_maker import LineMaker

EVERY_KIND = RecordType(
    "thing",
    "",
    1,
    {
        **{kind.value: Field(kind.value, kind) for kind in FieldType},
        "state": Field("state", FieldType.TEXT, values=("up", "down")),
    },
)
MAKER = LineMaker(EVERY_KIND)

FIRST = datetime.fromisoformat("0001-01-03")  # without an offset
LAST = datetime.fromisoformat("9999-12-30")
PLACES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-9))])
VALUES = {
    FieldType.TEXT: st.text(),
    FieldType.INTEGER: st.integers(-(2**63) + 1, 2**63 - 1),
    FieldType.NUMBER: st.decimals(-(10**12), 10**12, allow_nan=False)
    | st.floats(-1e9, 1e9)
    | st.integers(-9, 9),
    FieldType.RATIO: st.fractions(0, 1).map(float),
    FieldType.BOOLEAN: st.booleans(),
    FieldType.INSTANT: st.datetimes(FIRST, LAST, timezones=PLACES),
    FieldType.DURATION: st.timedeltas(timedelta(days=-10_000), timedelta(days=10_000)),
    FieldType.LIST: st.lists(st.text(), max_size=3),
    FieldType.JSON: st.dictionaries(st.text(max_size=3), st.integers(-9, 9) | st.none(), max_size=3),
}
FIELDS = st.fixed_dictionaries(
    {}, optional={kind.value: values | st.none() for kind, values in VALUES.items()}
)


def observed(fields: dict[str, object], name: str = "1") -> Observation:
    return Observation(name, fields, {}, f"https://tool.example/{name}")


@given(st.lists(FIELDS, min_size=1, max_size=4))
def test_a_page_gives_the_lines_that_its_records_give_one_by_one(page: list[dict[str, object]]) -> None:
    seen = [observed(fields, str(number)) for number, fields in enumerate(page)]
    misfit = observed({"colour": "red"}, "misfit")  # makes the page be checked record by record

    at_once, refused = MAKER.lines(seen, [None] * len(seen), 3)
    closely, told = MAKER.lines([*seen, misfit], [None] * (len(seen) + 1), 3)

    assert refused == []
    assert told == ["misfit: thing has no field 'colour'"]
    assert at_once == closely
    for line in at_once:
        assert orjson.dumps(orjson.loads(line), option=orjson.OPT_SORT_KEYS) == line


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"boolean": 1}, "should be boolean, not int"),
        ({"integer": True}, "should be integer, not bool"),
        ({"integer": 2**63}, "is too large"),
        ({"instant": FIRST}, "should be instant, not datetime"),
        ({"text": "\ud800"}, "should be text, not str"),
        ({"list": ["\ud800"]}, "should be list, not list"),
        ({"json": {"a": float("nan")}}, "should be json, not dict"),
        ({"state": "sideways"}, "cannot be 'sideways'"),
        ({"duration": timedelta.max}, "is too large"),
        ({"page": 4}, "has no field 'page'"),
    ],
)
def test_what_does_not_fit_is_told_and_the_rest_of_the_page_is_kept(
    fields: dict[str, object], told: str
) -> None:
    lines, refused = MAKER.lines(
        [observed(fields, "bad"), observed({"text": "a"}, "good")], [None, "shop"], 1
    )

    assert [(orjson.loads(line)["source_ref"], orjson.loads(line)["position"]) for line in lines] == [
        ("good", 1)
    ]
    assert len(refused) == 1
    assert refused[0].startswith("bad: ")
    assert told in refused[0]


def test_an_address_that_is_no_text_is_told() -> None:
    lines, refused = MAKER.lines([observed({"text": "a"}, "\udcff")], [None], 1)

    assert lines == []
    assert refused == ["'\\udcff': its name or address is no text"]


def test_what_needs_a_closer_look_is_kept_as_exactly() -> None:
    (line,), refused = MAKER.lines(
        [observed({"instant": date(2026, 11, 1), "number": Decimal("1E+2"), "list": ("a",)})], ["shop"], 2
    )

    assert refused == []
    assert orjson.loads(line) == {
        **dict.fromkeys([*EVERY_KIND.fields]),
        "page": 2,
        "position": 0,
        "service_id": "shop",
        "source_ref": "1",
        "url": "https://tool.example/1",
        "instant": "2026-11-01T00:00:00Z",
        "number": "100.000000000",
        "list": ["a"],
    }
