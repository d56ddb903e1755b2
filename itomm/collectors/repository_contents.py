"""What a repository's file names, job names and commit texts say. Pure; shared by collectors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

LOCKFILES = {
    "package.json": ("package-lock.json", "yarn.lock", "pnpm-lock.yaml", "npm-shrinkwrap.json", "bun.lockb"),
    "pyproject.toml": (
        "poetry.lock",
        "uv.lock",
        "pdm.lock",
        "Pipfile.lock",
        "requirements.lock",
        "pylock.toml",
    ),
    "Pipfile": ("Pipfile.lock",),
    "requirements.txt": ("requirements.lock", "requirements.in", "constraints.txt"),
    "setup.py": ("requirements.lock", "constraints.txt"),
    "go.mod": ("go.sum",),
    "Cargo.toml": ("Cargo.lock",),
    "Gemfile": ("Gemfile.lock",),
    "composer.json": ("composer.lock",),
    "mix.exs": ("mix.lock",),
    "pom.xml": (),
    "build.gradle": ("gradle.lockfile",),
    "build.gradle.kts": ("gradle.lockfile",),
}
"""Dependency manifests, and the files beside them that pin exact versions. Maven has none of its own."""

_IGNORED_FOLDERS = frozenset({"node_modules", "vendor", "third_party", ".venv", "testdata", "fixtures"})

_CI_FILES = frozenset({".gitlab-ci.yml", "Jenkinsfile", ".drone.yml", "azure-pipelines.yml", ".travis.yml"})
_CI_FOLDERS = (".github/workflows/", ".circleci/", ".buildkite/", ".forgejo/workflows/", ".gitea/workflows/")
_CODEOWNERS = frozenset({"CODEOWNERS", ".gitlab/CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS"})
_RENOVATE = frozenset({"renovate.json", "renovate.json5", ".renovaterc", ".renovaterc.json"})
_DEPENDABOT = frozenset({".github/dependabot.yml", ".github/dependabot.yaml", ".gitlab/dependabot.yml"})

_PLAYBOOK = re.compile(r"(^|/)(playbooks?/.+|site|playbook[\w-]*)\.ya?ml$")
_ANSIBLE_ROLE = re.compile(r"(^|/)roles/[^/]+/tasks/main\.ya?ml$")
_KUBERNETES = re.compile(r"(^|/)(k8s|kubernetes|manifests)/.+\.ya?ml$")

_TICKET_KEY = re.compile(r"\b[A-Z][A-Z0-9]{1,9}-[1-9]\d*\b")
_NOT_TICKETS = re.compile(r"^(UTF|SHA|ISO|RFC|CVE|CWE|AES|MD|HTTP|TLS|PEP|GPL|LGPL|BSD)-")
_BOT = re.compile(
    r"(\[bot\]|[-_.]bot$|^bot[-_.]|^(project|group)_\d+_bot|renovate|dependabot|service[-_]account|^ci[-_]|"
    r"gitlab-bot|github-actions|semantic-release|jenkins|weblate|pre-commit-ci)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ContentFlags:
    """What a repository's tree holds. ``has_lockfile`` is None when there is nothing to lock."""

    has_readme: bool
    has_ci: bool
    has_codeowners: bool
    has_iac: bool
    has_lockfile: bool | None
    has_dockerfile: bool
    manifests: tuple[str, ...]
    update_bot: str


def content_flags(paths: Iterable[str]) -> ContentFlags:
    """Read the flags from all file paths of a repository."""
    files = [path for path in paths if not _IGNORED_FOLDERS.intersection(path.split("/")[:-1])]
    present = set(files)
    manifests = sorted(path for path in files if PurePosixPath(path).name in LOCKFILES)
    return ContentFlags(
        has_readme=any(re.match(r"readme(\.|$)", path, re.IGNORECASE) for path in files),
        has_ci=any(path in _CI_FILES or path.startswith(_CI_FOLDERS) for path in files),
        has_codeowners=bool(_CODEOWNERS & present),
        has_iac=bool(infrastructure_definitions(files)),
        has_lockfile=all(_is_locked(path, present) for path in manifests) if manifests else None,
        has_dockerfile=any(_is_dockerfile(PurePosixPath(path).name) for path in files),
        manifests=tuple(manifests),
        update_bot=_update_bot(present),
    )


def infrastructure_definitions(paths: Iterable[str]) -> dict[str, str]:
    """Tool by folder, for every folder that describes infrastructure; the repository's root is ``.``."""
    found: dict[str, str] = {}
    for path in sorted(paths):
        if _IGNORED_FOLDERS.intersection(path.split("/")[:-1]):
            continue
        tool = _infrastructure_tool(path)
        if tool:
            folder = str(PurePosixPath(path).parent)
            if not any(folder == seen or folder.startswith(f"{seen}/") for seen in found):
                found[folder] = tool
    return found


def ticket_keys(*texts: str | None) -> list[str]:
    """Ticket keys such as OPS-12 that stand in texts, in order, each once."""
    keys = [key for text in texts for key in _TICKET_KEY.findall(text or "")]
    return list(dict.fromkeys(key for key in keys if not _NOT_TICKETS.match(key)))


def is_bot_name(*names: str | None) -> bool:
    """Whether a user name, display name or address looks like a machine's."""
    return any(_BOT.search(name) is not None for name in names if name)


def is_dependency_branch(branch: str | None) -> bool:
    """Whether a branch is one that dependency update bots make."""
    return bool(branch) and str(branch).startswith(("renovate/", "dependabot/", "renovate-", "deps/"))


DEPENDENCY_SCANNERS = (
    r"gemnasium|dependency[_-]?(scan|check)|snyk|\bosv\b|osv-scanner|pip[_-]?audit|npm[_-]?audit|"
    r"cargo[_-]?audit|retire"
)

SCAN_WORDS = (
    r"sast|semgrep|dependency[_-]?scan|secret[_-]?detection|container[_-]?scan|kics|trivy|gitleaks|"
    r"trufflehog|grype|checkov|tfsec|bandit|gosec|brakeman|dast|\bzap\b|security|" + DEPENDENCY_SCANNERS
)

JOB_KINDS: Sequence[tuple[str, re.Pattern[str]]] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (
            "security_scan",
            SCAN_WORDS,
        ),
        ("policy", r"conftest|\bopa\b|policy|compliance|sentinel"),
        ("iac_plan", r"(terraform|tofu|tf|infra|pulumi)\b.*(plan|preview)|^plan\b"),
        ("iac_apply", r"(terraform|tofu|tf|infra|pulumi)\b.*(apply|\bup\b)|^apply\b|ansible-playbook"),
        ("lint", r"lint|format|style|ruff|flake8|eslint|shellcheck|mypy|type-?check|pre-?commit"),
        ("test", r"test|spec|pytest|unit|integration|e2e|coverage|\brspec\b|junit"),
        ("deploy", r"deploy|release|rollout|promote|production|staging|rollback|publish"),
        ("build", r"build|compile|package|docker|image|assemble"),
    )
)
"""Kinds of CI jobs by name, tried in this order; a scan named "test" is still a scan."""


def job_kind(name: str, stage: str = "") -> str:
    """What a CI job does: by its name, else by its stage, else ``other``."""
    for text in (name, stage):
        for kind, pattern in JOB_KINDS:
            if pattern.search(text.replace("_", "-")) or pattern.search(text):
                return kind
    return "other"


SCANNERS: Sequence[tuple[str, re.Pattern[str]]] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("secret", r"secret[_-]?detection|gitleaks|trufflehog|detect-secrets"),
        ("iac", r"kics|iac[_-]?(sast|scan)|tfsec|checkov|terrascan|trivy[_-]?(config|iac)"),
        ("container", r"container[_-]?scan|trivy|grype|clair|anchore|image[_-]?scan"),
        (
            "sca",
            DEPENDENCY_SCANNERS,
        ),
        ("dast", r"\bdast\b|\bzap\b|nuclei"),
        ("sast", r"\bsast\b|semgrep|bandit|gosec|brakeman|spotbugs|codeql|sonar|security-code-scan"),
    )
)
"""Scanners by job name (those of GitLab's own templates and common tools), tried in this order."""


_SBOM = re.compile(r"sbom|cyclone-?dx|spdx|\bbom\.(json|xml)", re.IGNORECASE)
_PROVENANCE = re.compile(r"provenance|attestation|in-?toto|slsa", re.IGNORECASE)
_SIGNATURE = re.compile(r"\.(asc|sig|minisig|sigstore(\.json)?)$|cosign|signature", re.IGNORECASE)


def release_proofs(names: Sequence[str]) -> dict[str, bool]:
    """Which proofs are attached to a release, by the names and addresses of its files."""
    return {
        "signed": any(_SIGNATURE.search(part) for name in names for part in name.split()),
        "sbom": any(_SBOM.search(name) for name in names),
        "provenance": any(_PROVENANCE.search(name) for name in names),
    }


def time_running(spans: Iterable[tuple[datetime | None, datetime | None]]) -> timedelta | None:
    """Time in which at least one of a pipeline's jobs ran; waiting between jobs is left out."""
    ran = sorted((start, end) for start, end in spans if start and end)
    if not ran:
        return None
    total = timedelta()
    begin, until = ran[0]
    for start, end in ran[1:]:
        if start > until:
            total += until - begin
            begin, until = start, end
        else:
            until = max(until, end)
    return total + (until - begin)


def scanner_kind(job_name: str) -> str | None:
    """What a CI job scans, by its name; None when it is no scanner."""
    return next(
        (kind for kind, pattern in SCANNERS if pattern.search(job_name.replace("_", "-"))), None
    ) or next((kind for kind, pattern in SCANNERS if pattern.search(job_name)), None)


def _is_locked(manifest: str, present: set[str]) -> bool:
    """Whether a lock file stands beside the manifest, or at the root as workspaces have it."""
    path = PurePosixPath(manifest)
    return any(
        str(folder / lockfile) in present
        for lockfile in LOCKFILES[path.name]
        for folder in (path.parent, PurePosixPath())
    )


def _is_dockerfile(name: str) -> bool:
    return name in ("Dockerfile", "Containerfile") or name.startswith("Dockerfile.")


def _update_bot(present: set[str]) -> str:
    if any(PurePosixPath(path).name in _RENOVATE and path.count("/") <= 1 for path in present):
        return "renovate"
    return "dependabot" if _DEPENDABOT & present else "none"


_TOOL_BY_NAME = {
    "Chart.yaml": "helm",
    "kustomization.yaml": "kubernetes",
    "kustomization.yml": "kubernetes",
    "Pulumi.yaml": "pulumi",
    "ansible.cfg": "ansible",
    "Puppetfile": "puppet",
    "metadata.rb": "chef",
    "site.pp": "puppet",
}
_TOOL_BY_ENDING = {".tf": "terraform", ".tofu": "opentofu", ".pp": "puppet"}


def _infrastructure_tool(path: str) -> str | None:
    pure = PurePosixPath(path)
    if pure.name in _TOOL_BY_NAME:
        return _TOOL_BY_NAME[pure.name]
    if pure.suffix in _TOOL_BY_ENDING:
        return _TOOL_BY_ENDING[pure.suffix]
    if _PLAYBOOK.search(path) or _ANSIBLE_ROLE.search(path):
        return "ansible"
    if pure.name.startswith("cloudformation") or ".cfn." in pure.name:
        return "cloudformation"
    return "kubernetes" if _KUBERNETES.search(path) else None
