"""Markdown files as documents, post-mortems and exercises. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from itomm.collectors.local_git.front_matter import Markdown
from itomm.collectors.local_git.history import Touch
from itomm.collectors.repository_contents import is_bot_name, ticket_keys
from itomm.evidence.observation import Observation

KINDS: Mapping[str, str] = {
    "runbook": "runbook",
    "runbooks": "runbook",
    "playbook": "runbook",
    "playbooks": "runbook",
    "policy": "policy",
    "policies": "policy",
    "plan": "plan",
    "plans": "plan",
    "process": "process",
    "processes": "process",
    "procedure": "process",
    "procedures": "process",
    "architecture": "architecture",
    "adr": "architecture",
    "design": "architecture",
    "catalogue": "catalogue",
    "catalog": "catalogue",
    "report": "report",
    "reports": "report",
    "kb": "kb_article",
    "kb-articles": "kb_article",
    "knowledge": "kb_article",
    "knowledge-base": "kb_article",
    "faq": "kb_article",
    "how-to": "kb_article",
    "howto": "kb_article",
    "template": "template",
    "templates": "template",
    "kb_article": "kb_article",
}

TOPICS: Sequence[tuple[str, str]] = (
    (r"security[-_ ]incident|incident[-_ ]response[-_ ]security|csirt|sirt|breach", "security incident"),
    (r"continuity|disaster|\bdr\b|\bbcp\b|recovery", "continuity"),
    (r"capacity|scaling", "capacity"),
    (r"incident|major[-_ ]incident|on[-_ ]?call|escalation", "incident"),
    (r"change|release|deployment", "change"),
    (r"problem|post[-_ ]?mortem", "problem"),
    (r"backup|restore", "backup"),
    (r"access|identity|joiner|leaver", "access"),
    (r"security|vulnerab", "security"),
    (r"request|service[-_ ]desk", "request"),
)
"""Topic by words in a path or title, tried in this order."""

SECTIONS: Mapping[str, str] = {
    "timeline": "timeline",
    "chronology": "timeline",
    "impact": "impact",
    "cause": "root_cause",
    "action": "actions",
    "follow-up": "actions",
    "follow up": "actions",
}

EXERCISE_KINDS: Sequence[tuple[str, str]] = (
    (r"security|phish|breach|red[-_ ]?team", "security"),
    (r"game[-_ ]?day|chaos", "game_day"),
    (r"\bdr\b|disaster|continuity|failover|recovery|restore", "dr"),
    (r"incident|table[-_ ]?top|fire[-_ ]?drill|drill", "incident"),
)

_DATE = re.compile(r"(?<!\d)(20\d\d)-(\d\d)-(\d\d)(?!\d)")
_MARKDOWN = (".md", ".markdown")
_POSTMORTEM_FOLDERS = frozenset(
    {"postmortems", "postmortem", "post-mortems", "post-mortem", "post-incident-reviews"}
)
_EXERCISE_FOLDERS = frozenset({"exercises", "exercise", "game-days", "gamedays", "drills"})


@dataclass(frozen=True)
class Text:
    """A Markdown file with the commits that changed it, newest first, and its live page."""

    repo_id: str
    path: str
    markdown: Markdown
    touches: tuple[Touch, ...]
    url: str
    repository_keys: tuple[str, ...]

    @property
    def stem(self) -> str:
        """The file's name without its ending."""
        return PurePosixPath(self.path).stem

    @property
    def title(self) -> str:
        """From its front matter, else its first heading, else its name."""
        return self.markdown.text("title") or next(iter(self.markdown.headings), None) or self.stem

    @property
    def services(self) -> list[str]:
        """The services that its front matter names."""
        return self.markdown.texts("services", "service")

    @property
    def service_keys(self) -> tuple[str, ...]:
        """Services that it names, then its own name, then its repository's."""
        return tuple(dict.fromkeys([*self.services, self.stem, *self.repository_keys]))

    @property
    def source_ref(self) -> str:
        """Repository and path."""
        return f"{self.repo_id}:{self.path}"

    def raw(self) -> dict[str, object]:
        """What the fields were read from; the text itself stays in the repository."""
        return {
            "path": self.path,
            "front_matter": {name: _plain(value) for name, value in self.markdown.attributes.items()},
            "headings": self.markdown.headings,
            "words": self.markdown.words,
            "commits": [touch.sha for touch in self.touches],
        }


def sort_paths(
    paths: Iterable[str], document_folders: Iterable[str]
) -> tuple[list[str], list[str], list[str]]:
    """Markdown files as (documents, post-mortems, exercises), by the folders they lie in."""
    wanted = {folder.casefold() for folder in document_folders}
    documents, postmortems, exercises = [], [], []
    for path in sorted(paths):
        pure = PurePosixPath(path.casefold())
        if pure.suffix not in _MARKDOWN or pure.stem in ("readme", "index"):
            continue
        folders = set(pure.parts[:-1])
        if folders & _POSTMORTEM_FOLDERS:
            postmortems.append(path)
        elif folders & _EXERCISE_FOLDERS:
            exercises.append(path)
        elif folders & wanted:
            documents.append(path)
    return documents, postmortems, exercises


def document(text: Text, until: datetime) -> Observation | None:
    """A governed text; None when no commit up to now changed it."""
    if not text.touches:
        return None
    markdown = text.markdown
    reviewed_at = markdown.instant("reviewed", "last_reviewed", "reviewed_at", "last_review")
    return _observation(
        text,
        {
            "kind": _kind(text),
            "topic": _topic(text),
            "title": text.title,
            "owner": markdown.text("owner", "team"),
            "updated_at": text.touches[0].at,
            # A review dated in the future has not happened.
            "reviewed_at": reviewed_at if reviewed_at and reviewed_at <= until else None,
            "approved_by": markdown.text("approved_by", "approver"),
            "words": markdown.words,
            "services": text.services,
        },
    )


def postmortem(text: Text, until: datetime) -> Observation | None:
    """A post-incident review; None when it names no incident or is not published yet.

    It counts as published when it says so, else when the file was first committed.
    """
    markdown = text.markdown
    keys = markdown.texts("incident", "incident_key", "incidents") or ticket_keys(
        text.stem, text.title, markdown.body
    )
    stated = markdown.instant("published", "published_at")
    published_at = stated or (text.touches[-1].at if text.touches else None)
    if not keys or published_at is None or published_at > until:
        return None
    people = [
        touch.author_email for touch in text.touches if not is_bot_name(touch.author_name, touch.author_email)
    ]
    return _observation(
        text,
        {
            "incident_key": keys[0],
            "published_at": published_at,
            "sections": sorted(
                {
                    meaning
                    for heading in markdown.headings
                    for word, meaning in SECTIONS.items()
                    if word in heading.casefold()
                }
            ),
            "participants": sorted({*people, *markdown.texts("participants", "attendees")}),
            "action_keys": markdown.texts("actions", "action_keys")
            or [key for key in ticket_keys(markdown.body) if key not in keys],
            "incident_resolved_at": markdown.instant("resolved", "resolved_at"),
        },
    )


def exercise(text: Text, until: datetime) -> Observation | None:
    """An exercise; None when neither text nor name says its kind and date, or when it lies ahead."""
    markdown = text.markdown
    at = markdown.instant("date", "at", "held") or _date_in(text.path)
    hint = markdown.text("kind", "type") or f"{text.stem} {text.title}"
    kind = _first_match(hint.replace("_", "-"), EXERCISE_KINDS)
    if at is None or kind is None or at > until:
        return None
    return _observation(
        text,
        {
            "kind": kind,
            "at": at,
            "services": text.services,
            "rto_target_s": markdown.duration("rto_target", "rto"),
            "rto_actual_s": markdown.duration("rto_actual", "recovered_in"),
            "action_keys": markdown.texts("actions", "action_keys") or ticket_keys(markdown.body),
        },
    )


def _observation(text: Text, fields: Mapping[str, object]) -> Observation:
    return Observation(
        source_ref=text.source_ref,
        fields=fields,
        raw=text.raw(),
        url=text.url,
        service_keys=text.service_keys,
    )


def _kind(text: Text) -> str:
    stated = (text.markdown.text("kind", "type") or "").casefold()
    if stated in KINDS:
        return KINDS[stated]
    folders = reversed(PurePosixPath(text.path.casefold()).parts[:-1])
    by_folder = next((KINDS[folder] for folder in folders if folder in KINDS), None)
    words = re.split(r"[-_ .]", text.stem.casefold())
    return by_folder or next((KINDS[word] for word in reversed(words) if word in KINDS), "other")


def _topic(text: Text) -> str | None:
    stated = text.markdown.text("topic")
    if stated:
        return stated.casefold().replace("_", " ")
    return _first_match(text.stem, TOPICS) or _first_match(text.title, TOPICS)


def _first_match(text: str, patterns: Sequence[tuple[str, str]]) -> str | None:
    return next((meaning for pattern, meaning in patterns if re.search(pattern, text, re.IGNORECASE)), None)


def _date_in(path: str) -> datetime | None:
    found = _DATE.search(path)
    if found is None:
        return None
    try:
        return datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC)
    except ValueError:
        return None


def _plain(value: object) -> object:
    """Front matter as plain data; its dates as text."""
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return [_plain(part) for part in value] if isinstance(value, list) else str(value)
