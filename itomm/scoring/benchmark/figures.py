"""Published figures: the file that holds them, read strictly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from itomm.config.errors import InvalidInputError, Problem
from itomm.config.quantities import Dimension
from itomm.config.structure import StrictModel, checked
from itomm.config.yaml_source import Document, parse_documents, read_document
from itomm.rules.grades import Threshold, parse_threshold

SHIPPED = "figures.yaml"
FigureId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,80}$")]
Text = Annotated[str, Field(min_length=1)]


class ComparedDocument(StrictModel):
    """``compared:`` of a figure: the answer whose measured value it is set against, and how.

    ``bands`` are named ranges as in grades; they may overlap, and leave gaps.
    """

    criterion: str
    rules: Annotated[tuple[str, ...], Field(min_length=1)]
    minimum_sample: Annotated[int, Field(ge=1)]
    unit: Dimension
    better: Literal["lower", "higher"]
    bands: Annotated[dict[str, str], Field(min_length=1)]
    shares: dict[str, str] = Field(default_factory=dict)
    differs: Text


class FigureDocument(StrictModel):
    """One published figure: either ``compared``, or ``not_compared`` with the reason.

    ``by`` is who published it, in a word, for lines where ``source`` would be too long.

    ``verified`` is "primary" when it was read at its source, "secondary" when others quote it; what nobody
    read has no place here. ``n`` is the size of its sample, null when it was not stated where it was read.
    """

    id: FigureId
    title: Text
    figure: Text
    by: Text
    year: Annotated[int, Field(ge=1990, le=2100)]
    source: Text
    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    verified: Literal["primary", "secondary"]
    basis: Literal["survey", "platform", "requirement", "assessment", "self_assessment"]
    n: Text | None
    remark: Text | None = None
    compared: ComparedDocument | None = None
    not_compared: Text | None = None


class BenchmarkDocument(StrictModel):
    """A whole file of figures."""

    benchmark: Text
    version: Text
    figures: tuple[FigureDocument, ...]


@dataclass(frozen=True)
class Figure:
    """A published figure; ``bands`` are its checked ranges, the best first as they are written."""

    said: FigureDocument
    bands: dict[str, Threshold]


@dataclass(frozen=True)
class Benchmark:
    """All figures of a file."""

    name: str
    version: str
    figures: tuple[Figure, ...]


def read_benchmark(path: Path | None = None) -> Benchmark:
    """Read a file of figures; the one that comes with itomm when none is named.

    Raises:
        InvalidInputError: the file cannot be read, or something in it is wrong; says where.
    """
    document = read_document(path) if path else _shipped()
    written = checked(BenchmarkDocument, document)
    problems: list[Problem] = list(_repeated(written, document))
    figures = [_figure(each, index, document, problems) for index, each in enumerate(written.figures)]
    if problems:
        raise InvalidInputError(problems)
    return Benchmark(written.benchmark, written.version, tuple(figures))


def _shipped() -> Document:
    text = resources.files("itomm.scoring.benchmark").joinpath(SHIPPED).read_text(encoding="utf-8")
    return parse_documents(text, SHIPPED)[0]


def _repeated(written: BenchmarkDocument, document: Document) -> Iterator[Problem]:
    used = Counter(each.id for each in written.figures)
    for index, each in enumerate(written.figures):
        if used[each.id] > 1:
            yield Problem(document.place(("figures", index, "id")), f"the id '{each.id}' is used twice")


def _figure(written: FigureDocument, index: int, document: Document, problems: list[Problem]) -> Figure:
    here = ("figures", index)
    compared = written.compared
    if (compared is None) == (written.not_compared is None):
        hint = "Write one of them: what it is compared with, or why it cannot be."
        problems.append(
            Problem(document.place(here), f"'{written.id}' needs either compared or not_compared", hint)
        )
    bands = {}
    for name, text in compared.bands.items() if compared else ():
        try:
            bands[name] = parse_threshold(text, compared.unit) if compared else None
        except ValueError as error:
            problems.append(Problem(document.place((*here, "compared", "bands", name)), str(error)))
    for name in compared.shares if compared else ():
        if compared and name not in compared.bands:
            place = document.place((*here, "compared", "shares", name))
            problems.append(Problem(place, f"there is no band '{name}'"))
    return Figure(written, {name: each for name, each in bands.items() if each})
