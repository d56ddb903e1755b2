"""Reviews of merge requests and jobs of pipelines, a hundred at a time, by GitLab's GraphQL API.

The REST API tells approvals of one merge request at a time and lists jobs without regard to pipelines. What
GraphQL tells is put into the form that REST has, so that everything behind reads one form. Where GraphQL does
not answer, None says so, and the caller asks by REST.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import requests
from gitlab.exceptions import GitlabError, GitlabHttpError

from itomm.collectors.contract import SourceError
from itomm.collectors.gitlab.client import GitLabClient
from itomm.collectors.gitlab.job import Job, read_job
from itomm.collectors.gitlab.project import Project, username_of
from itomm.collectors.payload import Payload, instant_of, mapping_of, rows_of, text_of
from itomm.evidence.observation import RequestMade

MOST_NOTES = 50
"""Notes read with each merge request; one with more is asked for by itself where that matters."""

MOST_JOBS = 50
"""Jobs read with each pipeline; one with more is asked for by itself."""

APPROVED = "approved this merge request"
"""The system note that GitLab leaves at an approval; GraphQL tells its time nowhere else."""

_USER = "{ username name bot }"

_FIRST_COMMIT = "commits(last: 1) { nodes { authoredDate } }"
"""They come newest first."""


def _question_of_reviews(more: str) -> str:
    return f"""query($path: ID!, $iids: [String!]) {{
  project(fullPath: $path) {{
    mergeRequests(iids: $iids, first: 100) {{
      nodes {{
        iid
        approvedBy {{ nodes {_USER} }}
        notes(first: {MOST_NOTES}) {{
          pageInfo {{ hasNextPage }}
          nodes {{ id system body createdAt author {_USER} }}
        }}
        {more}
      }}
    }}
  }}
}}"""


_JOBS = f"""query($path: ID!, $since: Time, $after: String) {{
  project(fullPath: $path) {{
    pipelines(first: 100, updatedAfter: $since, after: $after) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{
        id ref source
        jobs(first: {MOST_JOBS}) {{
          pageInfo {{ hasNextPage }}
          nodes {{
            id name kind status allowFailure coverage createdAt startedAt finishedAt stage {{ name }}
          }}
        }}
      }}
    }}
  }}
}}"""


@dataclass(frozen=True)
class Review:
    """Who approved a merge request and what was noted on it, in the form of the REST API.

    ``whole`` is false when there were more notes than were read. ``first_commit_at`` is when work on it was
    first written down, by the author's clock; None where GitLab does not tell.
    """

    approved_by: tuple[Payload, ...]
    notes: tuple[Payload, ...]
    whole: bool
    first_commit_at: datetime | None = None


@dataclass(frozen=True)
class PipelineJobs:
    """The jobs of one pipeline; ``whole`` is false when there are more. ``request`` fetched them."""

    pipeline: int
    jobs: tuple[Job, ...]
    whole: bool
    request: RequestMade


def reviews(client: GitLabClient, project: Project, iids: Sequence[int]) -> Mapping[int, Review] | None:
    """Reviews by number of merge request; None where GraphQL does not answer. Some may be missing."""
    if not iids:
        return {}
    asked = {"path": project.path, "iids": [str(iid) for iid in iids]}
    try:
        found = _project(client, _question_of_reviews(_FIRST_COMMIT if client.tells_commits else ""), asked)
    except UnknownFieldError:  # an older GitLab
        client.tells_commits = False
        found = _project(client, _question_of_reviews(""), asked)
    if found is None:
        return None
    nodes = rows_of(mapping_of(found.get("mergeRequests")).get("nodes"))
    return {int(node["iid"]): _review(node) for node in nodes if str(node.get("iid")).isdecimal()}


def jobs_since(client: GitLabClient, project: Project, since: datetime) -> Iterator[PipelineJobs]:
    """Jobs of all pipelines that were updated since an instant, newest pipeline first.

    Raises:
        GraphQlSilentError: GraphQL does not answer.
    """
    after: str | None = None
    while True:
        asked: dict[str, str | None] = {"path": project.path, "since": since.isoformat(), "after": after}
        found = _project(client, _JOBS, asked)
        if found is None:
            raise GraphQlSilentError
        request = client.last_request()
        connection = mapping_of(found.get("pipelines"))
        for node in rows_of(connection.get("nodes")):
            yield _pipeline(project, node, request)
        page = mapping_of(connection.get("pageInfo"))
        after = text_of(page.get("endCursor"))
        if page.get("hasNextPage") is not True or after is None or not client.unseen(f"jobs {after}"):
            return


class GraphQlSilentError(Exception):
    """GraphQL did not answer; ask by REST."""


class UnknownFieldError(Exception):
    """This GitLab does not know a field that was asked for."""


def _project(client: GitLabClient, query: str, variables: Mapping[str, object]) -> Payload | None:
    """The project in an answer; None when GraphQL is not there, or refuses.

    Raises:
        UnknownFieldError: it does not know the commits of merge requests.
    """
    if not client.asks_graphql:
        return None
    try:
        answer = client.graphql(query, variables)
    except GitlabHttpError as error:
        if error.response_code == 401:
            raise
        answer = {}
    except (
        GitlabError,
        requests.RequestException,
        ValueError,
    ):  # if it is not there at all, REST will say so
        answer = {}
    errors = rows_of(answer.get("errors"))
    if any("'commits' doesn't exist" in str(error.get("message")) for error in errors):
        raise UnknownFieldError
    project = mapping_of(answer.get("data")).get("project")
    if answer.get("errors") or not isinstance(project, Mapping):
        client.graphql_failed()
        return None
    return project


def _review(node: Payload) -> Review:
    notes = [_note(note) for note in rows_of(mapping_of(node.get("notes")).get("nodes"))]
    # A person who approved again counts from then on.
    approved_at = {
        username_of(note["author"]): note["created_at"]
        for note in sorted(notes, key=lambda note: str(note["created_at"]))
        if note["system"] is True and note["body"] == APPROVED
    }
    approvers = rows_of(mapping_of(node.get("approvedBy")).get("nodes"))
    more = mapping_of(mapping_of(node.get("notes")).get("pageInfo")).get("hasNextPage")
    commits = rows_of(mapping_of(node.get("commits")).get("nodes"))
    return Review(
        tuple({"user": user, "approved_at": approved_at.get(username_of(user))} for user in approvers),
        tuple({name: value for name, value in note.items() if name != "body"} for note in notes),
        whole=more is False,
        first_commit_at=instant_of(commits[-1].get("authoredDate")) if commits else None,
    )


def _note(node: Payload) -> dict[str, object]:
    return {
        "id": number_in(node.get("id")),
        "system": node.get("system"),
        "body": text_of(node.get("body")),
        "author": node.get("author"),
        "created_at": node.get("createdAt"),
    }


def _pipeline(project: Project, node: Payload, request: RequestMade) -> PipelineJobs:
    number = number_in(node.get("id"))
    if number is None:
        raise SourceError("GitLab's GraphQL answer names a pipeline without its id.")
    connection = mapping_of(node.get("jobs"))
    pipeline = {"id": number, "source": text_of(node.get("source"))}
    return PipelineJobs(
        number,
        tuple(_jobs(project, rows_of(connection.get("nodes")), pipeline, text_of(node.get("ref")))),
        mapping_of(connection.get("pageInfo")).get("hasNextPage") is False,
        request,
    )


def _jobs(
    project: Project, nodes: Iterable[Payload], pipeline: Mapping[str, object], ref: str | None
) -> Iterator[Job]:
    for node in nodes:
        number = number_in(node.get("id"))
        if number is None or node.get("kind") == "BRIDGE":  # a trigger; the REST list of jobs has none
            continue
        yield read_job(
            {
                "id": number,
                "name": node.get("name"),
                "stage": mapping_of(node.get("stage")).get("name"),
                "status": str(node.get("status") or "").lower(),
                "allow_failure": node.get("allowFailure"),
                "coverage": node.get("coverage"),
                "created_at": node.get("createdAt"),
                "started_at": node.get("startedAt"),
                "finished_at": node.get("finishedAt"),
                "pipeline": pipeline,
                "ref": ref,
                "web_url": f"{project.web_url}/-/jobs/{number}",
            }
        )


def number_in(global_id: object) -> int | None:
    """The number at the end of an id such as ``gid://gitlab/Ci::Build/7``."""
    last = (text_of(global_id) or "").rpartition("/")[2]
    return int(last) if last.isdecimal() else None


def approval_is_timed(review: Review) -> bool:
    """Whether the time of every approval is known."""
    return all(instant_of(entry["approved_at"]) for entry in review.approved_by)
