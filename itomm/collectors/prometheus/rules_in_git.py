"""Which alerts are written down in repositories, so that a loaded rule is told from one typed in by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from itomm.collectors.contract import Check, CheckState, CollectionContext, SourceError
from itomm.collectors.local_git.opening import open_repository
from itomm.collectors.local_git.settings import LocalGitSettings

_MAY_HOLD_RULES = re.compile(r".+\.(ya?ml|rules|json|jsonnet|libsonnet|tpl|tmpl|j2)", re.IGNORECASE)
"""Rule files, manifests of the operator, their sources and templates."""

_LIKELY_HOLDS_RULES = re.compile(r".*(rule|alert|prometheus)[^/]*\.(ya?ml|rules)", re.IGNORECASE)

_ALERT = re.compile(
    r"""^(?!\s*(?:\#|//))                # no comment
        [^\n]*?\balert["']?\s*:\s*["']?  # alert: Name, or "alert": "Name"
        ([A-Za-z_][\w:.-]*)""",
    re.MULTILINE | re.VERBOSE,
)


def alert_names(text: str) -> set[str]:
    """The alerts that a rule file, or the template of one, defines; a template is not filled in."""
    return set(_ALERT.findall(text))


def files_by_alert(repository: Path, until: datetime) -> dict[str, str]:
    """In which file of a repository each alert is defined, as of an instant.

    Raises:
        SourceError: there is no repository, no git to read it, no commit so far, or a rule file is not
            read as it is too large: what it defines would look absent.
    """
    history = open_repository(LocalGitSettings(path=repository), until).history
    if history is None:
        raise SourceError(f"{repository} has no commit up to {until:%Y-%m-%d}.")
    files = history.files()
    unread = [path for path in history.paths() if path not in files and _LIKELY_HOLDS_RULES.fullmatch(path)]
    if unread:
        raise SourceError(f"{repository}: {unread[0]} is too large to be read, or a link.")
    texts = history.texts(files, [path for path in files if _MAY_HOLD_RULES.fullmatch(path)])
    return {name: path for path, text in sorted(texts.items(), reverse=True) for name in alert_names(text)}


def places_in_git(repositories: Sequence[Path], context: CollectionContext) -> Mapping[str, str] | None:
    """Where in these repositories each alert is defined; None where that cannot be told, which is noted.

    When one of several cannot be read, an alert that stands there would look as if it stood nowhere.
    """
    if not repositories:
        context.cannot_tell(
            "in_git", "Prometheus does not tell; name the rules' repositories in rules_in_git"
        )
        return None
    found: dict[str, str] = {}
    for repository in repositories:
        try:
            for name, path in files_by_alert(repository, context.until).items():
                found.setdefault(name, f"{repository.name}: {path}")
        except SourceError as error:
            context.cannot_tell("in_git", str(error))
            return None
    return found


def repository_checks(repositories: Sequence[Path], until: datetime) -> list[Check]:
    """Whether the repositories can be read, and how many alerts they define."""
    checks = []
    for repository in repositories:
        title = f"rules in {repository}"
        try:
            found = files_by_alert(repository, until)
        except SourceError as error:
            checks.append(Check(title, CheckState.WARNING, str(error), "Correct rules_in_git."))
        else:
            state = CheckState.OK if found else CheckState.WARNING
            checks.append(Check(title, state, f"{len(found)} alerts are defined"))
    return checks
