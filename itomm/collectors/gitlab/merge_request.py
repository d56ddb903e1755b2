"""Merge requests as records. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from itomm.collectors.gitlab.project import Project, is_bot, username_of
from itomm.collectors.payload import Payload, instant_of, mapping_of, rows_of, text_of
from itomm.collectors.repository_contents import is_dependency_branch, ticket_keys
from itomm.config.clock import format_instant
from itomm.evidence.observation import Observation


def merge_request(
    project: Project,
    payload: Payload,
    approvals: Payload,
    notes: Sequence[Payload],
    bot_accounts: tuple[str, ...] = (),
    *,
    first_commit_at: datetime | None = None,
) -> Observation | None:
    """A merge request with who approved it; None when GitLab does not say who opened it or when.

    Where nobody approved, people other than the author who commented before the merge stand in for
    approvers: that is how review shows on an instance without approvals.
    """
    author = mapping_of(payload.get("author"))
    author_name = username_of(author)
    created_at = instant_of(payload.get("created_at"))
    if author_name is None or created_at is None:
        return None
    merged_at = instant_of(payload.get("merged_at"))
    approved_by = rows_of(approvals.get("approved_by"))
    approvers = _people((entry.get("user") for entry in approved_by), author_name, bot_accounts)
    reviews = _reviews(notes, author_name, bot_accounts, merged_at)
    commenters = list(dict.fromkeys(name for name, _ in reviews))
    reviewed_at = [at for _, at in reviews] + _approval_times(approved_by, author_name)
    return Observation(
        source_ref=f"{project.path}!{payload.get('iid')}",
        fields={
            "repo_id": project.path,
            "iid": payload.get("iid"),
            "author": author_name,
            "author_is_bot": is_bot(author, bot_accounts),
            "created_at": created_at,
            "first_review_at": min(reviewed_at, default=None),
            "merged_at": merged_at,
            "target_is_default": payload.get("target_branch") == project.default_branch,
            "approvers": approvers or commenters,
            "reviewers": _people(payload.get("reviewers") or (), author_name, bot_accounts),
            "size_lines": None,
            "first_commit_at": first_commit_at,
            "pipeline_status": text_of(mapping_of(payload.get("head_pipeline")).get("status")),
            "ticket_keys": ticket_keys(*(text_of(payload.get(key)) for key in _TEXTS)),
            "labels": [str(label) for label in payload.get("labels") or ()],
            "dependency_update": is_dependency_branch(text_of(payload.get("source_branch")))
            or _is_update_bot(author_name),
            "merge_sha": text_of(payload.get("merge_commit_sha"))
            or text_of(payload.get("squash_commit_sha"))
            or text_of(payload.get("sha")),
        },
        raw={
            "merge_request": _kept(payload),
            "approved_by": approved_by,
            "notes": [_note(row) for row in notes],
            "first_commit_at": format_instant(first_commit_at) if first_commit_at else None,
        },
        url=str(payload.get("web_url") or project.web_url),
        service_keys=project.service_keys,
    )


_TEXTS = ("title", "source_branch", "description")

_KEPT = (
    "id",
    "iid",
    "title",
    "state",
    "author",
    "reviewers",
    "merge_user",
    "created_at",
    "updated_at",
    "merged_at",
    "source_branch",
    "target_branch",
    "labels",
    "sha",
    "merge_commit_sha",
    "squash_commit_sha",
    "user_notes_count",
    "web_url",
)


def _kept(payload: Payload) -> dict[str, object]:
    return {key: payload[key] for key in _KEPT if key in payload}


def _note(row: Payload) -> dict[str, object]:
    """Who wrote a note and when; what it says is nobody's evidence."""
    return {"id": row.get("id"), "author": row.get("author"), "created_at": row.get("created_at")}


def _people(users: Iterable[object], author: str, bot_accounts: tuple[str, ...]) -> list[str]:
    """User names of people other than the author, each once."""
    names = [username_of(user) for user in users if not is_bot(user, bot_accounts)]
    return list(dict.fromkeys(name for name in names if name and name != author))


def _reviews(
    notes: Sequence[Payload], author: str, bot_accounts: tuple[str, ...], merged_at: datetime | None
) -> list[tuple[str, datetime]]:
    """Who other than the author commented before the merge, and when; oldest first."""
    found = []
    for note in notes:
        name, at = username_of(note.get("author")), instant_of(note.get("created_at"))
        if note.get("system") is True or name is None or at is None:
            continue
        in_time = merged_at is None or at <= merged_at
        if name != author and in_time and not is_bot(note.get("author"), bot_accounts):
            found.append((name, at))
    return sorted(found, key=lambda review: review[1])


def _approval_times(approved_by: Sequence[Payload], author: str) -> list[datetime]:
    return [
        at
        for entry in approved_by
        if username_of(entry.get("user")) != author and (at := instant_of(entry.get("approved_at")))
    ]


def _is_update_bot(username: str) -> bool:
    return any(bot in username.casefold() for bot in ("renovate", "dependabot"))
