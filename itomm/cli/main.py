"""The ``itomm`` command: a group that imports a command's module only when it is called."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NoReturn

import click
from click.shell_completion import CompletionItem

from itomm import __version__
from itomm.config.errors import ExitCode, ItommError

DUCKDB_INTERRUPTED = "Query interrupted"
"""What DuckDB makes of Ctrl-C while a query runs, in place of a KeyboardInterrupt."""

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("itomm.cli.demo", "See the whole job once, on a stand-in company."),
    "init": ("itomm.cli.init", "Write a first itomm.yaml."),
    "doctor": ("itomm.cli.doctor", "Check configuration, sources, rules and store."),
    "collect": ("itomm.cli.collect", "Collect evidence from all sources."),
    "assess": ("itomm.cli.assess", "Collect, then score."),
    "score": ("itomm.cli.score", "Score stored evidence; no network, no clock."),
    "show": ("itomm.cli.show", "Show levels of a scope, area or practice."),
    "timeline": ("itomm.cli.timeline", "Show levels at past months' ends, from stored evidence."),
    "roadmap": ("itomm.cli.roadmap", "Show the cheapest steps that reach a level."),
    "compare": ("itomm.cli.compare", "Show why two assessments differ, each change with its cause."),
    "benchmark": ("itomm.cli.benchmark", "Show measured values beside published figures."),
    "gate": ("itomm.cli.gate", "Check levels, coverage and overrides; for pipelines."),
    "explain": ("itomm.cli.explain", "Show why a criterion has its answer, down to the records."),
    "answer": ("itomm.cli.answer", "State an answer that no source can give."),
    "override": ("itomm.cli.overriding", "Propose, approve or withdraw an override."),
    "review": ("itomm.cli.review", "List what people should look at first."),
    "report": ("itomm.cli.report", "Write the report as one HTML file."),
    "export": ("itomm.cli.export", "Export an assessment so that others can check it."),
    "keys": ("itomm.cli.keys", "Make and replace the keys that sign assessments."),
    "verify": ("itomm.cli.verify", "Check that nothing stored was changed."),
    "retention": ("itomm.cli.retention", "Let content go that is no longer kept."),
    "forget": ("itomm.cli.forget", "Take one person's pseudonym out of everything stored."),
    "db": ("itomm.cli.db", "Bring the store's database to another version, or copy it."),
    "rules": ("itomm.cli.rules", "Check, test and show rules."),
    "collectors": ("itomm.cli.collectors", "List and describe collectors."),
}


class LazyGroup(click.Group):
    """Knows its commands by name and one line of help; imports one when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Names of all commands, in the order in which they are used."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called ``cmd_name``, imported now."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        command = getattr(import_module(COMMANDS[cmd_name][0]), "command")  # noqa: B009  typed below
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name][0]}.command is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Print the commands from the table, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_line) for name, (_, help_line) in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete command names from the table, without importing any."""
        names = [
            CompletionItem(name, help=text)
            for name, (_, text) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return names or click.Command.shell_complete(self, ctx, incomplete)


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="itomm")
@click.option("--config", metavar="FILE", help="Configuration file.  [default: itomm.yaml]")
@click.option("--store", metavar="DIR", help="Store folder, instead of the configured one.")
@click.option("--now", metavar="INSTANT", help="Fix the clock, for reproducible runs.")
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
@click.pass_context
def itomm(
    context: click.Context, config: str | None, store: str | None, now: str | None, *, quiet: bool
) -> None:
    """Answer the IT operations maturity questionnaire from evidence.

    Start with 'itomm demo', or 'itomm init' for your own systems.
    """
    context.obj = {"config": config, "store": store, "now": now, "quiet": quiet}


def _say_interrupted() -> NoReturn:
    click.echo("itomm: interrupted; a collection is gone on with when it is run again.", err=True)
    sys.exit(130)


def run() -> None:
    """Entry point: one clear message and a documented exit code for every foreseeable fault."""
    try:
        outcome = itomm.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        _say_interrupted()
    except RuntimeError as error:
        if str(error) != DUCKDB_INTERRUPTED:
            raise
        _say_interrupted()
    except ItommError as error:
        click.echo(f"itomm: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(ExitCode.OK)
    sys.exit(outcome if isinstance(outcome, int) else ExitCode.OK)
