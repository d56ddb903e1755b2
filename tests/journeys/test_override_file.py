"""Overrides that are renewed, come from a reviewed file in git, and are held to the organisation's policy."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.journeys.door import Door
from tests.journeys.test_decisions import (
    APPROVED,
    EXPIRES,
    PROPOSED,
    REASON,
    a_no,
    answer_of,
    proposed,
    scored,
)

pytestmark = pytest.mark.usefixtures("answers_found_once")

AFTER = "2026-11-03T08:00:00Z"


def git(folder: Path, *arguments: str, author: str = "ann@acme.example") -> None:
    identity = {"NAME": author.partition("@")[0], "EMAIL": author}
    environment = {
        **{
            f"GIT_{role}_{name}": value
            for role in ("AUTHOR", "COMMITTER")
            for name, value in identity.items()
        },
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        "PATH": "/usr/bin:/bin:/usr/local/bin",
        "HOME": str(folder),
    }
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, env=environment)


def entry(criterion: str, reason: str = REASON, more: str = "") -> str:
    return (
        f"  - criterion: {criterion}\n    answer: yes\n    kind: compensating_control\n    reason: {reason}\n"
        f"    until: {EXPIRES}\n{more}"
    )


@pytest.fixture
def reviewed(workspace: Path) -> Path:
    """A folder under git, which holds no file yet; the path of the file to be."""
    folder = workspace.parent / "decisions"
    folder.mkdir()
    git(folder, "init", "--quiet")
    return folder / "overrides.yaml"


def committed(file: Path, text: str, author: str) -> None:
    file.write_text(text, encoding="utf-8")
    git(file.parent, "add", "--all")
    git(file.parent, "commit", "--quiet", "-m", "Decide", author=author)


def test_the_author_of_each_entry_proposes_it_and_somebody_else_approves(
    workspace: Path, reviewed: Path, itomm_at_the_door: Door
) -> None:
    criterion = a_no(scored(itomm_at_the_door, workspace))
    first = "overrides:\n" + entry(criterion, more="    attach: [proof.txt, 'https://wiki.example/x']\n")
    (reviewed.parent / "proof.txt").write_text("seen on site\n", encoding="utf-8")
    committed(reviewed, first, "ann@acme.example")
    committed(reviewed, first + entry("SM-GRC-2.2", "The board decided so in May."), "Bob@acme.example")

    done = itomm_at_the_door("override", "import", reviewed, "--config", workspace, "--now", PROPOSED)
    assert done.code == 0, done.err
    said = " ".join(done.out.split())
    assert f"O1: proposed {criterion} as yes" in said
    assert "ann@acme.example wrote it." in said
    assert "Bob@acme.example wrote it." in said

    approve = ("override", "approve", "O1", "O2", "--now", APPROVED, "--config", workspace, "--by")
    refused = itomm_at_the_door(*approve, "BOB@acme.example")
    assert refused.code == 2
    assert "Bob@acme.example proposed override O2; a second person must approve it" in refused.err
    assert itomm_at_the_door(*approve[:3], *approve[4:], "carol").code == 2, "O1 was approved before"
    answer = answer_of(scored(itomm_at_the_door, workspace), criterion)
    assert answer["in_force"]["overrides"]["verdict"] == "yes"
    assert answer["overrides"][0]["origin"].startswith("overrides.yaml at ")
    assert answer["overrides"][0]["attachments"][1] == "https://wiki.example/x"
    explained = itomm_at_the_door("explain", criterion, "--config", workspace).out
    assert "it came from overrides.yaml at" in " ".join(explained.split())

    again = itomm_at_the_door("override", "import", reviewed, "--config", workspace, "--now", APPROVED)
    assert again.out == "2 of 2 were proposed before.\n"
    assert itomm_at_the_door("verify", "--config", workspace).code == 0


def test_what_stands_is_exported_as_it_is_read(
    workspace: Path, reviewed: Path, itomm_at_the_door: Door
) -> None:
    criterion = a_no(scored(itomm_at_the_door, workspace))
    proposed(itomm_at_the_door, workspace, criterion)
    exported = itomm_at_the_door("override", "export", "--to", reviewed, "--config", workspace)
    assert exported.code == 0, exported.err
    committed(reviewed, reviewed.read_text(encoding="utf-8"), "ann@acme.example")
    again = itomm_at_the_door("override", "import", reviewed, "--config", workspace, "--now", PROPOSED)
    assert again.out == "1 of 1 were proposed before.\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (entry("SM-GRC-2.3x"), "overrides.yaml:2:5: There is no criterion 'SM-GRC-2.3x'"),
        (entry("SM-GRC-2.2").replace("until", "untill"), "overrides.yaml:6:5: unknown key 'untill'"),
        (entry("SM-GRC-2.2").replace("answer: yes", "answer: maybe"), "'maybe' is no answer"),
        (entry("SM-GRC-2.2", more="    attach: [gone.pdf]\n"), "is neither a link (https://…) nor a file"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_place(
    workspace: Path, reviewed: Path, itomm_at_the_door: Door, text: str, told: str
) -> None:
    committed(reviewed, f"overrides:\n{text}", "ann@acme.example")
    done = itomm_at_the_door("override", "import", reviewed, "--config", workspace, "--now", PROPOSED)
    assert done.code == 5
    assert told in " ".join(done.err.split())


def test_only_what_was_committed_is_proposed(
    workspace: Path, reviewed: Path, itomm_at_the_door: Door
) -> None:
    call = ("override", "import", reviewed, "--config", workspace, "--now", PROPOSED)
    reviewed.write_text("overrides:\n" + entry("SM-GRC-2.2"), encoding="utf-8")
    assert "has changes that are not committed" in itomm_at_the_door(*call).err
    outside = workspace.parent / "outside.yaml"
    outside.write_text(reviewed.read_text(encoding="utf-8"), encoding="utf-8")
    refused = itomm_at_the_door("override", "import", outside, *call[3:])
    assert refused.code == 2
    assert "is in no git repository" in refused.err


def test_an_override_is_renewed_over_what_evidence_says_today(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    criterion = a_no(scored(itomm_at_the_door, workspace))
    proposed(itomm_at_the_door, workspace, criterion)
    decide = ("--config", workspace, "--now", APPROVED, "--by", "bob")
    renew = ("override", "renew", "O1", "--by", "carol", "--config", workspace, "--now", AFTER)
    early = itomm_at_the_door(*renew, "--until", "2027-02-01")
    assert early.code == 2
    assert "was never approved" in early.err
    itomm_at_the_door("override", "approve", "O1", *decide)
    assert "180 days at most" in itomm_at_the_door(*renew, "--until", "2027-12-01").err
    renewed = itomm_at_the_door(*renew, "--until", "2027-02-01")
    assert renewed.code == 0, renewed.err
    assert "O2: proposed" in renewed.out
    assert "renewing O1" in renewed.out
    states = {
        each["id"]: each["state"]
        for each in itomm_at_the_door(
            *("override", "list", "--config", workspace, "--output", "json", "--as-of", AFTER)
        ).document["overrides"]
    }
    assert states == {"O1": "active", "O2": "proposed"}
    itomm_at_the_door("override", "approve", "O2", "--by", "bob", "--config", workspace, "--now", AFTER)
    answer = answer_of(scored(itomm_at_the_door, workspace, "--as-of", AFTER), criterion)
    assert {each["id"]: each["state"] for each in answer["overrides"]} == {"O1": "superseded", "O2": "active"}
    assert answer["overrides"][0]["renews"] == "O1"


def test_the_policy_of_the_configuration_is_kept(workspace: Path, itomm_at_the_door: Door) -> None:
    criterion = a_no(scored(itomm_at_the_door, workspace))
    policy = (
        "overrides:\n  longest_days: 60\n  without_approval: [lowering]\n"
        "  approvers:\n    - {people: [cio@acme.example], parts: [SX]}\n"
        "  people: {ann@acme.example: [ann]}\n"
    )
    text = workspace.read_text(encoding="utf-8")
    workspace.write_text(f"{text}\n{policy}", encoding="utf-8")
    wrong = proposed(itomm_at_the_door, workspace, criterion)
    assert wrong.code == 5
    assert "the questionnaire has no area, practice or criterion 'SX'" in wrong.err
    area = criterion.partition("-")[0]
    workspace.write_text(f"{text}\n{policy}".replace("[SX]", f"[{area}]"), encoding="utf-8")

    assert proposed(itomm_at_the_door, workspace, criterion).code == 0
    approve = ("override", "approve", "O1", "--config", workspace, "--now", APPROVED, "--by")
    assert "a second person" in itomm_at_the_door(*approve, "ann").err
    refused = itomm_at_the_door(*approve, "bob")
    assert refused.code == 2
    assert "bob may not approve this" in refused.err
    assert "only cio@acme.example may" in " ".join(refused.err.split())
    assert itomm_at_the_door(*approve, "CIO@acme.example").code == 0
