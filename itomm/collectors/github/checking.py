"""What ``itomm doctor`` says of a GitHub source: who signed in, and which permission to grant for what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from itomm.collectors.contract import Check, CheckState, CollectionContext
from itomm.collectors.github import deployment as deployments
from itomm.collectors.github import pull_request as pull_requests
from itomm.collectors.github.alert import ALERT_KINDS
from itomm.collectors.github.asked import Asked
from itomm.collectors.github.client import GitHubClient, encoded
from itomm.collectors.github.finding import RepositoryFinder
from itomm.collectors.github.refusals import GitHubError, refusal
from itomm.collectors.github.repository_facts import Repository
from itomm.collectors.github.run_reading import CHECK_SUITES, REMEDY
from itomm.collectors.github.settings import GitHubSettings
from itomm.collectors.payload import text_of


@dataclass(frozen=True)
class _Right:
    """A permission, tried by asking for what it opens."""

    title: str
    permission: str
    classic: str
    try_it: Callable[[Asked], object]


def checks(
    client: GitHubClient, finder: RepositoryFinder, settings: GitHubSettings, context: CollectionContext
) -> list[Check]:
    """Who signed in, each right on the first repository in use, and the highest one on all others."""
    signed_in = Check("Signed in", CheckState.OK, _account(client))
    repositories = list(finder.repositories(client, context).values())
    if not repositories:
        remedy = "Check organisations and repositories, and which of them the token may reach."
        return [
            signed_in,
            Check("Repositories", CheckState.FAILED, "The token reaches no repository.", remedy),
        ]
    wanted = f"{len(repositories):,} can be seen"
    tried = next((one for one in repositories if not one.is_archived), repositories[0])
    asked = Asked(tried, client, context)
    found = [signed_in, Check("Repositories", CheckState.OK, wanted)]
    found += [_tried(right, asked) for right in _RIGHTS]
    found.append(_check_runs(asked, settings))
    # The others are asked for what needs the highest right, and named only where that is missing.
    others = (_tried(_PROTECTION, Asked(one, client, context)) for one in repositories if one is not tried)
    return found + [check for check in others if check.state is not CheckState.OK]


def _account(client: GitHubClient) -> str:
    """The signed-in account; an app's token has none, and is told by what it may list."""
    try:
        return f"GitHub as {text_of(client.one('/user').get('login')) or 'an account without a name'}"
    except GitHubError as error:
        if error.status_code != 403:
            raise
        return "GitHub as an app, whose token has no account"


def _tried(right: _Right, asked: Asked) -> Check:
    title = f"{right.title} ({asked.repository.path})"
    try:
        right.try_it(asked)
    except GitHubError as error:
        if error.is_switched_off or error.says_unprotected or error.says_empty or error.says_no_branch:
            return Check(title, CheckState.OK, f"can be read; {error.message}")
        remedy = f"Grant the token {right.permission} (a classic token: the scope {right.classic})."
        return Check(title, CheckState.WARNING, refusal(error)[1], remedy)
    return Check(title, CheckState.OK, "can be read")


def _check_runs(asked: Asked, settings: GitHubSettings) -> Check:
    """Whether jobs of many workflow runs can be had with one question."""
    title = f"Jobs of workflow runs ({asked.repository.path})"
    try:
        listed = next(
            asked.client.pages(f"{asked.path}/actions/runs", {"per_page": "1"}, rows="workflow_runs")
        )
        suites = [suite for run in listed.rows if (suite := text_of(run.get("check_suite_node_id")))]
        if suites:
            asked.client.ask(CHECK_SUITES, {"ids": suites})
    except GitHubError as error:
        return Check(
            title,
            CheckState.WARNING,
            f"{refusal(error)[1]}. Each run's jobs take a request, for {settings.runs_with_jobs} runs of a "
            "repository at most.",
            REMEDY,
        )
    return Check(title, CheckState.OK, "can be read, 50 runs at a time")


def _list(path: str) -> Callable[[Asked], object]:
    return lambda asked: next(asked.client.pages(f"{asked.path}{path}", {"per_page": "1"}))


def _protection(repository: Repository) -> str:
    return f"/branches/{encoded(repository.default_branch or 'main')}/protection"


_REPO = "repo"

_PROTECTION = _Right(
    "Branch protection",
    "Administration: read",
    _REPO,
    lambda asked: asked.client.one(f"{asked.path}{_protection(asked.repository)}"),
)

_RIGHTS: tuple[_Right, ...] = (
    _Right("Contents", "Contents: read", _REPO, _list("/commits")),
    _PROTECTION,
    _Right(
        "Pull requests",
        "Pull requests: read and Contents: read",
        _REPO,
        lambda asked: asked.client.ask(
            pull_requests.QUESTION,
            {**asked.names, "size": 1, "after": None, "by": pull_requests.BY_CREATION},
        ),
    ),
    _Right(
        "Workflow runs",
        "Actions: read",
        _REPO,
        lambda asked: next(
            asked.client.pages(f"{asked.path}/actions/runs", {"per_page": "1"}, rows="workflow_runs")
        ),
    ),
    _Right(
        "Deployments",
        "Deployments: read and Contents: read",
        _REPO,
        lambda asked: asked.client.ask(deployments.QUESTION, {**asked.names, "size": 1, "after": None}),
    ),
    *(
        _Right(
            kind.title.capitalize() if kind.title[0].islower() else kind.title,
            kind.needs,
            "security_events",
            _list(f"/{kind.name}/alerts"),
        )
        for kind in ALERT_KINDS
    ),
    _Right(
        "Collaborators",
        "Metadata: read, and its account the role Write",
        "repo and read:org",
        _list("/collaborators"),
    ),
)
