"""Asks GraphQL for a project's on-call schedules; REST knows nothing of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from gitlab.exceptions import GitlabError, GitlabHttpError

from itomm.collectors.contract import CollectionContext, SourceError
from itomm.collectors.gitlab.client import GitLabClient
from itomm.collectors.gitlab.on_call import (
    LOOKED_AHEAD,
    QUESTION,
    emptiness_is_a_fact,
    is_cut,
    on_call_schedule,
    schedules_in,
)
from itomm.collectors.gitlab.project import Project
from itomm.collectors.payload import Payload, mapping_of, rows_of
from itomm.evidence.observation import Observation, UnknownReason


def on_call_schedules(
    client: GitLabClient, project: Project, hours: str, context: CollectionContext
) -> Sequence[Observation | None] | None:
    """The schedules of a project; None where nothing was asked, or where the answer means nothing.

    Raises:
        SourceError: this GitLab knows no on-call schedules, or GraphQL gives no answer that can be read.
        GitlabHttpError: GraphQL refuses.
    """
    if project.is_archived or project.switched_off("monitor"):
        return None
    answered, said = _asked(client, project, context.until)
    if answered is None:
        context.refused(project.path, UnknownReason.COLLECTION_FAILED, f"GitLab's GraphQL says: {said}.")
        return None
    schedules = schedules_in(answered)
    if not schedules and not emptiness_is_a_fact(project, answered):
        context.refused(
            project.path,
            UnknownReason.PERMISSION_DENIED,
            "GitLab shows no on-call schedule, as it does without Premium and to roles below Reporter.",
        )
        return None
    found = [on_call_schedule(project, one, answered, context.until, hours) for one in schedules]
    if is_cut(answered) or None in found:
        context.refused(
            project.path,
            UnknownReason.INSUFFICIENT_COVERAGE,
            "more schedules, rotations, shifts or policies than are read at once, or an unknown time zone.",
        )
    return found


def _asked(client: GitLabClient, project: Project, until: datetime) -> tuple[Payload | None, str]:
    """The project as answered, or None and what was said instead."""
    times = {"start": until.isoformat(), "end": (until + LOOKED_AHEAD).isoformat()}
    try:
        answer = client.graphql(QUESTION, {"path": project.path, **times})
    except GitlabHttpError:
        raise
    except (GitlabError, ValueError) as error:
        raise SourceError("GitLab's GraphQL gave no answer that can be read.") from error
    said = "; ".join(str(one.get("message")) for one in rows_of(answer.get("errors")))
    if "doesn't exist on type" in said:
        raise SourceError(
            "This GitLab knows no on-call schedules: they need GitLab Premium. Leave out on_call_hours.",
            UnknownReason.PERMISSION_DENIED,
        )
    found = mapping_of(answer.get("data")).get("project")
    if said or not isinstance(found, Mapping):
        return None, said or "there is no such project"
    return found, ""
