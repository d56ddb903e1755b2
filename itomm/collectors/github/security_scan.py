"""Which scanners are switched on for a repository and really ran. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from itomm.collectors.github.repository_facts import Repository
from itomm.collectors.github.workflow_job import Job
from itomm.collectors.payload import Payload, instant_of, mapping_of, text_of
from itomm.collectors.repository_contents import scanner_kind
from itomm.evidence.observation import Observation


class Feature(StrEnum):
    """Whether one of GitHub's own scanners is switched on in a repository."""

    ON = "on"
    OFF = "off"
    UNTOLD = "untold"


@dataclass
class _Seen:
    """What is known of one kind of scanner, from all that told of it."""

    enabled: bool = False
    runs: list[tuple[datetime, str]] = field(default_factory=list)
    on_merge_request: bool = False
    blocking: bool = False
    told_by: list[object] = field(default_factory=list)
    url: str = ""


def security_scans(
    repository: Repository,
    features: tuple[Feature, Feature],
    analyses: Sequence[Payload],
    jobs: Iterable[Job],
    *,
    results_required: bool,
) -> list[Observation]:
    """One observation for each kind of scanner that is known to be on or off.

    Args:
        repository: the repository.
        features: Dependabot alerts, and secret scanning.
        analyses: the results that code scanning was given, newest first.
        jobs: those of the newest runs of each workflow.
        results_required: whether a ruleset demands code scanning's results.
    """
    seen: dict[str, _Seen] = {}
    for analysis in analyses:
        _note_analysis(seen, analysis, required=results_required)
    for job in jobs:
        _note_job(seen, job)
    dependencies, secrets = features
    _note_feature(seen, "sca", dependencies, f"{repository.web_url}/security/dependabot")
    _note_feature(seen, "secret", secrets, f"{repository.web_url}/security/secret-scanning")
    _note_push_protection(seen, repository)
    return [_record(repository, kind, seen[kind]) for kind in sorted(seen)]


def _note_analysis(seen: dict[str, _Seen], analysis: Payload, *, required: bool) -> None:
    at = instant_of(analysis.get("created_at"))
    if at is None:
        return
    tool = text_of(mapping_of(analysis.get("tool")).get("name")) or ""
    found = seen.setdefault(kind_of_tool(tool), _Seen())
    found.enabled = True
    found.runs.append((at, "failed" if text_of(analysis.get("error")) else "success"))
    found.on_merge_request |= str(analysis.get("ref") or "").startswith(
        ("refs/pull/", "refs/heads/gh-readonly")
    )
    found.blocking |= required
    found.told_by.append({"analysis": analysis.get("id"), "tool": tool, "ref": analysis.get("ref")})


def _note_job(seen: dict[str, _Seen], job: Job) -> None:
    kind = job.scanner
    if kind is None or not job.ran:
        return
    found = seen.setdefault(kind, _Seen())
    found.enabled = True
    if job.finished_at:
        found.runs.append((job.finished_at, job.status))
    found.on_merge_request |= job.on_pull_request
    found.blocking |= not job.may_fail
    found.told_by.append({"job": job.name, "workflow": job.workflow, "status": job.status})
    found.url = found.url or job.web_url


def _note_feature(seen: dict[str, _Seen], kind: str, feature: Feature, url: str) -> None:
    if feature is Feature.UNTOLD:
        return
    found = seen.setdefault(kind, _Seen())
    found.enabled |= feature is Feature.ON
    found.told_by.append({"feature": feature.value})
    found.url = found.url or url


def _note_push_protection(seen: dict[str, _Seen], repository: Repository) -> None:
    """Secrets that are refused when they are pushed stop everything behind; only administrators see it."""
    told = mapping_of(repository.payload.get("security_and_analysis"))
    protection = mapping_of(told.get("secret_scanning_push_protection")).get("status")
    if protection == "enabled" and "secret" in seen:
        seen["secret"].blocking = True
        seen["secret"].on_merge_request = True


_TOOLS: Sequence[tuple[str, re.Pattern[str]]] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("iac", r"kics|checkov|tfsec|terrascan"),
        ("container", r"trivy|grype|clair|anchore"),
        ("sca", r"osv|dependency|snyk|mend|retire"),
        ("secret", r"gitleaks|trufflehog|detect-secrets"),
        ("dast", r"\bzap\b|nuclei"),
    )
)


def kind_of_tool(name: str) -> str:
    """What a tool that reports to code scanning scans; most of them scan code."""
    return (
        next((kind for kind, pattern in _TOOLS if pattern.search(name)), None) or scanner_kind(name) or "sast"
    )


def _record(repository: Repository, kind: str, seen: _Seen) -> Observation:
    last_run_at, last_status = max(seen.runs, default=(None, None), key=lambda run: run[0])
    return Observation(
        source_ref=f"{repository.path}/scans/{kind}",
        fields={
            "asset_ref": repository.path,
            "kind": kind,
            "enabled": seen.enabled,
            "last_run_at": last_run_at,
            "last_status": last_status,
            "on_merge_request": seen.on_merge_request,
            "blocking": seen.blocking,
        },
        raw={"told_by": seen.told_by[:20]},
        url=seen.url or f"{repository.web_url}/security/code-scanning",
        service_keys=repository.service_keys,
    )
