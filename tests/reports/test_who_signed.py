"""The report says at its head and at its foot who signed it, or that nobody did."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from itomm.evidence.trust.recorded_assessments import RecordedAssessment
from itomm.evidence.trust.statement import LedgerHead
from itomm.reports.assessment_statement import UNSIGNED, Attested, attested
from itomm.reports.html import render_report
from tests.reports.sample_assessment import make_sample

KEY = "1a2b3c4d" * 8
HASH = "9f86d081" * 8
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def recorded(key_id: str | None) -> RecordedAssessment:
    return RecordedAssessment("S3", NOON, 7, NOON, "", "", "", "", key_id, LedgerHead(12, HASH))


def page(words: Attested | None) -> str:
    return render_report(make_sample().assessment, {}, {}, "itomm", attested=words)


@pytest.mark.parametrize(
    ("record", "has_key", "told"),
    [
        (None, False, UNSIGNED),
        (None, True, "Not signed: this assessment was not recorded. 'itomm score --record' does it."),
        (recorded(None), False, f"{UNSIGNED[:-1]}; recorded as S3, ledger head 12:{HASH[:16]}…."),
        (
            recorded(None),
            True,
            f"Not signed: recorded without a signing key; recorded as S3, ledger head 12:{HASH[:16]}….",
        ),
        (
            recorded(KEY),
            True,
            f"Signed with key {KEY[:16]}…; recorded as S3, ledger head 12:{HASH[:16]}….",
        ),
    ],
)
def test_who_signed_is_said_in_a_sentence(
    record: RecordedAssessment | None, has_key: bool, told: str
) -> None:
    assert attested(record, has_key=has_key).sentence == told


def test_a_signed_report_names_the_key_and_the_ledger_s_head_in_full() -> None:
    text = page(attested(recorded(KEY), has_key=True))

    assert text.count(f"Signed with key {KEY[:16]}…") == 2
    assert f"<code>{KEY}</code>" in text
    assert f"<code>12:{HASH}</code>" in text


def test_an_unsigned_report_says_so_at_its_head_and_its_foot() -> None:
    text = page(attested(None, has_key=False))

    assert text.count("Not signed: this store has no signing key.") == 2
    assert "Signed with key" not in text
    assert "Ledger head" not in text


def test_a_report_of_no_store_says_nothing_of_signatures() -> None:
    assert "igned" not in page(None)
