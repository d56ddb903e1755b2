"""Releases as records. Pure."""

from __future__ import annotations

from itomm.collectors.github.repository_facts import Repository
from itomm.collectors.payload import Payload, instant_of, rows_of, text_of
from itomm.collectors.repository_contents import release_proofs
from itomm.evidence.observation import Observation


def release(repository: Repository, payload: Payload) -> Observation | None:
    """A published release and the proofs that are attached to it; None for a draft."""
    released_at = instant_of(payload.get("published_at"))
    tag = text_of(payload.get("tag_name"))
    if released_at is None or tag is None or payload.get("draft") is True:
        return None
    assets = [
        {"name": asset.get("name"), "size": asset.get("size"), "digest": asset.get("digest")}
        for asset in rows_of(payload.get("assets"))
    ]
    return Observation(
        source_ref=f"{repository.path}/releases/{tag}",
        fields={
            "repo_id": repository.path,
            "tag": tag,
            "released_at": released_at,
            "notes_chars": len(text_of(payload.get("body")) or ""),
            **release_proofs([str(asset["name"] or "") for asset in assets]),
        },
        raw={
            "id": payload.get("id"),
            "tag_name": tag,
            "published_at": payload.get("published_at"),
            "prerelease": payload.get("prerelease"),
            "immutable": payload.get("immutable"),
            "assets": assets,
        },
        url=text_of(payload.get("html_url")) or f"{repository.web_url}/releases/tag/{tag}",
        service_keys=repository.service_keys,
    )
