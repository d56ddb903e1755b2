"""From the documents of a pack's files to a rule set; every fault of every document is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from itomm.config.errors import InvalidInputError, Place, Problem
from itomm.config.structure import checked, closest, nearest
from itomm.config.yaml_source import Document, PathInDocument
from itomm.rules.dependencies import depending_on_nothing
from itomm.rules.extending import rules_by_name, with_inherited
from itomm.rules.model import Criterion, Model, Part
from itomm.rules.model_document import CriterionDocument, ModelDocument, PracticeDocument
from itomm.rules.parameters import SetParameter
from itomm.rules.rule import Rule
from itomm.rules.rule_reader import read_rule
from itomm.rules.rule_set import RuleSet

KINDS = ("model", "practice", "rule")

_SETTING = Place("rules.without")


@dataclass(frozen=True)
class LeftOut:
    """A rule that is left out, and where the configuration says so."""

    rule: str
    place: Place = _SETTING


class PackReader:
    """Sorts documents into model, practices and rules, gathering problems.

    ``without`` leaves rules out. Of a shipped one and one's own with the same name, it is the shipped one:
    ``shipped`` are its files.
    """

    def __init__(
        self,
        problems: list[Problem],
        without: Sequence[LeftOut],
        parameters: Sequence[SetParameter],
        shipped: frozenset[str],
    ) -> None:
        self.problems = problems
        self._unread_criteria = bool(problems)  # some may stand in a file that could not be read
        self._left_out = without
        self._without = {each.rule for each in without}
        self._parameters = parameters
        self._shipped = shipped
        self._documents_of_rules: Mapping[str, Document] = {}
        self.model_document: ModelDocument | None = None
        self._model_place: Callable[[PathInDocument], Place] = lambda _path: Place("model")
        self._practices: list[tuple[PracticeDocument, Document]] = []
        self._rules: list[Rule] = []

    def read(self, documents: Sequence[Document]) -> None:
        """Check all documents, then whether they hold together."""
        documents = list(self._with_room_for_own(documents))
        self._documents_of_rules = rules_by_name(documents)
        for document in documents:
            try:
                self._read(document)
            except InvalidInputError as error:
                self.problems += error.problems
                self._unread_criteria |= _kind(document) == "practice"
        self.problems += self._contradictions()

    def _with_room_for_own(self, documents: Sequence[Document]) -> Iterator[Document]:
        """All documents, but for shipped rules that were left out and that one's own has the name of."""
        shipped = rules_by_name([each for each in documents if each.file in self._shipped])
        own = rules_by_name([each for each in documents if each.file not in self._shipped])
        replaced = self._without & shipped.keys() & own.keys()
        self._without -= replaced
        gone = [shipped[name] for name in replaced]
        yield from (each for each in documents if not any(each is one for one in gone))

    def _read(self, document: Document) -> None:
        value, kind = document.value, _kind(document)
        if kind == "model":
            if self.model_document is not None:
                self.problems.append(Problem(document.place(), "a second model; only one can be loaded"))
            self.model_document, self._model_place = checked(ModelDocument, document), document.place
        elif kind == "practice":
            self._practices.append((checked(PracticeDocument, document), document))
        elif kind == "rule":
            name = value["rule"] if isinstance(value, dict) else None
            chosen = [setting for setting in self._parameters if setting.rule == name]
            rule = read_rule(with_inherited(document, self._documents_of_rules), chosen)
            if rule.name not in self._without:
                self._rules.append(rule)
        else:
            message = "this is neither a model, a practice nor a rule"
            raise InvalidInputError(
                [Problem(document.place(), message, "Begin with one of these keys: model, practice, rule.")]
            )

    def _contradictions(self) -> Iterator[Problem]:
        yield from _repeated(
            (practice.practice, doc.place(("practice",))) for practice, doc in self._practices
        )
        yield from _repeated(
            (criterion.id, document.place(("criteria", index, "id")))
            for practice, document in self._practices
            for index, criterion in enumerate(practice.criteria)
        )
        yield from _repeated((rule.name, rule.document.place(("rule",))) for rule in self._rules)
        yield from self._dangling()
        if not self._unread_criteria:
            yield from depending_on_nothing([each for each, _ in self._practices], self._places_of_criteria())
        yield from self._answered_twice()
        yield from self._set_for_nothing()
        yield from self._left_out_for_nothing()

    def _places_of_criteria(self) -> Mapping[str, Place]:
        return {
            criterion.id: document.place(("criteria", index, "id"))
            for practice, document in self._practices
            for index, criterion in enumerate(practice.criteria)
        }

    def _set_for_nothing(self) -> Iterator[Problem]:
        used = set(self._documents_of_rules) - self._without
        for setting in self._parameters:
            if setting.rule not in used:
                left_out = f"It is left out by 'without'; leave out '{setting.name}', too."
                hint = left_out if setting.rule in self._without else closest(setting.rule, used)
                yield Problem(setting.place, f"rules.parameters: there is no rule '{setting.rule}'", hint)

    def _left_out_for_nothing(self) -> Iterator[Problem]:
        if self._unread_criteria:
            return
        for each in self._left_out:
            if each.rule not in self._documents_of_rules:
                hint = closest(each.rule, self._documents_of_rules)
                yield Problem(each.place, f"rules.without: there is no rule '{each.rule}'", hint)

    def _dangling(self) -> Iterator[Problem]:
        known = sorted(criterion.id for practice, _ in self._practices for criterion in practice.criteria)
        all_practices = bool(self._practices) and not self._unread_criteria
        if all_practices:
            for rule in self._rules:
                if rule.criterion not in known:
                    place = rule.document.place(("answers",))
                    hint = closest(rule.criterion, known)
                    yield Problem(place, f"there is no criterion '{rule.criterion}'", hint)
        if self.model_document is None:
            return
        areas = [area.id for area in self.model_document.areas]
        yield from _repeated(
            (area, self._model_place(("areas", index, "id"))) for index, area in enumerate(areas)
        )
        levels = sorted(int(level) for level in self.model_document.levels)
        for practice, document in self._practices:
            if practice.area not in areas:
                place = document.place(("area",))
                yield Problem(place, f"there is no area '{practice.area}'", nearest(practice.area, areas))
            for index, criterion in enumerate(practice.criteria):
                if criterion.level not in levels[1:]:
                    place = document.place(("criteria", index, "level"))
                    yield Problem(place, f"level {criterion.level} is not one of {levels[1:]}")
        for index, area in enumerate(areas):
            if all_practices and all(practice.area != area for practice, _ in self._practices):
                place = self._model_place(("areas", index, "id"))
                yield Problem(place, f"the area '{area}' has no practice")

    def _answered_twice(self) -> Iterator[Problem]:
        first: dict[tuple[str, str], Rule] = {}
        for rule in self._rules:
            for scope in sorted(rule.per):
                other = first.setdefault((rule.criterion, scope), rule)
                if other is not rule and other.name != rule.name:
                    yield Problem(
                        rule.document.place(("answers",)),
                        f"{rule.criterion} is already answered per {scope} by the rule '{other.name}'",
                        f"Leave one out with 'without: [{other.name}]' under 'rules' in itomm.yaml.",
                    )

    def rule_set(self) -> RuleSet:
        """The loaded rule set; only after :meth:`read` found no problem."""
        if self.model_document is None:
            raise ValueError("there is no model")
        written = self.model_document
        practices = sorted(self._practices, key=lambda pair: pair[0].practice)
        order = {area.id: index for index, area in enumerate(written.areas)}
        practices.sort(key=lambda pair: order[pair[0].area])
        model = Model(
            id=written.model,
            title=written.title,
            version=written.version,
            levels={int(level): text.name for level, text in sorted(written.levels.items())},
            areas=tuple(
                Part(area.id, area.name, Fraction(area.weight), area.purpose) for area in written.areas
            ),
            practices=tuple(
                Part(part.practice, part.name, Fraction(part.weight), part.purpose, part.area)
                for part, _ in practices
            ),
            criteria=tuple(
                _criterion(part, criterion) for part, _ in practices for criterion in part.criteria
            ),
        )
        return RuleSet(
            model, tuple(sorted(self._rules, key=lambda rule: rule.name)), self._places_of_criteria()
        )


def _kind(document: Document) -> str | None:
    value = document.value
    return next((kind for kind in KINDS if isinstance(value, dict) and kind in value), None)


def _criterion(practice: PracticeDocument, written: CriterionDocument) -> Criterion:
    same = written.model_dump(exclude={"weight", "rubric", "references"})
    return Criterion(
        area=practice.area,
        practice=practice.practice,
        weight=Fraction(written.weight),
        rubric={str(verdict): text for verdict, text in written.rubric.items()},
        references=written.references,
        **same,
    )


def _repeated(named: Iterable[tuple[str, Place]]) -> Iterator[Problem]:
    first: dict[str, Place] = {}
    for name, place in named:
        if name in first:
            yield Problem(place, f"'{name}' is defined twice", f"It is first defined at {first[name]}.")
        first.setdefault(name, place)
