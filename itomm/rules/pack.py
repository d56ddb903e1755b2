"""Loading a questionnaire with its rules: shipped packs, and files or folders of one's own.

Every YAML document is a model, a practice with its criteria, or a rule; its first key says which. All
faults of all files are reported together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from itomm.config.errors import InvalidInputError, Place, Problem
from itomm.config.structure import nearest
from itomm.config.yaml_source import Document, read_documents
from itomm.rules.pack_reader import LeftOut, PackReader
from itomm.rules.parameters import SetParameter
from itomm.rules.rule_set import RuleSet


def load_packs(
    packs: Sequence[str],
    paths: Sequence[Path] = (),
    without: Sequence[LeftOut] = (),
    parameters: Sequence[SetParameter] = (),
    *,
    tests: bool = True,
) -> RuleSet:
    """Load shipped packs by name and one's own files or folders.

    ``without`` leaves rules out; others may still extend them. ``parameters`` are values for
    parameters that rules declare. Without ``tests``, those of shipped rules are not read: they say nothing
    about a score, and take more time than the rules.

    Raises:
        InvalidInputError: with every fault of every file.
    """
    if paths or without or parameters:
        return _load(packs, paths, without, parameters, tests=tests)
    return _load_shipped(tuple(packs), tests=tests)


@cache
def _load_shipped(packs: tuple[str, ...], *, tests: bool) -> RuleSet:
    """Shipped packs as they are: their files do not change while the program runs."""
    return _load(packs, (), (), (), tests=tests)


def _load(
    packs: Sequence[str],
    paths: Sequence[Path],
    without: Sequence[LeftOut],
    parameters: Sequence[SetParameter],
    *,
    tests: bool,
) -> RuleSet:
    shipped = [file for pack in packs for file in _pack_files(pack)]
    documents, problems = _read_all(shipped, without=None if tests else "tests")
    own_documents, own_problems = _read_all(file for path in paths for file in _own_files(path))
    documents += own_documents
    problems += own_problems
    reader = PackReader(problems, without, parameters, frozenset(map(str, shipped)))
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
    replaced = [LeftOut(rule.name) for rule in shipped.rules if rule.criterion in answered]
    return load_packs(["itomm"], paths, replaced)


def _read_all(files: Iterable[Path], *, without: str | None = None) -> tuple[list[Document], list[Problem]]:
    documents: list[Document] = []
    problems: list[Problem] = []
    for file in files:
        try:
            documents += read_documents(file, without=without)
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
