"""What became of the small changes that ``itomm rules test --mutate`` tried."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from itomm.cli.places import shown_place
from itomm.cli.tables import print_paragraph, write_out
from itomm.config.errors import ExitCode
from itomm.config.quantities import Dimension, Quantity, format_quantity
from itomm.reports.document import plain, to_json
from itomm.rules.mutation.running import TriedMutant, share_killed, stale_reasons, try_mutants
from itomm.rules.rule import Rule


def report_mutants(rules: Sequence[Rule], at_least: Fraction, output: str) -> int:
    """Try all mutants, print or write what became of them; the exit code."""
    tried: list[TriedMutant] = [mutant for mutants in try_mutants(rules) for mutant in mutants]
    share = share_killed(tried)
    stale = stale_reasons(rules, tried)
    enough = share >= at_least
    if output == "json":
        document = {
            "schema": "itomm/rule-mutants/1",
            "killed_share": share,
            "at_least": at_least,
            "mutants": tried,
        }
        write_out(to_json(plain(document)))
        return ExitCode.OK if enough else ExitCode.INVALID
    survivors = [each for each in tried if not each.killed_by and not each.alike]
    for each in survivors:
        print_paragraph(
            f"{shown_place(each.place)}: {each.rule}: {each.change}",
            style="yellow" if not each.accepted else "",
        )
        print_paragraph(
            f"    accepted: {each.accepted}" if each.accepted else f"    no test has {each.seen_by}"
        )
    for place, change in stale:
        print_paragraph(f"{shown_place(place)}: this change no longer survives, or is none: {change}")
    alike = sum(bool(each.alike) for each in tried)
    wanted = f"(at least {_percent(at_least)} wanted)"
    print_paragraph(
        f"{len(tried) - alike} changes tried, {_percent(share)} noticed {wanted}; "
        f"{len(survivors)} survived, {sum(bool(each.accepted) for each in survivors)} of them with a reason; "
        f"{alike} more cannot change any answer."
    )
    return ExitCode.OK if enough else ExitCode.INVALID


def _percent(share: Fraction) -> str:
    return format_quantity(Quantity(Dimension.SHARE, share))
