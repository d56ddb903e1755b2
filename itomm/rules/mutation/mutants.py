"""Changed rules, read through the same door as written ones."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace

from sqlglot import exp

from itomm.config.errors import InvalidInputError, Place
from itomm.config.yaml_source import Document, PathInDocument
from itomm.rules.conjuncts import conjuncts
from itomm.rules.mutation.changes import WrittenChange, changes_of
from itomm.rules.reachable import same_grades
from itomm.rules.rule import Rule
from itomm.rules.rule_reader import read_rule
from itomm.rules.written_expressions import written_expressions


@dataclass(frozen=True)
class Mutant:
    """A rule with one change. Its criterion is its own, so that many mutants are answered at once.

    ``alike`` says why it gives the same answers as the rule; "" when that is not proved.
    """

    change: str
    place: Place
    seen_by: str
    alike: str
    rule: Rule


def mutants_of(rule: Rule) -> list[Mutant]:
    """All changes to a rule that are rules again, none twice."""
    found: list[Mutant] = []
    digests = {rule.digest}
    for number, change in enumerate(changes_of(rule)):
        changed = _changed(rule, change)
        if changed is None or changed.digest in digests:
            continue
        digests.add(changed.digest)
        found.append(
            Mutant(
                change=f"{_where(change.path)}: {change.before} → {change.after}",
                place=rule.document.place(change.path),
                seen_by=change.seen_by,
                alike=change.alike or _why_alike(rule, changed, change),
                rule=replace(changed, name=f"{rule.name}-{number}", criterion=f"mutant-{number}"),
            )
        )
    return found


def _where(path: PathInDocument) -> str:
    return ".".join(str(step) for step in path)


def _changed(rule: Rule, change: WrittenChange) -> Rule | None:
    """The rule with the change; None when it is no rule any more."""
    written = rule.document.value
    if not isinstance(written, Mapping):
        return None
    value = {key: deepcopy(part) for key, part in written.items() if key not in {"tests", "mutants"}}
    holder = value
    for step in change.path[:-1]:
        holder = holder[str(step)]
    if change.value is None:
        holder.pop(str(change.path[-1]), None)
    else:
        holder[str(change.path[-1])] = change.value
    try:
        return read_rule(Document(value, rule.document.file, "", rule.document.places))
    except InvalidInputError:
        return None


def _why_alike(rule: Rule, changed: Rule, change: WrittenChange) -> str:
    if change.path[0] == "grade" and same_grades(rule, changed):
        return "every value that the measure can have is graded alike"
    windowed = rule.window_field is not None and change.path == ("where",)
    if windowed and _beside_window(rule) == _beside_window(changed):
        return f"a record without {rule.window_field} lies in no window"
    return ""


def _beside_window(rule: Rule) -> str:
    """The filter without the demand that the window's field is there, which the window makes anyway."""
    where = next((each for each in written_expressions(rule) if each.path == ("where",)), None)
    if where is None:
        return ""
    kept = [part for part in conjuncts(where.tree) if not _is_there(part, rule)]
    return " and ".join(part.sql(dialect="duckdb") for part in kept)


def _is_there(part: exp.Expr, rule: Rule) -> bool:
    inner = part.this if isinstance(part, exp.Not) else part
    while isinstance(inner, exp.Paren):
        inner = inner.this
    if (
        not isinstance(part, exp.Not)
        or not isinstance(inner, exp.Is)
        or not isinstance(inner.this, exp.Column)
    ):
        return False
    declared = rule.record_type.resolve(inner.this.name)
    return (
        isinstance(inner.expression, exp.Null) and declared is not None and declared.name == rule.window_field
    )
