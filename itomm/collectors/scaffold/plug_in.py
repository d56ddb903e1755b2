"""Names the parts of a plug-in and writes its files from templates."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from itomm.collectors.scaffold.field_code import READERS_OF_ITOMM, field_codes, people_in
from itomm.config.errors import UsageError
from itomm.config.structure import nearest
from itomm.evidence.record_types import RecordType, record_types

DEFAULT_RECORD_TYPE = "incident"
LONGEST_NAME = 24
_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")


class InvalidPlugInError(UsageError):
    """The plug-in cannot be written so; the message says what to choose instead."""


@dataclass(frozen=True)
class PlugIn:
    """What a new plug-in is called and which record type it begins with.

    Raises:
        InvalidPlugInError: the name is none for a plug-in, or there is no such record type.
    """

    name: str
    record_type: str = DEFAULT_RECORD_TYPE

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or len(self.name) > LONGEST_NAME or keyword.iskeyword(self.name):
            raise InvalidPlugInError(
                f"'{self.name}' cannot name a collector. Use at most {LONGEST_NAME} small letters and "
                f"digits, in words joined by '_'."
            )
        if self.record_type not in record_types():
            raise InvalidPlugInError(
                f"There is no record type '{self.record_type}'. {nearest(self.record_type, record_types())}"
            )

    @property
    def collector(self) -> str:
        """The name in ``itomm.yaml``."""
        return self.name.replace("-", "_")

    @property
    def distribution(self) -> str:
        """The name to install."""
        return f"itomm-collector-{self.collector.replace('_', '-')}"

    @property
    def package(self) -> str:
        """The name to import."""
        return f"itomm_collector_{self.collector}"

    @property
    def title(self) -> str:
        """The name as people write it."""
        return " ".join(word.capitalize() for word in self.collector.split("_"))

    @property
    def class_name(self) -> str:
        """The beginning of its classes' names."""
        return self.title.replace(" ", "")

    @cached_property
    def kind(self) -> RecordType:
        """The declared record type."""
        return record_types()[self.record_type]


def write_plug_in(plug_in: PlugIn, folder: Path) -> list[Path]:
    """Write the distribution into ``folder``; the files written, sorted.

    Raises:
        InvalidPlugInError: there are files in the folder, or it cannot be written to.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidPlugInError(f"{folder} is not an empty folder. Name one with --to.")
    written = []
    try:
        for name, text in sorted(_files(plug_in).items()):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    except OSError as error:
        raise InvalidPlugInError(f"Cannot write {error.filename}: {error.strerror}.") from None
    return written


def _files(plug_in: PlugIn) -> dict[str, str]:
    environment = Environment(
        loader=PackageLoader("itomm.collectors.scaffold"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  Python and TOML are written, not HTML; names are checked above
    )
    fields = field_codes(plug_in.kind)
    given = {
        "plug_in": plug_in,
        "kind": plug_in.kind,
        "fields": fields,
        "from_itomm": sorted({one.reader for one in fields} & READERS_OF_ITOMM),
        "own_readers": sorted({one.reader for one in fields} - READERS_OF_ITOMM),
        "people": people_in(plug_in.kind),
        "changes": plug_in.kind.occurred is not None,
    }
    package = plug_in.package
    places = {
        "pyproject.toml": "pyproject.toml.jinja",
        "README.md": "README.md.jinja",
        f"{package}/__init__.py": "package.py.jinja",
        f"{package}/collector.py": "collector.py.jinja",
        f"{package}/record.py": "record.py.jinja",
        f"{package}/settings.py": "settings.py.jinja",
        f"{package}/py.typed": "py.typed.jinja",
        f"tests/test_{plug_in.collector}.py": "tests.py.jinja",
    }
    return {place: environment.get_template(name).render(given) for place, name in places.items()}
