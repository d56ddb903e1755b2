"""What GitHub's refusals mean: a lack of rights, a feature that is off, a rate limit, or a failure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import requests

from itomm.collectors.contract import SourceError
from itomm.collectors.payload import Payload, mapping_of, text_of
from itomm.evidence.observation import UnknownReason

_LONGEST_MESSAGE = 200

_RATE_LIMIT = re.compile(r"rate limit|abuse detection", re.IGNORECASE)

_OFF = re.compile(
    r"(is|are) (currently )?disabled|not enabled|must be enabled|no analysis found|"
    r"not available for archived|has been archived|repository is archived",
    re.IGNORECASE,
)
"""How GitHub says, with 403 or 404, that a feature is off or has never run: a fact about the repository."""

_UNPROTECTED = re.compile(r"branch not protected|upgrade to github|enable this feature", re.IGNORECASE)
"""Nothing protects the branch, or nothing could: the plan has no protected branches for it."""

_DENIED = frozenset({401, 403, 404, 451})

_GRAPHQL_STATUS = {"NOT_FOUND": 404, "FORBIDDEN": 403, "INSUFFICIENT_SCOPES": 403}


class GitHubError(Exception):
    """GitHub answered a request with an error.

    Attributes:
        status_code: the HTTP status; for GraphQL, the one that REST would give.
        message: what GitHub says.
        accepted: the permissions that would do, as GitHub names them; "" when it does not say.
    """

    def __init__(self, status_code: int, message: str, accepted: str = "") -> None:
        super().__init__(f"{status_code}: {message}")
        self.status_code = status_code
        self.message = message
        self.accepted = accepted

    @property
    def is_switched_off(self) -> bool:
        """Whether what was asked for is switched off in this repository, or has never run there."""
        return self.status_code in {403, 404} and _OFF.search(self.message) is not None

    @property
    def says_unprotected(self) -> bool:
        """Whether no classic protection lies on the branch."""
        return self.status_code in {403, 404} and _UNPROTECTED.search(self.message) is not None

    @property
    def says_no_branch(self) -> bool:
        """Whether the repository has no such branch, as an empty one has none."""
        return self.status_code == 404 and "branch not found" in self.message.casefold()

    @property
    def says_empty(self) -> bool:
        """Whether the repository has no commit."""
        return self.status_code == 409 and "empty" in self.message.casefold()


def refusal_in(response: requests.Response) -> GitHubError | SourceError:
    """The error in an answer with a status of 400 or more.

    A rate limit is no refusal: waiting for it was the framework's part, and here it is the end of the run.
    """
    try:
        message = text_of(mapping_of(response.json()).get("message")) or ""
    except requests.JSONDecodeError:
        message = ""
    used_up = response.headers.get("X-RateLimit-Remaining") == "0"
    limited = response.status_code in {403, 429} and (used_up or _RATE_LIMIT.search(message) is not None)
    if limited:
        return _rate_limit_used_up()
    accepted = response.headers.get("X-Accepted-GitHub-Permissions", "")
    return GitHubError(response.status_code, message[:_LONGEST_MESSAGE], accepted[:_LONGEST_MESSAGE])


def refused_by_graphql(errors: Sequence[Payload]) -> GitHubError | SourceError:
    """The error in an answer of GraphQL, which has the status 200 whatever happened."""
    first = errors[0]
    kind = text_of(first.get("type")) or ""
    message = (text_of(first.get("message")) or "")[:_LONGEST_MESSAGE]
    if kind == "RATE_LIMITED" or _RATE_LIMIT.search(message):
        return _rate_limit_used_up()
    if not kind and "code" not in mapping_of(first.get("extensions")):  # it gave up in the middle of it
        return GitHubError(502, message)
    return GitHubError(_GRAPHQL_STATUS.get(kind, 422), message)


def refusal(error: GitHubError) -> tuple[UnknownReason, str]:
    """Why one repository or organisation could not be read.

    Raises:
        GitHubError: the same one, when the token itself is refused: then nothing can be read.
    """
    if error.status_code == 401:
        raise error
    reason = (
        UnknownReason.PERMISSION_DENIED if error.status_code in _DENIED else UnknownReason.COLLECTION_FAILED
    )
    detail = f"GitHub answered {error.status_code}: {error.message or 'without a word'}"
    return reason, f"{detail} (it accepts {error.accepted})" if error.accepted else detail


def _rate_limit_used_up() -> SourceError:
    return SourceError(
        "GitHub's rate limit is used up, even after waiting. Run again in an hour, or give this source a "
        "token of its own."
    )
