"""The errors a person meets, by what they can do about them.

    ItommError
    ├── UsageError            exit 2   the command line is wrong
    ├── VerificationError     exit 4   stored bytes do not match what was recorded
    ├── InvalidInputError     exit 5   configuration, model or rule is wrong
    │   └── StoreVersionError exit 5   another version of itomm wrote the store
    ├── StoreError            exit 3   the store could not be read or written (disk full, permissions)
    └── LockedError           exit 75  another run holds the lock

Every message says what is wrong, where, and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every itomm command; part of the public contract."""

    OK = 0
    GATE_NOT_MET = 1
    USAGE = 2
    INCOMPLETE = 3
    VERIFICATION_FAILED = 4
    INVALID = 5
    LOCKED = 75


class ItommError(Exception):
    """Root of all errors that are shown to a person without a traceback."""

    exit_code: ExitCode = ExitCode.INCOMPLETE


class UsageError(ItommError):
    """The command line asks for something that does not exist or cannot be done."""

    exit_code = ExitCode.USAGE


class VerificationError(ItommError):
    """Stored evidence or decisions were changed after they were recorded."""

    exit_code = ExitCode.VERIFICATION_FAILED


class StoreError(ItommError):
    """The store could not be read or written."""

    exit_code = ExitCode.INCOMPLETE


class LockedError(ItommError):
    """Another run holds the store's lock."""

    exit_code = ExitCode.LOCKED


@dataclass(frozen=True, order=True)
class Place:
    """Where in a file something stands; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with a file that a person wrote."""

    place: Place
    message: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f"\n    {_printable(self.hint)}" if self.hint else ""
        return f"{_printable(str(self.place))}: {_printable(self.message)}{hint}"


LONGEST_MESSAGE = 1_000
"""Characters of a message that are shown; a file may hold texts of any length where a word is expected."""


def _printable(text: str) -> str:
    """Text without what a terminal would act on or hide, and no longer than a person reads."""
    if len(text) > LONGEST_MESSAGE:
        text = f"{text[: LONGEST_MESSAGE // 2]} […] {text[-LONGEST_MESSAGE // 2 :]}"
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode()
        for each in text
    )


class InvalidInputError(ItommError):
    """Configuration, model or rules are wrong; carries every problem found, not only the first."""

    exit_code = ExitCode.INVALID

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class StoreVersionError(ItommError):
    """The store was written by another version of itomm: a newer one, or one before the last upgrade."""

    exit_code = ExitCode.INVALID
