"""The as-of property on a whole company: today's store against stores collected at past instants.

    .venv/bin/python bench/as_of/replay.py --instants 20 --seed 1

Half of the instants are drawn freely from the days asked for; the others are the very instants of stored
events, or a microsecond before one. Prints a row for each instant; ends with 1 when anything differs.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parents[2]))

from itomm.cli.workspace import Workspace
from itomm.estate.company_habits import DEFAULT_HABITS
from itomm.estate.configuration import TOKEN_VARIABLE
from itomm.estate.estate import Estate
from itomm.estate.http_exchange import TOKEN
from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.snapshot import snapshot_of
from itomm.evidence.record_types import record_types
from itomm.rules.answer import Verdict
from tests.journeys.replay import collected, differences, rests_on_events, told_by

MICROSECOND = timedelta(microseconds=1)


def main() -> int:
    """Run the comparison; 0 when nothing differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instants", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=80, help="how far back instants are drawn from")
    parser.add_argument("--habits", type=Path, default=DEFAULT_HABITS)
    options = parser.parse_args()
    os.environ[TOKEN_VARIABLE] = TOKEN
    with tempfile.TemporaryDirectory() as folder:
        return compared(Path(folder), options.habits, options.instants, options.seed, options.days)


def compared(work: Path, habits: Path, instants: int, seed: int, days: int) -> int:
    """Compare at so many instants; the number of instants at which anything differs."""
    remembering = long_remembered(habits, work)
    estate = Estate.load(remembering)
    today = collected(work / "today", estate)
    key = today.existing_store.pseudonym_key()
    rules = [rule for rule in today.rule_set.rules if rests_on_events(rule)]
    differing = 0
    print("instant | rules compared | answers compared | decided | records counted | differences | seconds")
    for number, instant in enumerate(drawn(today, estate.as_of, instants, seed, days)):
        started = time.monotonic()
        then = collected(work / f"then-{number}", Estate.load(remembering, as_of=instant), key)
        ours, theirs = told_by(today, rules, instant), told_by(then, rules, instant)
        both = ours.covered & theirs.covered
        answers = [answer for (rule, _), answer in ours.answers.items() if rule in both]
        decided = sum(answer.verdict is not Verdict.UNKNOWN for answer in answers)
        counted = sum(len(ours.counted[rule]) for rule in both)
        found = list(differences(ours, theirs))
        differing += bool(found)
        row = (len(both), len(answers), decided, counted, len(found), round(time.monotonic() - started, 1))
        print(f"{instant.isoformat()} | " + " | ".join(map(str, row)), flush=True)
        for line in found[:20]:
            print(f"    {line}")
    print(f"{instants - differing} of {instants} instants agree")
    return min(differing, 1)


def long_remembered(habits: Path, work: Path) -> Path:
    """The habits with tools that forget nothing, so that both stores cover the company's whole life."""
    written = yaml.safe_load(habits.read_text(encoding="utf-8"))
    path = work / "habits.yaml"
    lived = 30 * written["history_months"]
    path.write_text(
        yaml.safe_dump({**written, "retention_days": lived + 420}, allow_unicode=True), encoding="utf-8"
    )
    return path


def drawn(today: Workspace, end: datetime, instants: int, seed: int, days: int) -> list[datetime]:
    """By turns: any second, the very instant of an event, a microsecond before one."""
    chance = random.Random(seed)  # noqa: S311  reproducible, not secret
    events = instants_of_events(today, end - timedelta(days=days), end - timedelta(days=1))
    found: list[datetime] = []
    for turn in range(instants):
        if turn % 2 == 0:
            found.append(end - timedelta(seconds=chance.randrange(86_400, days * 86_400)))
        else:
            found.append(chance.choice(events) - (MICROSECOND if turn % 4 == 3 else timedelta(0)))
    return found


def instants_of_events(today: Workspace, since: datetime, until: datetime) -> list[datetime]:
    """All instants in a span of time at which a stored record says that something happened, in order."""
    types = [each for each in record_types().values() if not each.is_state]
    found: set[datetime] = set()
    with open_evidence(snapshot_of(today.existing_store), types, until) as connection:
        for each in types:
            for name in [each.occurred, *(field.name for field in each.fields.values() if field.later)]:
                rows = connection.execute(f'SELECT DISTINCT "{name}" FROM "{each.name}"').fetchall()
                found |= {moment.replace(tzinfo=UTC) for (moment,) in rows if moment is not None}
    return sorted(moment for moment in found if since <= moment <= until)


if __name__ == "__main__":
    sys.exit(main())
