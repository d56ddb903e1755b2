"""README.txt of a bundle: what it is, and how to check it without us."""

from __future__ import annotations

from itomm.evidence.trust.recorded_assessments import RecordedAssessment
from itomm.evidence.trust.statement import Envelope

_TEXT = """\
MATURITY ASSESSMENT {id}
{verdict}

What is in here
  assessment.json      the assessment: every answer, level and interval
  statement.dsse.json  the statement that binds it to the ledger (in-toto Statement v1, DSSE envelope)
  ledger.jsonl         every collection and decision, one row each, chained by SHA-256
  records.jsonl        records that counted, each with its proof of inclusion in its collection's Merkle root
  keys/                public keys that have signed, by SHA-256 of the raw key
  report.html          the report for people
  evidence/, raw/      if there: stored records and what the sources answered
  MANIFEST.sha256      SHA-256 of every file here
  MANIFEST.sig         if there: signature over MANIFEST.sha256, by the newest key
  verify_bundle.py     checks all of this; 100 lines, to be read before they are run

Check it with Python and the package 'cryptography'
  python verify_bundle.py . --key PUBLIC.pem
PUBLIC.pem is a public key that reached you by another way than this bundle. Without --key the keys in here
are believed, and the result is worth as much as they are. Exit code 0: unchanged; 4: changed, and named.

Check it with sha256sum and openssl only
  sha256sum --check MANIFEST.sha256
  {manifest}
  {statement}
docs/how-to/verify-without-us.md in itomm's documentation explains each step.
"""
_UNSIGNED = "(not signed: anybody could have made this)"


def bundle_readme(recorded: RecordedAssessment, manifest_key: str | None) -> str:
    """The text of README.txt."""
    return _TEXT.format(
        id=recorded.id,
        verdict=recorded.verdict,
        manifest=_manifest_recipe(manifest_key) if manifest_key else f"MANIFEST.sha256 {_UNSIGNED}",
        statement=_statement_recipe(recorded) if recorded.key_id else f"statement.dsse.json {_UNSIGNED}",
    )


def _manifest_recipe(key: str) -> str:
    return (
        f"openssl pkeyutl -verify -rawin -pubin -inkey keys/{key}.pem \\\n"
        "    -in MANIFEST.sha256 -sigfile MANIFEST.sig"
    )


def _statement_recipe(recorded: RecordedAssessment) -> str:
    return _SIGNATURE_RECIPE.format(key=recorded.key_id, length=len(Envelope.read(recorded.envelope).payload))


_SIGNATURE_RECIPE = """\
sed 's/.*"payload":"\\([^"]*\\)".*/\\1/' statement.dsse.json | openssl base64 -d -A > /tmp/payload
  sed 's/.*"sig":"\\([^"]*\\)".*/\\1/' statement.dsse.json | openssl base64 -d -A > /tmp/signature
  (printf 'DSSEv1 28 application/vnd.in-toto+json {length} '; cat /tmp/payload) > /tmp/signed
  openssl pkeyutl -verify -rawin -pubin -inkey keys/{key}.pem \\
    -in /tmp/signed -sigfile /tmp/signature
The digest of assessment.json stands in /tmp/payload under "subject"; compare it with
  sha256sum assessment.json"""
