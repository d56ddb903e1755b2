"""Declarations of record types hold together."""

from __future__ import annotations

import pytest

from itomm.evidence.record_types import FieldType, record_types
from itomm.evidence.segments.columns import PROVENANCE_COLUMNS


@pytest.mark.parametrize("name", sorted(record_types()))
def test_a_record_type_holds_together(name: str) -> None:
    record_type = record_types()[name]
    instants = {field.name for field in record_type.fields.values() if field.type is FieldType.INSTANT}

    assert set(record_type.fields).isdisjoint(PROVENANCE_COLUMNS), (
        "a field would hide where the record is from"
    )
    assert record_type.occurred is None or record_type.occurred in instants
    assert {field.name for field in record_type.fields.values() if field.later} <= instants
    assert {field.known_from for field in record_type.fields.values() if field.known_from} <= instants
    assert all(record_type.resolve(alias) for alias in record_type.aliases)
    assert record_type.time_to_live_days > 0
    assert record_type.about
