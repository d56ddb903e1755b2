"""The forge's things as GitLab writes them: recorded shapes, nulls included."""

from __future__ import annotations

from datetime import UTC, date, datetime

from itomm.estate.chance import digest
from itomm.estate.http_exchange import iso_milliseconds
from itomm.estate.people import DEPLOYER, RENOVATE, Person
from itomm.estate.repositories import (
    Commit,
    MergeRequest,
    Project,
)

Row = dict[str, object]
_NAMESPACE = {
    "id": 7,
    "name": "Acme",
    "path": "acme",
    "kind": "group",
    "full_path": "acme",
    "parent_id": None,
}


def user(person: Person, base: str) -> Row:
    """The short form of a user that stands in other things; it does not say who is a bot."""
    return {
        "id": person.number,
        "username": person.login,
        "name": person.name,
        "state": "active",
        "locked": False,
        "avatar_url": None,
        "web_url": f"{base}/gitlab/{person.login}",
    }


def full_user(person: Person, base: str) -> Row:
    """The long form of a user."""
    return {
        **user(person, base),
        "created_at": "2024-01-08T09:00:00.000Z",
        "bio": "",
        "location": None,
        "public_email": None,
        "bot": person.bot,
        "work_information": None,
        "email": person.email,
        "last_activity_on": None,
        "two_factor_enabled": True,
    }


def project(one: Project, base: str, last_activity: datetime) -> Row:
    """A project."""
    web = web_url(one, base)
    return {
        "id": one.id,
        "description": one.description,
        "name": one.name,
        "name_with_namespace": f"Acme / {one.name}",
        "path": one.path,
        "path_with_namespace": one.full_path,
        "created_at": iso_milliseconds(one.created_at),
        "default_branch": "main",
        "tag_list": list(one.topics),
        "topics": list(one.topics),
        "ssh_url_to_repo": f"git@gitlab.acme.example:{one.full_path}.git",
        "http_url_to_repo": f"{web}.git",
        "web_url": web,
        "readme_url": f"{web}/-/blob/main/README.md",
        "forks_count": 0,
        "avatar_url": None,
        "star_count": 0,
        "last_activity_at": iso_milliseconds(last_activity),
        "updated_at": iso_milliseconds(last_activity),
        "namespace": dict(_NAMESPACE),
        "empty_repo": False,
        "archived": one.archived,
        "visibility": "private",
        "issues_enabled": True,
        "merge_requests_enabled": True,
        "jobs_enabled": True,
        "creator_id": one.team[0].number,
        "ci_config_path": None,
        "merge_method": "merge" if any(request.merge_sha for request in one.merge_requests) else "ff",
        "squash_option": "default_off",
        "only_allow_merge_if_pipeline_succeeds": one.habits.protected and one.habits.required_approvals > 0,
        "approvals_before_merge": one.habits.required_approvals,
        "marked_for_deletion_at": None,
        "permissions": {
            "project_access": None,
            "group_access": {"access_level": 40, "notification_level": 3},
        },
    }


def commit(one: Commit, place: Project, base: str) -> Row:
    """A commit."""
    return {
        "id": one.sha,
        "short_id": one.sha[:8],
        "created_at": _offset_time(one.committed_at),
        "parent_ids": [one.parent] if one.parent else [],
        "title": one.title,
        "message": f"{one.title}\n",
        "author_name": one.author.name,
        "author_email": one.author.email,
        "authored_date": _offset_time(one.authored_at),
        "committer_name": one.author.name,
        "committer_email": one.author.email,
        "committed_date": _offset_time(one.committed_at),
        "trailers": {},
        "extended_trailers": {},
        "web_url": f"{web_url(place, base)}/-/commit/{one.sha}",
    }


def merge_request(one: MergeRequest, place: Project, base: str) -> Row:
    """A merge request as lists show it: without its pipeline."""
    state = "merged" if one.merged_at else "closed" if one.closed_at else "opened"
    merger = one.approvers[0] if one.approvers else one.author
    return {
        "id": place.id * 100_000 + one.iid,
        "iid": one.iid,
        "project_id": place.id,
        "title": one.title,
        "description": None if one.iid % 6 == 0 else one.title,
        "state": state,
        "created_at": iso_milliseconds(one.created_at),
        "updated_at": iso_milliseconds(one.updated_at),
        "merged_by": user(merger, base) if one.merged_at else None,
        "merge_user": user(merger, base) if one.merged_at else None,
        "merged_at": iso_milliseconds(one.merged_at),
        "closed_by": user(one.author, base) if one.closed_at else None,
        "closed_at": iso_milliseconds(one.closed_at),
        "target_branch": "main",
        "source_branch": one.source_branch,
        "user_notes_count": len(one.approvers),
        "upvotes": 0,
        "downvotes": 0,
        "author": user(one.author, base),
        "assignees": [],
        "assignee": None,
        "reviewers": [user(person, base) for person in one.approvers],
        "source_project_id": place.id,
        "target_project_id": place.id,
        "labels": list(one.labels),
        "draft": False,
        "milestone": None,
        "merge_when_pipeline_succeeds": False,
        "merge_status": "can_be_merged",
        "detailed_merge_status": "not_open" if state == "merged" else "mergeable",
        "sha": one.head_sha,
        "merge_commit_sha": one.merge_sha,
        "squash_commit_sha": None,
        "discussion_locked": None,
        "should_remove_source_branch": None,
        "force_remove_source_branch": True,
        "reference": f"!{one.iid}",
        "references": {
            "short": f"!{one.iid}",
            "relative": f"!{one.iid}",
            "full": f"{place.full_path}!{one.iid}",
        },
        "web_url": f"{web_url(place, base)}/-/merge_requests/{one.iid}",
        "squash": False,
        "has_conflicts": False,
        "blocking_discussions_resolved": True,
        "changes_count": None if one.iid % 9 == 0 else "3",
    }


def approvals(one: MergeRequest, place: Project, base: str) -> Row:
    """Who approved a merge request."""
    required = place.habits.required_approvals
    return {
        "id": place.id * 100_000 + one.iid,
        "iid": one.iid,
        "project_id": place.id,
        "title": one.title,
        "state": "merged" if one.merged_at else "opened",
        "created_at": iso_milliseconds(one.created_at),
        "updated_at": iso_milliseconds(one.updated_at),
        "merge_status": "can_be_merged",
        "approved": bool(one.approvers) or required == 0,
        "approvals_required": required,
        "approvals_left": max(required - len(one.approvers), 0),
        "approved_by": [
            {"user": user(person, base), "approved_at": iso_milliseconds(one.approved_at)}
            for person in one.approvers
        ],
    }


def notes(one: MergeRequest, place: Project, base: str) -> list[Row]:
    """The discussion of a merge request: a remark by each reviewer and GitLab's own notes."""
    rows: list[Row] = []
    at = one.approved_at or one.created_at
    words = [(person, "Looks right to me.", False) for person in one.approvers]
    words += [(person, "approved this merge request", True) for person in one.approvers if one.approved_at]
    words.append((one.author, "added 1 commit", True))
    for number, (person, text, system) in enumerate(words):
        rows.append(
            {
                "id": (place.id * 100_000 + one.iid) * 100 + number,
                "type": None,
                "body": text,
                "author": user(person, base),
                "created_at": iso_milliseconds(at),
                "updated_at": iso_milliseconds(at),
                "system": system,
                "noteable_id": place.id * 100_000 + one.iid,
                "noteable_type": "MergeRequest",
                "noteable_iid": one.iid,
                "resolvable": False,
                "confidential": False,
                "internal": False,
            }
        )
    return rows


def members(place: Project, base: str) -> list[Row]:
    """Members with their access; the deployer's runs out, people's mostly does not."""
    rows = []
    for turn, person in enumerate((*place.team, DEPLOYER, RENOVATE)):
        level = 50 if turn == 0 else 40 if turn == 1 or person.bot else 30
        expires = date(2027, 1, 31).isoformat() if person is DEPLOYER else None
        rows.append(
            {
                **user(person, base),
                "access_level": level,
                "created_at": iso_milliseconds(place.created_at),
                "created_by": None,
                "expires_at": expires,
                "membership_state": "active",
            }
        )
    return rows


def protected_branches(place: Project) -> list[Row]:
    """The default branch's protection, when it has any."""
    habits = place.habits
    if not habits.protected:
        return []
    names = {0: "No one", 30: "Developers + Maintainers", 40: "Maintainers"}
    level = habits.push_level
    return [
        {
            "id": place.id * 10,
            "name": "main",
            "push_access_levels": [_level(place.id * 100 + 1, level, names[level])],
            "merge_access_levels": [_level(place.id * 100 + 2, 30, names[30])],
            "unprotect_access_levels": [],
            "allow_force_push": habits.force_push,
            "code_owner_approval_required": habits.codeowners_required,
            "inherited": False,
        }
    ]


def approval_rules(place: Project) -> list[Row]:
    """The rule that asks for approvals, when there is one."""
    if not place.habits.required_approvals:
        return []
    return [
        {
            "id": place.id * 10 + 3,
            "name": "All Members",
            "rule_type": "any_approver",
            "report_type": None,
            "eligible_approvers": [],
            "approvals_required": place.habits.required_approvals,
            "users": [],
            "groups": [],
            "contains_hidden_groups": False,
            "protected_branches": [],
            "applies_to_all_protected_branches": True,
        }
    ]


def tree(place: Project, *, recursive: bool, under: str) -> list[Row]:
    """Files and folders."""
    rows: dict[str, Row] = {}
    for path in place.files:
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            name = "/".join(parts[:depth])
            kind = "blob" if depth == len(parts) else "tree"
            rows[name] = {
                "id": digest(place.path, name),
                "name": parts[depth - 1],
                "type": kind,
                "path": name,
                "mode": "100644" if kind == "blob" else "040000",
            }
    prefix = f"{under.rstrip('/')}/" if under else ""
    inside = [row for name, row in rows.items() if name.startswith(prefix)]
    if not recursive:
        inside = [row for row in inside if "/" not in str(row["path"]).removeprefix(prefix)]
    return sorted(inside, key=lambda row: (row["type"] != "tree", str(row["path"])))


def web_url(place: Project, base: str) -> str:
    """The page of a project."""
    return f"{base}/gitlab/{place.full_path}"


def _level(number: int, level: int, name: str) -> Row:
    return {
        "id": number,
        "access_level": level,
        "access_level_description": name,
        "user_id": None,
        "group_id": None,
        "deploy_key_id": None,
    }


def _offset_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+00:00")
