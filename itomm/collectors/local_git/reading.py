"""What is read from a repository for each stream; the mapping to records is elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta

from itomm.collectors.contract import CollectionContext
from itomm.collectors.local_git.commits import Named, commit_observation, merges, release
from itomm.collectors.local_git.documents import Text, document, exercise, postmortem, sort_paths
from itomm.collectors.local_git.files import iac_definitions, repository
from itomm.collectors.local_git.front_matter import read_markdown
from itomm.collectors.local_git.history import History
from itomm.collectors.local_git.settings import LocalGitSettings
from itomm.evidence.observation import Observation, Page

MERGED_LATE = timedelta(days=30)
"""Commits this much older than the window are read along: they may have been merged only now."""

_CI_FILE = re.compile(r"(\.gitlab-ci\.yml|\.gitlab/ci/.+\.ya?ml|\.github/workflows/.+\.ya?ml|Jenkinsfile)")


def read_commits(
    history: History, named: Named, settings: LocalGitSettings, context: CollectionContext
) -> Page:
    """Commits of the window."""
    del settings
    since = context.since - MERGED_LATE
    commits = [one for one in history.commits(since) if since <= one.committed_at <= context.until]
    changes = history.changes(since)
    signed = history.signed([one.sha for one in commits])
    found = [
        commit_observation(one, changes.get(one.sha), signed=one.sha in signed, named=named)
        for one in commits
    ]
    return Page(tuple(found), history.request("log", "--numstat", f"--since={since.date()}"))


def read_merge_requests(
    history: History, named: Named, settings: LocalGitSettings, context: CollectionContext
) -> Page:
    """Merges of the window."""
    del settings
    since = context.since - MERGED_LATE
    found = merges(history.commits(), history.mainline(), since, named)
    if not found:
        context.warn(f"{named.repo_id} shows no merges and no review trailers.")
    return Page(tuple(found), history.request("log", "--first-parent", f"--since={since.date()}"))


def read_repository(
    history: History, named: Named, settings: LocalGitSettings, context: CollectionContext
) -> Page:
    """The repository itself."""
    del settings
    found = repository(history.branch, history.newest(), history.paths(), context.until, named)
    return Page((found,), history.request("ls-tree", "-r", "--name-only"))


def read_iac_definitions(
    history: History, named: Named, settings: LocalGitSettings, context: CollectionContext
) -> Page:
    """Folders that describe infrastructure, with what the CI files say about them."""
    del settings, context
    files = history.files()
    pipelines = history.texts(files, [path for path in files if _CI_FILE.fullmatch(path)])
    found = iac_definitions(history.paths(), pipelines.values(), history.head, named)
    return Page(tuple(found), history.request("ls-tree", "-r", "--name-only"))


def read_releases(
    history: History, named: Named, settings: LocalGitSettings, context: CollectionContext
) -> Page:
    """Release tags up to the window's end."""
    pattern = re.compile(settings.release_tags)
    tags = [tag for tag in history.tags() if pattern.fullmatch(tag.name) and tag.at <= context.until]
    return Page(tuple(release(tag, named) for tag in tags), history.request("for-each-ref", "refs/tags"))


def read_documents(
    history: History, named: Named, settings: LocalGitSettings, context: CollectionContext
) -> Page:
    """Governed texts."""
    paths = sort_paths(history.files(), settings.document_folders)[0]
    return _texts(paths, lambda text: document(text, context.until), history, named, context)


def read_postmortems(
    history: History, named: Named, settings: LocalGitSettings, context: CollectionContext
) -> Page:
    """Post-incident reviews."""
    paths = sort_paths(history.files(), settings.document_folders)[1]
    return _texts(paths, lambda text: postmortem(text, context.until), history, named, context)


def read_exercises(
    history: History, named: Named, settings: LocalGitSettings, context: CollectionContext
) -> Page:
    """Exercises."""
    paths = sort_paths(history.files(), settings.document_folders)[2]
    return _texts(paths, lambda text: exercise(text, context.until), history, named, context)


READERS: Mapping[str, Callable[[History, Named, LocalGitSettings, CollectionContext], Page]] = {
    "commit": read_commits,
    "repository": read_repository,
    "release": read_releases,
    "document": read_documents,
    "postmortem": read_postmortems,
    "exercise": read_exercises,
    "iac_definition": read_iac_definitions,
    "merge_request": read_merge_requests,
}


def _texts(
    paths: list[str],
    observe: Callable[[Text], Observation | None],
    history: History,
    named: Named,
    context: CollectionContext,
) -> Page:
    files = history.files()
    touches = history.touches(paths)
    found = []
    for path, content in history.texts(files, paths).items():
        text = Text(
            repo_id=named.repo_id,
            path=path,
            markdown=read_markdown(content),
            touches=tuple(touches[path]),
            url=named.links.file(path, history.head),
            repository_keys=named.service_keys,
        )
        if text.markdown.fault:
            context.warn(f"{path}: {text.markdown.fault}, so it was not read.")
        observed = observe(text)
        if observed is None:
            context.warn(f"{path} was left out: it does not say what it is about, or when.")
        else:
            found.append(observed)
    return Page(tuple(found), history.request("log", "--", *_folders(paths)))


def _folders(paths: list[str]) -> list[str]:
    return sorted({path.rpartition("/")[0] for path in paths})
