"""Loading a questionnaire with its rules: shipped packs, and files or folders of one's own.

Every YAML document is a model, a practice with its criteria, or a rule; its first key says which. All
faults of all files are reported together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from importlib import resources
from pathlib import Path

from itomm.config.errors import InvalidInputError, Place, Problem
from itomm.config.structure import checked, closest, nearest
from itomm.config.yaml_source import Document, PathInDocument, read_documents
from itomm.evidence.canonical import digest
from itomm.rules.extending import rules_by_name, with_inherited
from itomm.rules.model import Criterion, Model, Part
from itomm.rules.model_document import CriterionDocument, ModelDocument, PracticeDocument
from itomm.rules.parameters import SetParameter
from itomm.rules.rule import Rule
from itomm.rules.rule_reader import read_rule

KINDS = ("model", "practice", "rule")


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


def load_packs(
    packs: Sequence[str],
    paths: Sequence[Path] = (),
    without: Sequence[str] = (),
    parameters: Sequence[SetParameter] = (),
) -> RuleSet:
    """Load shipped packs by name and one's own files or folders.

    ``without`` leaves rules out by name; others may still extend them. ``parameters`` are values for
    parameters that rules declare.

    Raises:
        InvalidInputError: with every fault of every file.
    """
    if paths or without or parameters:
        return _load(packs, paths, frozenset(without), parameters)
    return _load_shipped(tuple(packs))


@cache
def _load_shipped(packs: tuple[str, ...]) -> RuleSet:
    """Shipped packs as they are: their files do not change while the program runs."""
    return _load(packs, (), frozenset(), ())


def _load(
    packs: Sequence[str], paths: Sequence[Path], without: frozenset[str], parameters: Sequence[SetParameter]
) -> RuleSet:
    files = [file for pack in packs for file in _pack_files(pack)]
    files += [file for path in paths for file in _own_files(path)]
    documents, problems = _read_all(files)
    reader = _Reader(problems, without, parameters)
    reader.read(documents)
    if reader.model_document is None and not problems:
        problems.append(Problem(Place(", ".join([*packs, *map(str, paths)])), "no file holds a model"))
    if problems:
        raise InvalidInputError(list(dict.fromkeys(problems)))  # what rules share has a fault once
    return reader.rule_set()


def load_loose(paths: Sequence[Path]) -> RuleSet:
    """Load files or folders that may be a whole pack, or only rules for the shipped questionnaire.

    Rules alone take the place of shipped rules for the same criteria.

    Raises:
        InvalidInputError: with every fault of every file.
    """
    documents, problems = _read_all([file for path in paths for file in _own_files(path)])
    kinds = {key for document in documents if isinstance(document.value, dict) for key in document.value}
    if problems or "model" in kinds:
        return load_packs([], paths)
    shipped = load_packs(["itomm"])
    answered = {
        str(document.value.get("answers"))
        for document in documents
        if isinstance(document.value, dict) and "rule" in document.value
    }
    return load_packs(["itomm"], paths, [rule.name for rule in shipped.rules if rule.criterion in answered])


def _read_all(files: Iterable[Path]) -> tuple[list[Document], list[Problem]]:
    documents: list[Document] = []
    problems: list[Problem] = []
    for file in files:
        try:
            documents += read_documents(file)
        except InvalidInputError as error:
            problems += error.problems
    return documents, problems


def shipped_packs() -> list[str]:
    """Names of the packs that come with itomm."""
    folder = Path(str(resources.files("itomm.rules") / "packs"))
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def _pack_files(pack: str) -> list[Path]:
    if pack not in shipped_packs():
        raise InvalidInputError(
            [Problem(Place("rules.packs"), f"there is no pack '{pack}'", nearest(pack, shipped_packs()))]
        )
    return _own_files(Path(str(resources.files("itomm.rules") / "packs" / pack)))


def _own_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.suffix in {".yaml", ".yml"})


class _Reader:
    """Sorts documents into model, practices and rules, gathering problems."""

    def __init__(
        self, problems: list[Problem], without: frozenset[str], parameters: Sequence[SetParameter]
    ) -> None:
        self.problems = problems
        self._without = without
        self._parameters = parameters
        self._documents_of_rules: Mapping[str, Document] = {}
        self.model_document: ModelDocument | None = None
        self._model_place: Callable[[PathInDocument], Place] = lambda _path: Place("model")
        self._practices: list[tuple[PracticeDocument, Document]] = []
        self._rules: list[Rule] = []

    def read(self, documents: Sequence[Document]) -> None:
        """Check all documents, then whether they hold together."""
        self._documents_of_rules = rules_by_name(documents)
        for document in documents:
            try:
                self._read(document)
            except InvalidInputError as error:
                self.problems += error.problems
        self.problems += self._contradictions()

    def _read(self, document: Document) -> None:
        value = document.value
        kind = next((kind for kind in KINDS if isinstance(value, dict) and kind in value), None)
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
        yield from self._answered_twice()
        yield from self._set_for_nothing()

    def _set_for_nothing(self) -> Iterator[Problem]:
        used = set(self._documents_of_rules) - self._without
        for setting in self._parameters:
            if setting.rule not in used:
                left_out = f"It is left out by 'without'; leave out '{setting.name}', too."
                hint = left_out if setting.rule in self._without else closest(setting.rule, used)
                yield Problem(setting.place, f"rules.parameters: there is no rule '{setting.rule}'", hint)

    def _dangling(self) -> Iterator[Problem]:
        known = sorted(criterion.id for practice, _ in self._practices for criterion in practice.criteria)
        if self._practices:
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
            if self._practices and all(practice.area != area for practice, _ in self._practices):
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
        places = {
            criterion.id: document.place(("criteria", index, "id"))
            for part, document in practices
            for index, criterion in enumerate(part.criteria)
        }
        return RuleSet(model, tuple(sorted(self._rules, key=lambda rule: rule.name)), places)


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


def _plain(model: Model) -> object:
    return {
        **{name: getattr(model, name) for name in ("id", "title", "version", "levels")},
        "areas": [vars(area) for area in model.areas],
        "practices": [vars(practice) for practice in model.practices],
        "criteria": [vars(criterion) for criterion in model.criteria],
    }
