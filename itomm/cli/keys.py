"""``itomm keys``: the keys that sign assessments."""

from __future__ import annotations

import click

from itomm.cli.options import Invocation, common_options, output_option
from itomm.cli.recording import configured_signer, passphrase_of
from itomm.cli.tables import csv_text, print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace
from itomm.config.clock import format_instant
from itomm.config.errors import ExitCode, UsageError
from itomm.config.secrets import resolve_secret
from itomm.evidence.store import Store
from itomm.evidence.trust.key_register import (
    RegisteredKey,
    create_key,
    keys_of,
    private_key_path,
    rotate_key,
    signer_for,
)
from itomm.evidence.trust.signing import Signer
from itomm.reports.document import plain, to_json

HEADINGS = ("key", "since", "replaces", "", "private part")


@click.group("keys")
def command() -> None:
    """Make and replace the keys that sign assessments."""


@command.command("create")
@click.option("--by", "actor", default="itomm keys", metavar="PERSON", help="Who makes it.")
@common_options
def create_command(invocation: Invocation, actor: str) -> int:
    """Make the store's signing key, or register the one that signing.key refers to."""
    workspace = Workspace(invocation)
    configured, passphrase = configured_signer(workspace), passphrase_of(workspace)
    store = workspace.store
    with store.writing("itomm keys create"):
        key = create_key(
            store, at=invocation.clock(), actor=actor, configured=configured, passphrase=passphrase
        )
    _print_new(store, key, configured)
    return ExitCode.OK


@command.command("rotate")
@click.option("--by", "actor", default="itomm keys", metavar="PERSON", help="Who replaces it.")
@click.option("--old-key", metavar="REFERENCE", help="env:NAME or file:PATH of the key to be replaced.")
@common_options
def rotate_command(invocation: Invocation, actor: str, old_key: str | None) -> int:
    """Replace the key in force; the old key signs the new one.

    When signing.key already refers to the new key, name the old one with --old-key.
    """
    workspace = Workspace(invocation)
    store = workspace.existing_store
    passphrase = passphrase_of(workspace)
    configured = configured_signer(workspace)
    with store.writing("itomm keys rotate"):
        keys = keys_of(store)
        if old_key is not None:
            old: Signer | None = Signer.from_pem(resolve_secret(old_key), passphrase)
        else:
            old = signer_for(store, keys[-1].id, configured, passphrase) if keys else None
        if configured is not None and old_key is None and old is not None and configured.id == old.id:
            raise UsageError(
                "signing.key refers to the key in force. Let it refer to the new key, and name the old one "
                "with --old-key."
            )
        key = rotate_key(
            store, old, at=invocation.clock(), actor=actor, configured=configured, passphrase=passphrase
        )
    _print_new(store, key, configured)
    return ExitCode.OK


@command.command("list")
@output_option("table", "json", "csv")
@common_options
def list_command(invocation: Invocation, output: str) -> int:
    """List all keys, oldest first; the last one is in force."""
    store = Workspace(invocation).existing_store
    keys = keys_of(store)
    if output == "json":
        write_out(to_json({"schema": "itomm/keys/1", "keys": plain(keys)}))
        return ExitCode.OK
    rows = [_row(store, key, in_force=key is keys[-1]) for key in keys]
    if output == "csv":
        write_out(csv_text(HEADINGS, rows))
    elif keys:
        print_table("", HEADINGS, [(row[0][:16], row[1], row[2][:16], *row[3:]) for row in rows])
    else:
        print_paragraph("This store has no signing key. 'itomm keys create' makes one.")
    return ExitCode.OK


@command.command("show")
@click.argument("beginning", metavar="[KEY]", required=False)
@click.option("--public", is_flag=True, help="Only the public key, in PEM form.")
@common_options
def show_command(invocation: Invocation, beginning: str | None, *, public: bool) -> int:
    """Show the key in force, or another by the beginning of its id."""
    store = Workspace(invocation).existing_store
    keys = keys_of(store)
    key = _named(keys, beginning)
    if public:
        write_out(key.public_key)
        return ExitCode.OK
    _, since, replaces, state, private = _row(store, key, in_force=key is keys[-1])
    for line in (f"key       {key.id}", f"since     {since}", f"replaces  {replaces or 'none'}"):
        print_paragraph(line)
    print_paragraph(f"state     {state}")
    print_paragraph(f"private   {private}")
    print_paragraph("")
    write_out(key.public_key)
    return ExitCode.OK


def _named(keys: list[RegisteredKey], beginning: str | None) -> RegisteredKey:
    found = [key for key in keys if key.id.startswith(beginning or key.id)]
    if not keys:
        raise UsageError("This store has no signing key. 'itomm keys create' makes one.")
    if beginning is None:
        return keys[-1]
    if len(found) != 1:
        raise UsageError(f"{len(found) or 'No'} keys begin with '{beginning}'. 'itomm keys list' shows all.")
    return found[0]


def _row(store: Store, key: RegisteredKey, *, in_force: bool) -> tuple[str, str, str, str, str]:
    kept = "in the store" if private_key_path(store, key.id).exists() else "not in the store"
    state = "in force" if in_force else "replaced"
    return key.id, format_instant(key.created_at), key.replaces or "", state, kept


def _print_new(store: Store, key: RegisteredKey, configured: Signer | None) -> None:
    if configured:
        where = "where signing.key says"
    else:
        where = f"in {private_key_path(store, key.id)}; keep a copy where the store is not"
    print_paragraph(f"Key {key.id} is in force. Its private part is {where}.")
    print_paragraph(
        "Give auditors the public key by another way than the bundle: 'itomm keys show --public'."
    )
