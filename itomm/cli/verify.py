"""``itomm verify``: check that nothing stored, or nothing in a bundle, was changed."""

from __future__ import annotations

import zipfile
from contextlib import closing
from pathlib import Path

import click

from itomm.cli.options import Invocation, common_options, output_option
from itomm.cli.progress import working
from itomm.cli.tables import print_paragraph, write_out
from itomm.cli.workspace import Workspace
from itomm.config.errors import ExitCode, StoreError, StoreVersionError, UsageError, VerificationError
from itomm.evidence.catalogue.opening import DATABASE_FILE, connected, contradiction
from itomm.evidence.store import Store
from itomm.evidence.trust.key_register import keys_of
from itomm.evidence.trust.recorded_assessments import assessment_faults, newest_recorded
from itomm.evidence.trust.verification import verify
from itomm.evidence.trust.witness import head_faults, read_head, rows_against_bundle
from itomm.reports import verify_bundle
from itomm.reports.assessment_statement import attested
from itomm.reports.document import plain, to_json


@click.command()
@click.argument("bundle", metavar="[BUNDLE]", required=False)
@click.option("--key", metavar="FILE", help="A public key that reached you by another way than the bundle.")
@click.option("--head", metavar="SEQ:HASH", help="A ledger row from an earlier report, to be found again.")
@click.option("--against", metavar="BUNDLE", help="A bundle whose ledger the store must still begin with.")
@click.option("--records", is_flag=True, help="Make every Merkle root anew from its records, too.")
@output_option("table", "json")
@common_options
def command(
    invocation: Invocation,
    *,
    bundle: str | None,
    key: str | None,
    head: str | None,
    against: str | None,
    records: bool,
    output: str,
) -> int:
    """Check every stored byte: ledger, catalogue, segments, raw payloads, signatures; or an exported bundle.

    Exit code 4 when anything was changed, added or removed; each fault is named. The store alone cannot tell
    that its newest rows were cut off: --head or --against compares with what was handed out earlier.
    """
    if bundle is not None:
        if head or against:
            raise UsageError("--head and --against are for a store; leave out the bundle.")
        return _verify_bundle(Path(bundle), Path(key) if key else None, output)
    if key is not None:
        raise UsageError("--key is for a bundle; the store's own keys are checked anyway.")
    return _verify_store(invocation, head, against, output, records=records)


def _verify_store(
    invocation: Invocation, head: str | None, against: str | None, output: str, *, records: bool
) -> int:
    witness = read_head(head) if head else None
    store = _opened(Workspace(invocation))
    with working("Verifying", quiet=invocation.quiet):
        found = verify(store, records=records)
        faults = [*found.faults, *assessment_faults(store)]
        faults += head_faults(store, witness) if witness else []
        faults += rows_against_bundle(store, Path(against)) if against else []
        told = _signature(store) if not faults else ""
    if output == "json":
        document = {**plain(found), "faults": faults, "signature": told}
        write_out(to_json({"schema": "itomm/verification/1", **document}))
    else:
        for fault in faults:
            print_paragraph(fault, style="red")
        counted = (
            f"{found.ledger_rows} ledger rows, {found.segments} segments and "
            f"{found.raw_payloads} raw payloads checked; ledger head {found.head[:16]}."
        )
        state = f"{len(faults)} faults found." if faults else "Nothing was changed."
        print_paragraph(f"{counted} {state}")
        if told:
            print_paragraph(told)
    return ExitCode.VERIFICATION_FAILED if faults else ExitCode.OK


def _opened(workspace: Workspace) -> Store:
    """The store; one whose database is there and cannot be read was damaged."""
    try:
        return workspace.existing_store
    except StoreVersionError:
        _must_not_contradict_itself(workspace)
        raise
    except StoreError as error:
        if workspace.store_database is None and (workspace.store_folder / DATABASE_FILE).exists():
            raise VerificationError(str(error)) from None
        raise


def _must_not_contradict_itself(workspace: Workspace) -> None:
    """A version that only one of its two places tells was changed by somebody."""
    engine = connected(workspace.store_folder, database=workspace.store_database)
    with closing(engine.connect()) as connection:
        told = contradiction(connection)
    engine.dispose()
    if told is not None:
        raise VerificationError(told)


def _signature(store: Store) -> str:
    """Who signed the newest recorded assessment."""
    recorded = newest_recorded(store)
    has_key = bool(keys_of(store))
    if has_key and recorded is None:
        return "No assessment was signed yet."
    return attested(recorded, has_key=has_key).sentence


def _verify_bundle(bundle: Path, key: Path | None, output: str) -> int:
    try:
        faults, told = verify_bundle.check(bundle, key.read_bytes() if key else None)
    except OSError as error:
        raise UsageError(f"{error.filename or bundle} cannot be read: {error.strerror}.") from None
    except (zipfile.BadZipFile, ValueError, TypeError) as error:
        raise UsageError(f"{bundle} is no bundle, or --key names no public key: {error}.") from None
    if output == "json":
        write_out(to_json({"schema": "itomm/bundle-verification/1", "faults": faults, "told": told}))
    else:
        for fault in faults:
            print_paragraph(fault, style="red")
        for line in told if not faults else [f"{len(faults)} faults found in {bundle}."]:
            print_paragraph(line)
        if not faults and key is None:
            print_paragraph("No key was given with --key: this is worth as much as the bundle's sender.")
    return ExitCode.VERIFICATION_FAILED if faults else ExitCode.OK
