"""Options that every command takes, and what they resolve to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from itomm.config.clock import Clock, fixed_clock, parse_instant, system_clock

Command = Callable[..., int | None]
DEFAULT_CONFIGURATION = "itomm.yaml"


@dataclass(frozen=True)
class Invocation:
    """What the common options of one call resolve to."""

    configuration_path: Path
    store_path: Path | None
    clock: Clock
    quiet: bool


def common_options(command: Command) -> Command:
    """Add --config, --store, --now and --quiet; the command receives an :class:`Invocation` first.

    The same options before the command's name are honoured, too; those after it win.
    """

    @click.option("--config", metavar="FILE", help="Configuration file.  [default: itomm.yaml]")
    @click.option("--store", metavar="DIR", help="Store folder, instead of the configured one.")
    @click.option("--now", metavar="INSTANT", help="Fix the clock, for reproducible runs.")
    @click.option("--quiet", is_flag=True, help="No progress on stderr.")
    @click.pass_context
    @wraps(command)
    def wrapped(
        context: click.Context,
        /,
        *arguments: Any,
        config: str | None,
        store: str | None,
        now: str | None,
        quiet: bool,
        **options: Any,
    ) -> int | None:
        before: dict[str, Any] = context.find_root().obj or {}
        moment = now or before.get("now")
        folder = store or before.get("store")
        invocation = Invocation(
            configuration_path=Path(config or before.get("config") or DEFAULT_CONFIGURATION),
            store_path=Path(folder) if folder else None,
            clock=fixed_clock(parse_instant(moment)) if moment else system_clock,
            quiet=quiet or bool(before.get("quiet")),
        )
        return command(invocation, *arguments, **options)

    return wrapped


def output_option(*formats: str) -> Callable[[Command], Command]:
    """Add --output with the given formats; the first is the default."""

    def decorate(command: Command) -> Command:
        return click.option(
            "--output",
            type=click.Choice(formats),
            default=formats[0],
            show_default=True,
            help="JSON and CSV go to stdout alone.",
        )(command)

    return decorate


def scoring_options(command: Command) -> Command:
    """Add --as-of, --snapshot and --profile."""
    for decorate in (
        click.option(
            "--profile", type=click.Choice(["itomm", "iso33020", "strict"]), help="Scoring profile."
        ),
        click.option("--snapshot", metavar="RUN", help="Evidence up to this run.  [default: all]"),
        click.option(
            "--as-of", metavar="INSTANT", help="Score as of this instant.  [default: newest stored]"
        ),
    ):
        command = decorate(command)
    return command


def view_option(command: Command) -> Command:
    """Add --view: which layers of the answers count."""
    return click.option(
        "--view",
        type=click.Choice(["evidence", "stated", "overrides"]),
        default="overrides",
        show_default=True,
        help="Count evidence alone, stated answers too, or overrides too.",
    )(command)


def assume_option(command: Command) -> Command:
    """Add --assume: answers that are only supposed."""
    return click.option(
        "--assume",
        multiple=True,
        metavar="CRITERION=ANSWER",
        help="Suppose an answer, of all or one scope (CRITERION@SCOPE=ANSWER); repeatable. Never stored.",
    )(command)


def instant_or_none(text: str | None) -> datetime | None:
    """A parsed instant, or None when the option was not given."""
    return parse_instant(text) if text else None
