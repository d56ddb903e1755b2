"""How a rule in force departs from the shipped one, so that its value is not what a figure is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from itomm.rules.rule import Rule

_MEANING: Mapping[str, str] = {
    "from_": "another population",
    "where": "another population",
    "services": "another population",
    "linked": "another population",
    "query": "another definition",
    "measure": "another definition",
    "untold_as_empty": "another definition",
}


def departures(used: Rule, shipped: Rule) -> list[str]:
    """Each difference that changes what is measured, in words; thresholds of grades do not."""
    return [*_of_window(used, shipped), *_of_keys(used, shipped), *_of_parameters(used)]


def _of_window(used: Rule, shipped: Rule) -> Iterator[str]:
    if used.windows != shipped.windows or used.window_field != shipped.window_field:
        yield f"another window: {_window(used)} instead of {_window(shipped)}"


def _window(rule: Rule) -> str:
    days = " and ".join(f"{each} days" for each in rule.windows if each) or "none"
    return f"{days} by {rule.window_field}" if rule.window_field else days


def _of_keys(used: Rule, shipped: Rule) -> Iterator[str]:
    by_meaning: dict[str, list[str]] = {}
    for key, meaning in _MEANING.items():
        if getattr(used.written, key) != getattr(shipped.written, key):
            by_meaning.setdefault(meaning, []).append(key.removesuffix("_"))
    for meaning, keys in by_meaning.items():
        yield f"{meaning}: the rule's {' and '.join(keys)} is not the shipped one"


def _of_parameters(used: Rule) -> Iterator[str]:
    for parameter in used.parameters.values():
        if parameter.is_set and parameter.used.value != parameter.used.default:
            loosened = ", loosened" if parameter.used.loosened else ""
            yield f"a parameter is set: {parameter.used.name} {parameter.used.value}{loosened}"
