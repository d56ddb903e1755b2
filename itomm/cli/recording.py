"""Recording and signing an assessment, and finding the key that signs; shared by several commands."""

from __future__ import annotations

from itomm.cli.workspace import Scored, Workspace
from itomm.config.secrets import Secret, resolve_secret
from itomm.config.settings import SigningSettings
from itomm.evidence.store import Store
from itomm.evidence.trust.key_register import keys_of, signer_in_force
from itomm.evidence.trust.recorded_assessments import RecordedAssessment, record_assessment, recorded_as
from itomm.evidence.trust.signing import Signer
from itomm.reports.assessment_statement import Attested, assessment_to_record, attested, document_bytes


def passphrase_of(workspace: Workspace) -> Secret | None:
    """What unlocks the private key; None when the configuration names nothing.

    Raises:
        UsageError: the reference leads nowhere.
    """
    reference = _settings(workspace).passphrase
    return resolve_secret(reference) if reference else None


def configured_signer(workspace: Workspace) -> Signer | None:
    """The private key that ``signing.key`` refers to; None when it does not.

    Raises:
        UsageError: the reference leads nowhere, or to no ed25519 key.
    """
    reference = _settings(workspace).key
    return Signer.from_pem(resolve_secret(reference), passphrase_of(workspace)) if reference else None


def signer_of(workspace: Workspace, store: Store) -> Signer | None:
    """The key in force, ready to sign; None in a store without keys.

    Raises:
        UsageError: its private part cannot be found or read.
    """
    return signer_in_force(store, configured_signer(workspace), passphrase_of(workspace))


def record(scored: Scored, signer: Signer | None, purpose: str) -> RecordedAssessment:
    """Keep an assessment in the store, with a statement signed by ``signer``.

    Raises:
        LockedError: another run writes to the store.
        StoreError: it could not be written.
    """
    workspace = scored.workspace
    store = workspace.existing_store
    made = assessment_to_record(scored.assessment, scored.snapshot, workspace.invocation.clock())
    with store.writing(purpose):
        return record_assessment(store, made, signer)


def attested_in(scored: Scored, recorded: RecordedAssessment | None = None) -> Attested:
    """What the store says of this very assessment, recorded as this or lastly: signed, or not."""
    store = scored.workspace.existing_store
    recorded = recorded or recorded_as(store, document_bytes(scored.assessment))
    return attested(recorded, has_key=bool(keys_of(store)))


def _settings(workspace: Workspace) -> SigningSettings:
    invocation = workspace.invocation
    if invocation.store_path is not None and not invocation.configuration_path.exists():
        return SigningSettings()
    return workspace.configuration.settings.signing
