"""A questionnaire with the rules that answer it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from itomm.config.errors import Place
from itomm.evidence.canonical import digest
from itomm.rules.model import Criterion, Model
from itomm.rules.rule import Rule


@dataclass(frozen=True)
class RuleSet:
    """A questionnaire and the rules that answer it; ``places`` says where each criterion stands."""

    model: Model
    rules: tuple[Rule, ...]
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)

    @property
    def model_digest(self) -> str:
        """SHA-256 over the questionnaire."""
        return digest(_plain(self.model))

    @property
    def rules_digest(self) -> str:
        """SHA-256 over what all rules say."""
        return digest({rule.name: rule.digest for rule in self.rules})

    def rule(self, name: str) -> Rule | None:
        """The rule called ``name``."""
        return next((rule for rule in self.rules if rule.name == name), None)

    def answering(self, criterion: str) -> list[Rule]:
        """The rules that answer a criterion."""
        return [rule for rule in self.rules if rule.criterion == criterion]


def _plain(model: Model) -> object:
    return {
        **{name: getattr(model, name) for name in ("id", "title", "version", "levels")},
        "areas": [vars(area) for area in model.areas],
        "practices": [vars(practice) for practice in model.practices],
        "criteria": [_said(criterion) for criterion in model.criteria],
    }


def _said(criterion: Criterion) -> dict[str, object]:
    """What a criterion says; without what it leaves open, as it was before there was room for it."""
    return {name: value for name, value in vars(criterion).items() if name != "depends_on" or value}
