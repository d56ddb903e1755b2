"""Pages of the documentation as things to do: files to write, commands to run, output to see."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"(?:<!-- (?P<how>file|add to): (?P<file>\S+) -->\n)?```(?P<kind>yaml|console)\n(?P<text>.*?)```\n",
    re.DOTALL,
)

COLUMNS = "100"
"""The width of the terminal that pages show."""


@dataclass(frozen=True)
class WrittenFile:
    """A file that the page says to write, or to add to."""

    name: str
    text: str
    added: bool

    def put_into(self, folder: Path) -> None:
        """Do what the page says."""
        path = folder / self.name
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if self.added else ""
        path.write_text(before + self.text, encoding="utf-8")


@dataclass(frozen=True)
class Command:
    """A command that the page says to run, and what it prints."""

    arguments: tuple[str, ...]
    shown: str


def steps_of(page: str) -> Iterator[WrittenFile | Command]:
    """The files and commands of a page, in its order."""
    for block in _BLOCK.finditer(page):
        if block["kind"] == "console":
            yield from _commands(block["text"])
        elif block["file"]:
            yield WrittenFile(block["file"], block["text"], added=block["how"] == "add to")


def _commands(text: str) -> Iterator[Command]:
    for part in re.split(r"(?m)^\$ ", text)[1:]:
        line, _, shown = part.partition("\n")
        yield Command(tuple(shlex.split(line)), shown)


def as_shown(printed: str, folder: Path) -> str:
    """What a terminal shows, without blanks at the ends of lines, in a folder of the reader's."""
    text = printed.replace(str(folder.resolve()), "/home/you/acme").replace(str(folder), "/home/you/acme")
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def filled_in(page: str, printed: Callable[[WrittenFile | Command], str]) -> str:
    """The page with what each command really prints; for whoever changes the page or the output."""

    def block_with_output(block: re.Match[str]) -> str:
        if block["kind"] != "console":
            if block["file"]:
                printed(WrittenFile(block["file"], block["text"], added=block["how"] == "add to"))
            return block[0]
        lines = re.findall(r"(?m)^\$ (.*)$", block["text"])
        parts = [f"$ {line}\n{printed(Command(tuple(shlex.split(line)), ''))}" for line in lines]
        return "```console\n" + "".join(parts) + "```\n"

    return _BLOCK.sub(block_with_output, page)
