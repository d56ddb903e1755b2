"""Who may decide what about overrides: which need a second person, whose word counts, how long they live."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

LONGEST_LIFE = timedelta(days=180)
NOBODY_ASKED = "itomm.yaml (overrides: without_approval)"
"""Who approves what the settings let count without a second person; nobody can have this name."""

FILLING_UNKNOWN = "filling_unknown"
LOWERING = "lowering"
_POINTS = {"no": 0, "partial": 1, "yes": 2}


@dataclass(frozen=True)
class ApprovalRight:
    """People who may approve, for some parts of the questionnaire and some kinds; all of them when empty.

    ``parts`` are ids of areas, practices and criteria.
    """

    people: tuple[str, ...]
    parts: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()


@dataclass(frozen=True)
class DecisionPolicy:
    """What an organisation settled about overrides; by default anybody but the proposer approves.

    Attributes:
        longest_life: an override may live so long, and never longer than :data:`LONGEST_LIFE`.
        without_approval: what counts without a second person: "filling_unknown", "lowering". What raises
            a known answer, or makes a criterion not applicable, always needs one.
        rights: who may approve what; anybody when empty.
        names: the one name under which a person with several is known, by the key of each of the others.
        parts: the criterion, practice and area that a criterion belongs to, by its id.
    """

    longest_life: timedelta = LONGEST_LIFE
    without_approval: frozenset[str] = frozenset()
    rights: tuple[ApprovalRight, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def key_of(self, name: str) -> str:
        """The form of a name under which people are compared, whichever of their names it is."""
        key = person_key(name)
        return self.names.get(key, key)

    def needs_approval(self, verdict: str, saw_verdict: str) -> bool:
        """Whether an override needs a second person, by what it says and what it replaces."""
        if verdict not in _POINTS:
            return True
        if saw_verdict == "unknown":
            return FILLING_UNKNOWN not in self.without_approval
        lowers = saw_verdict in _POINTS and _POINTS[verdict] < _POINTS[saw_verdict]
        return not (lowers and LOWERING in self.without_approval)

    def why_not_approve(self, actor: str, criterion: str, kind: str) -> str | None:
        """Why a person may not approve an override; None when they may."""
        if not self.rights:
            return None
        within = self.parts.get(criterion, frozenset({criterion}))
        fitting = [
            right
            for right in self.rights
            if (not right.parts or right.parts & within) and (not right.kinds or kind in right.kinds)
        ]
        if any(self.key_of(actor) == self.key_of(person) for right in fitting for person in right.people):
            return None
        allowed = sorted({person for right in fitting for person in right.people})
        who = f"only {' or '.join(allowed)} may" if allowed else "nobody may"
        return f"{actor} may not approve this: by 'overrides' in itomm.yaml {who}."


def names_of_people(people: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """For :attr:`DecisionPolicy.names`: the key of each of a person's names leads to that of the first."""
    return {
        person_key(name): person_key(person) for person, names in people.items() for name in (person, *names)
    }


def person_key(name: str) -> str:
    """The form of a name under which people are compared; what cannot be seen does not make a person."""
    seen = "".join(each for each in unicodedata.normalize("NFKC", name) if not _invisible(each))
    return " ".join(seen.split()).casefold()


def _invisible(character: str) -> bool:
    return unicodedata.category(character) == "Cf"
