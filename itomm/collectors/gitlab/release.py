"""Releases as records. Pure."""

from __future__ import annotations

from itomm.collectors.gitlab.project import Project
from itomm.collectors.payload import Payload, instant_of, mapping_of, rows_of, text_of
from itomm.collectors.repository_contents import release_proofs
from itomm.evidence.observation import Observation


def release(project: Project, payload: Payload) -> Observation | None:
    """A release and the proofs that are attached to it; None while it lies in the future or has no date."""
    released_at = instant_of(payload.get("released_at")) or instant_of(payload.get("created_at"))
    tag = text_of(payload.get("tag_name"))
    if released_at is None or tag is None or payload.get("upcoming_release") is True:
        return None
    links = rows_of(mapping_of(payload.get("assets")).get("links"))
    names = [f"{link.get('name') or ''} {link.get('url') or ''}" for link in links]
    page = text_of(mapping_of(payload.get("_links")).get("self"))
    return Observation(
        source_ref=f"{project.path}/releases/{tag}",
        fields={
            "repo_id": project.path,
            "tag": tag,
            "released_at": released_at,
            "notes_chars": len(text_of(payload.get("description")) or ""),
            **release_proofs(names),
        },
        raw={"tag_name": tag, "released_at": payload.get("released_at"), "assets": payload.get("assets")},
        url=page or f"{project.web_url}/-/releases/{tag}",
        service_keys=project.service_keys,
    )
