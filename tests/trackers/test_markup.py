from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from itomm.reports.roadmap_tickets import Section
from itomm.trackers.markup import jira_markup, markdown, plain_text

UNKIND = "/close @all #1 !2 <script> [x](http://evil.example) {color:red} [~admin] `code`"


def test_no_command_reference_or_markup_comes_out_of_the_text() -> None:
    section = Section("What to do", (UNKIND, "1. not a list"), ("- no\nnested /assign @you",))
    assert markdown([section]) == (
        "## What to do\n\n"
        r"\/close \@all \#1 \!2 \<script\> \[x\]\(http\://evil.example\) \{color\:red\} \[\~admin\] \`code\`"
        "\n\n" + r"1\. not a list" + "\n\n" + r"- \- no nested /assign \@you" + "\n"
    )
    assert jira_markup([section]) == (
        "h3. What to do\n\n"
        r"/close \@all \#1 \!2 <script> \[x\]\(http://evil.example\) \{color:red\} \[\~admin\] `code`"
        "\n\n1. not a list\n\n" + r"* - no nested /assign \@you" + "\n"
    )


@given(st.text())
def test_a_text_stays_within_its_line(text: str) -> None:
    for written in (markdown, jira_markup, plain_text):
        whole = written([Section("a", (text or "x",))])
        assert len([line for line in whole.splitlines() if line.strip()]) <= 2


@given(st.text(alphabet="/@#!~a1.-=\\ ", min_size=1).filter(str.strip))
def test_no_line_begins_with_what_gitlab_takes_for_a_command(text: str) -> None:
    line = markdown([Section("a", (text,))]).splitlines()[2]
    assert line[0] not in "/@#!~-="
