"""The local git collector: one repository on disk, as of the collection's instant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from itomm.collectors.contract import (
    Check,
    CheckState,
    CollectionContext,
    Collector,
    CollectorSettings,
    Stream,
)
from itomm.collectors.local_git.opening import open_repository
from itomm.collectors.local_git.reading import READERS
from itomm.collectors.local_git.settings import LocalGitSettings
from itomm.evidence.observation import Page, UnknownReason

NEEDS = "read access to the folder"

NEWEST_COMMIT_ONLY = frozenset({"repository", "iac_definition"})
"""Streams that a shallow clone does not spoil."""

UNSHALLOW = "Run: git fetch --unshallow"


class LocalGitCollector(Collector):
    """A git repository on disk: a service's own, or a handbook of runbooks, policies and reviews."""

    name: ClassVar[str] = "local_git"
    title: ClassVar[str] = "Local git repository"
    settings_model: ClassVar[type[CollectorSettings]] = LocalGitSettings
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream("commit", cursor_field="committed_at", needs=NEEDS),
        Stream("repository", needs=NEEDS, cannot_tell=("archived", "visibility")),
        Stream("release", needs=NEEDS, cannot_tell=("provenance", "sbom")),
        Stream("document", needs=NEEDS),
        Stream("postmortem", needs=NEEDS),
        Stream("exercise", needs=NEEDS),
        Stream("iac_definition", needs=NEEDS),
        Stream(
            "merge_request",
            cursor_field="created_at",
            needs=NEEDS,
            cannot_tell=("first_review_at", "labels", "pipeline_status", "size_lines"),
        ),
    )

    def __init__(self, settings: CollectorSettings) -> None:
        if not isinstance(settings, LocalGitSettings):
            raise TypeError("the local git collector takes LocalGitSettings")
        self._settings = settings

    def check(self, context: CollectionContext) -> list[Check]:
        """Open the repository and tell which branch and commit count."""
        opened = open_repository(self._settings, context.until)
        title = f"Repository {opened.named.repo_id}"
        if opened.history is None:
            return [
                Check(title, CheckState.WARNING, "It has no commit.", "Commit something, or name a branch.")
            ]
        where = f"{opened.history.branch} at {opened.history.head[:12]}"
        checks = [Check(title, CheckState.OK, where)]
        if opened.is_shallow:
            checks.append(Check("History", CheckState.FAILED, "It is a shallow clone.", UNSHALLOW))
        return checks

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        """Yield one stream as one page; git tells it at once."""
        del cursor  # the context's window says the same
        opened = open_repository(self._settings, context.until)
        context.asked(opened.named.repo_id)
        if opened.is_shallow and stream.record_type not in NEWEST_COMMIT_ONLY:
            context.incomplete(
                UnknownReason.INSUFFICIENT_COVERAGE,
                f"{self._settings.path} is a shallow clone, so its history is cut. {UNSHALLOW}",
            )
        if opened.history is None:
            context.warn(f"{self._settings.path} has no commit up to {context.until:%Y-%m-%d}.")
            return
        yield READERS[stream.record_type](opened.history, opened.named, self._settings, context)
