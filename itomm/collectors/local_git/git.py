"""Runs git on a repository that may be hostile: nothing it configures is executed, nothing is fetched."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from itomm.collectors.contract import SourceError

_NOTHING = os.devnull

SAFE_CONFIGURATION = {
    "core.fsmonitor": "false",
    "core.hooksPath": _NOTHING,
    "core.pager": "cat",
    "core.askPass": "",
    "core.sshCommand": "false",
    "core.quotePath": "false",
    "credential.helper": "",
    "diff.external": "",
    "gpg.program": "false",
    "gpg.ssh.program": "false",
    "gpg.x509.program": "false",
    "log.showSignature": "false",
    "mailmap.file": "",
    "protocol.allow": "never",
    "uploadpack.packObjectsHook": "",
}
"""Everything through which a repository's own configuration could start a program or reach a network."""

SAFE_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": _NOTHING,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",  # replace refs would show another history than the one that was signed
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
}


class GitError(SourceError):
    """A git command failed."""


class Git:
    """Runs read-only git commands in one repository."""

    def __init__(self, path: Path, timeout_seconds: float) -> None:
        """Look whether there is a repository at ``path`` itself.

        Raises:
            SourceError: no such folder, no repository, or no git to run.
        """
        self.path = path.expanduser().resolve()
        self._timeout_seconds = timeout_seconds
        if not self.path.is_dir():
            raise SourceError(f"There is no folder {self.path}. Check the source's path.")
        try:
            self.run("rev-parse", "--git-dir")
        except GitError as error:
            raise SourceError(f"{self.path} is not the root of a git repository: {error}") from None

    def run(self, *arguments: str, stdin: bytes = b"", mailmap: str = "") -> bytes:
        """What a git command prints; ``mailmap`` names the blob that corrects people's names.

        Raises:
            GitError: the command failed, took too long, or git is not installed.
        """
        try:
            done = subprocess.run(
                self._command(arguments, mailmap),
                input=stdin,
                capture_output=True,
                env=self._environment(),
                timeout=self._timeout_seconds,
                check=False,
            )
        except FileNotFoundError:
            raise GitError("git is not installed; the local_git collector needs git 2.37 or newer.") from None
        except subprocess.TimeoutExpired:
            raise GitError(
                f"git {arguments[0]} took longer than {self._timeout_seconds:g} s; raise timeout_seconds."
            ) from None
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise GitError(f"git {arguments[0]} failed: {said[0] if said else f'status {done.returncode}'}")
        return done.stdout

    def text(self, *arguments: str) -> str:
        """What a git command prints, as text without white space around it."""
        return self.run(*arguments).decode(errors="replace").strip()

    def text_or_none(self, *arguments: str) -> str | None:
        """As :meth:`text`; None when the command fails or prints nothing."""
        try:
            return self.text(*arguments) or None
        except GitError:
            return None

    def _command(self, arguments: Sequence[str], mailmap: str) -> list[str]:
        configuration = {
            **SAFE_CONFIGURATION,
            "mailmap.blob": mailmap,
            # The person named this folder; who owns it does not matter when nothing in it is executed.
            "safe.directory": str(self.path),
        }
        settings = [part for name, value in configuration.items() for part in ("-c", f"{name}={value}")]
        return ["git", "--no-pager", "--no-optional-locks", "-C", str(self.path), *settings, *arguments]

    def _environment(self) -> dict[str, str]:
        return {
            **SAFE_ENVIRONMENT,
            "GIT_CEILING_DIRECTORIES": str(self.path.parent),  # a repository around the folder is another one
            "HOME": _NOTHING,
            "PATH": os.environ.get("PATH", os.defpath),
        }
