"""A ticket's text in the markup of GitLab and of Jira; nothing in it is taken for markup. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from itomm.reports.roadmap_tickets import Section

# References (@person, #1, !1, ~label, %milestone, $snippet, &epic) would notify people and link elsewhere.
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~@$%&^:])")
_JIRA = re.compile(r"([\\{}\[\]()*_^~+|!@#?])")
_STARTS_A_COMMAND_OR_LIST = re.compile(r"^(\d*)(?=[/=.-])")


def markdown(sections: Sequence[Section]) -> str:
    """GitLab's Markdown: no reference, no quick action, no markup comes out of the text."""
    blocks = []
    for section in sections:
        blocks.append(f"## {_in_markdown(section.heading)}")
        blocks += [_in_markdown(text) for text in section.paragraphs]
        if section.points:
            blocks.append("\n".join(f"- {_in_markdown(text)}" for text in section.points))
    return "\n\n".join(blocks) + "\n"


def jira_markup(sections: Sequence[Section]) -> str:
    """Jira's wiki markup."""
    blocks = []
    for section in sections:
        blocks.append(f"h3. {_in_jira(section.heading)}")
        blocks += [_in_jira(text) for text in section.paragraphs]
        if section.points:
            blocks.append("\n".join(f"* {_in_jira(text)}" for text in section.points))
    return "\n\n".join(blocks) + "\n"


def plain_text(sections: Sequence[Section]) -> str:
    """For a terminal."""
    blocks = []
    for section in sections:
        points = tuple(f"- {_one_line(text)}" for text in section.points)
        blocks.append("\n".join((section.heading, *map(_one_line, section.paragraphs), *points)))
    return "\n\n".join(blocks)


def _in_markdown(text: str) -> str:
    return _STARTS_A_COMMAND_OR_LIST.sub(r"\1\\", _MARKDOWN.sub(r"\\\1", _one_line(text)))


def _in_jira(text: str) -> str:
    return _JIRA.sub(r"\\\1", _one_line(text))


def _one_line(text: str) -> str:
    return " ".join(text.split())
