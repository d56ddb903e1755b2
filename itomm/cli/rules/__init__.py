"""``itomm rules``: check, test and show rules."""

from __future__ import annotations

import click

from itomm.cli.rules.lint import lint_command
from itomm.cli.rules.schema import schema_command
from itomm.cli.rules.show import show_command
from itomm.cli.rules.test import test_command


@click.group("rules")
def command() -> None:
    """Check, test and show rules: those of the configuration, or files and folders given."""


for each in (lint_command, test_command, show_command, schema_command):
    command.add_command(each)
