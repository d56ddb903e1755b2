"""Write the operations handbook as a real git repository with always the same commit ids."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from itomm.config.errors import UsageError
from itomm.estate.company import Company
from itomm.estate.handbook_pages import Edit, documents_of, exercises_of, postmortem_edits
from itomm.estate.people import RENOVATE, Person

BRANCH = "main"


def write_handbook(company: Company, path: Path) -> None:
    """Make a repository at ``path``, which must not exist or must be empty.

    Raises:
        UsageError: the folder holds something, or git cannot be run.
    """
    if path.exists() and any(path.iterdir()):
        raise UsageError(f"{path} is not empty; name a new folder for the handbook.")
    path.mkdir(parents=True, exist_ok=True)
    _git(path, "init", "--quiet", f"--initial-branch={BRANCH}")
    _git(path, "fast-import", "--quiet", given=_history(company))
    _git(path, "reset", "--quiet", "--hard", BRANCH)


def edits_of(company: Company) -> list[Edit]:
    """Every commit of the handbook, oldest first."""
    edits = list(_first_edits(company))
    edits.extend(edit for _, edit in documents_of(company))
    edits.extend(edit for _, _, _, edit in exercises_of(company))
    for review in company.postmortems:
        if review.in_handbook:
            edits.extend(postmortem_edits(company, review))
    edits.extend(_small_repairs(company))
    visible = [edit for edit in edits if edit.at <= company.as_of]
    return sorted(visible, key=lambda edit: (edit.at, edit.path))


def _first_edits(company: Company) -> Sequence[Edit]:
    owner = company.staff[0]
    began = company.start - timedelta(days=260)
    pipeline = (
        "stages: [test]\n\nlinks:\n  stage: test\n  script: [make links]\n\n"
        "spelling:\n  stage: test\n  script: [make spelling]\n  allow_failure: true\n"
    )
    files = {
        "README.md": "# Operations handbook\n\nHow we run things.\n",
        "CODEOWNERS": f"* @{owner.login}\ndocs/policies/ @{company.staff[-1].login}\n",
        ".gitlab-ci.yml": pipeline,
        ".mailmap": f"{owner.name} <{owner.email}> <{owner.login}@old.example>\n",
        "terraform/main.tf": 'resource "null_resource" "wiki" {}\n',
    }
    return [
        Edit(began + timedelta(hours=number), name, text, owner, f"Add {name}")
        for number, (name, text) in enumerate(files.items())
    ]


def _small_repairs(company: Company) -> Sequence[Edit]:
    """Everyday commits to one glossary, by several people and a bot."""
    edits = []
    people: list[Person] = [*company.staff, RENOVATE]
    at, number = company.start + timedelta(days=3, hours=9), 0
    while at <= company.as_of:
        number += 1
        author = people[number % len(people)]
        reviewer = company.staff[(number + 3) % len(company.staff)] if number % 4 else None
        text = "# Glossary\n\n" + "".join(f"- Word {line}: explained.\n" for line in range(1, number + 1))
        edits.append(Edit(at, "docs/kb/glossary.md", text, author, f"Explain word {number}", reviewer))
        at += timedelta(days=6, hours=3)
    return edits


def _history(company: Company) -> bytes:
    """The whole history in git's fast-import language."""
    edits = edits_of(company)
    chunks: list[bytes] = []
    for number, edit in enumerate(edits, start=1):
        message = edit.message + "\n"
        if edit.reviewer is not None and edit.reviewer != edit.author:
            message += f"\nReviewed-by: {edit.reviewer.name} <{edit.reviewer.email}>\n"
        chunks.append(f"commit refs/heads/{BRANCH}\nmark :{number}\n".encode())
        chunks.append(f"author {_signature(edit.author, edit.at)}\n".encode())
        chunks.append(f"committer {_signature(edit.author, edit.at)}\n".encode())
        chunks.append(_data(message))
        if number > 1:
            chunks.append(f"from :{number - 1}\n".encode())
        chunks.append(f"M 100644 inline {edit.path}\n".encode())
        chunks.append(_data(edit.text))
    owner = company.staff[0]
    for turn in range(1, 5):  # a tag a quarter of the way, and so on
        mark = max(len(edits) * turn // 4, 1)
        at = edits[mark - 1].at + timedelta(hours=1)
        chunks.append(f"tag v{turn}.0\nfrom :{mark}\n".encode())
        chunks.append(f"tagger {_signature(owner, at)}\n".encode())
        chunks.append(_data(f"Handbook edition {turn}\n"))
    chunks.append(b"done\n")
    return b"".join(chunks)


def _signature(person: Person, at: datetime) -> str:
    return f"{person.name} <{person.email}> {int(at.timestamp())} +0000"


def _data(text: str) -> bytes:
    encoded = text.encode()
    return b"data %d\n%s\n" % (len(encoded), encoded)


def _git(folder: Path, *words: str, given: bytes | None = None) -> None:
    """Run git untouched by the user's own configuration, so that the same history gives the same ids."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    command = ["git", "-C", str(folder), *words]
    try:
        subprocess.run(command, input=given, env=environment, check=True, capture_output=True)
    except FileNotFoundError:
        raise UsageError("git is not installed; the handbook needs it.") from None
    except subprocess.CalledProcessError as error:
        detail = error.stderr.decode("utf-8", "replace").strip()
        raise UsageError(f"git could not write the handbook: {detail}") from None
