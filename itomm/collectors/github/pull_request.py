"""Pull requests with their reviews as records, from one GraphQL question for many. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from itomm.collectors.deliveries import Merge
from itomm.collectors.github.repository_facts import DELETED_ACCOUNT, Repository, is_bot, login_of
from itomm.collectors.payload import Payload, instant_of, mapping_of, rows_of, text_of
from itomm.collectors.repository_contents import is_dependency_branch, ticket_keys
from itomm.evidence.observation import Observation

PAGE_SIZE = 50

QUESTION = """
query($owner: String!, $name: String!, $size: Int!, $after: String, $by: IssueOrderField!) {
  repository(owner: $owner, name: $name) {
    pullRequests(first: $size, after: $after, orderBy: {field: $by, direction: DESC}) {
      pageInfo { hasNextPage endCursor }
      nodes {
        number url title body state createdAt updatedAt mergedAt
        baseRefName headRefName headRefOid
        author { __typename login }
        mergeCommit { oid }
        labels(first: 30) { nodes { name } }
        commits(first: 1) { nodes { commit { authoredDate } } }
        reviews(first: 50) {
          pageInfo { hasNextPage }
          nodes { state submittedAt author { __typename login } }
        }
        comments(first: 30) { nodes { createdAt author { __typename login } } }
      }
    }
  }
}
"""
"""Some 6,000 nodes for a page, of the 500,000 that one question may ask for."""

BY_CREATION = "CREATED_AT"
BY_CHANGE = "UPDATED_AT"

_DECIDING = frozenset({"APPROVED", "CHANGES_REQUESTED", "DISMISSED"})


@dataclass(frozen=True)
class _Review:
    """What somebody other than the author did, and when."""

    person: str
    at: datetime
    state: str


def has_more_reviews(payload: Payload) -> bool:
    """Whether a pull request has more reviews than came along with it."""
    return mapping_of(mapping_of(payload.get("reviews")).get("pageInfo")).get("hasNextPage") is True


def pull_request(
    repository: Repository,
    payload: Payload,
    bot_accounts: tuple[str, ...] = (),
    reviews: Sequence[Payload] | None = None,
) -> Observation | None:
    """A pull request with who reviewed and approved it; None when GitHub does not say when it was opened.

    An approval counts when it was given before the merge and not taken back. ``reviews`` are all of them, as
    REST gives them, where more exist than came along.
    """
    created_at = instant_of(payload.get("createdAt"))
    if created_at is None:
        return None
    author = login_of(payload.get("author")) or DELETED_ACCOUNT
    merged_at = instant_of(payload.get("mergedAt"))
    listed = rows_of(mapping_of(payload.get("reviews")).get("nodes")) if reviews is None else reviews
    given = _reviews(listed, author, bot_accounts, merged_at)
    comments = rows_of(mapping_of(payload.get("comments")).get("nodes"))
    first_looks = [review.at for review in given + _comments(comments, author, bot_accounts, merged_at)]
    commits = rows_of(mapping_of(payload.get("commits")).get("nodes"))
    first_commit = mapping_of(commits[0].get("commit")) if commits else {}
    branch = text_of(payload.get("headRefName"))
    return Observation(
        source_ref=f"{repository.path}#{payload.get('number')}",
        fields={
            "repo_id": repository.path,
            "iid": payload.get("number"),
            "author": author,
            "author_is_bot": is_bot(payload.get("author"), bot_accounts),
            "created_at": created_at,
            "first_review_at": min(first_looks, default=None),
            "merged_at": merged_at,
            "target_is_default": payload.get("baseRefName") == repository.default_branch,
            "approvers": _approvers(given),
            "reviewers": list(dict.fromkeys(review.person for review in given)),
            "size_lines": None,
            "first_commit_at": instant_of(first_commit.get("authoredDate")),
            "pipeline_status": None,
            "ticket_keys": _ticket_keys(payload),
            "labels": [
                str(label.get("name")) for label in rows_of(mapping_of(payload.get("labels")).get("nodes"))
            ],
            "dependency_update": is_dependency_branch(branch) or _is_update_bot(author),
            "merge_sha": text_of(mapping_of(payload.get("mergeCommit")).get("oid"))
            or text_of(payload.get("headRefOid")),
        },
        raw={
            **{name: payload[name] for name in _KEPT if name in payload},
            "reviews": [_seen(row) for row in listed],
        },
        url=text_of(payload.get("url")) or f"{repository.web_url}/pull/{payload.get('number')}",
        service_keys=repository.service_keys,
    )


_KEPT = (
    "number",
    "title",
    "state",
    "author",
    "createdAt",
    "updatedAt",
    "mergedAt",
    "baseRefName",
    "headRefName",
    "headRefOid",
    "mergeCommit",
    "labels",
)


def merge_of(payload: Payload) -> Merge | None:
    """A merged pull request from REST's list; None when it is not merged."""
    merged_at = instant_of(payload.get("merged_at"))
    if merged_at is None:
        return None
    head = mapping_of(payload.get("head"))
    shas = (text_of(payload.get("merge_commit_sha")), text_of(head.get("sha")))
    texts = (text_of(payload.get("title")), text_of(head.get("ref")), text_of(payload.get("body")))
    return Merge(merged_at, frozenset(sha for sha in shas if sha), tuple(ticket_keys(*texts)))


def _ticket_keys(payload: Payload) -> list[str]:
    return ticket_keys(*(text_of(payload.get(name)) for name in ("title", "headRefName", "body")))


def _seen(row: Payload) -> dict[str, object]:
    """Who reviewed when and how; what the review says is nobody's evidence."""
    return {
        "author": login_of(row.get("author") or row.get("user")),
        "state": row.get("state"),
        "at": row.get("submittedAt") or row.get("submitted_at"),
    }


def _reviews(
    rows: Sequence[Payload], author: str, bot_accounts: tuple[str, ...], merged_at: datetime | None
) -> list[_Review]:
    """Submitted reviews by people other than the author, up to the merge; oldest first."""
    found = []
    for row in rows:
        account = row.get("author") or row.get("user")
        person = login_of(account)
        at = instant_of(row.get("submittedAt") or row.get("submitted_at"))
        if person is None or at is None or person == author or is_bot(account, bot_accounts):
            continue
        if merged_at is None or at <= merged_at:
            found.append(_Review(person, at, str(row.get("state"))))
    return sorted(found, key=lambda review: review.at)


def _comments(
    rows: Sequence[Payload], author: str, bot_accounts: tuple[str, ...], merged_at: datetime | None
) -> list[_Review]:
    as_reviews = [{**row, "submittedAt": row.get("createdAt"), "state": "COMMENTED"} for row in rows]
    return _reviews(as_reviews, author, bot_accounts, merged_at)


def _approvers(given: Sequence[_Review]) -> list[str]:
    """People whose last decision was to approve."""
    decisions = {review.person: review.state for review in given if review.state in _DECIDING}
    return [person for person, state in decisions.items() if state == "APPROVED"]


def _is_update_bot(login: str) -> bool:
    return any(bot in login.casefold() for bot in ("renovate", "dependabot"))
