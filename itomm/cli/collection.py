"""Building sources from the configuration and running a collection; shared by collect, assess, demo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from itomm.cli.progress import collecting
from itomm.cli.tables import print_paragraph, print_table
from itomm.cli.workspace import Workspace
from itomm.collectors.catalogue import catalogue_source
from itomm.collectors.discovery import UnknownCollectorError, UnknownRecordTypeError, load_collector
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import StreamResult, collect
from itomm.collectors.source import Source, build_source
from itomm.config.errors import InvalidInputError, Problem, UsageError
from itomm.config.settings import Configuration
from itomm.config.structure import nearest, problems_of


def configured_sources(configuration: Configuration) -> list[Source]:
    """Every configured source, the service catalogue first.

    Raises:
        InvalidInputError: with every fault of every source's settings.
    """
    problems: list[Problem] = []
    settings = configuration.settings
    sources = [catalogue_source(Path(configuration.document.file), settings.services)]
    for name, written in settings.sources.items():
        path = ("sources", name)
        try:
            sources.append(build_source(name, _resolved(written, configuration)))
        except ValidationError as error:
            model = load_collector(str(written["collector"])).settings_model
            problems += problems_of(error, model, configuration.document, path)
        except UnknownCollectorError as error:
            problems.append(Problem(configuration.document.place((*path, "collector")), str(error)))
        except UnknownRecordTypeError as error:
            problems.append(Problem(configuration.document.place((*path, "record_types")), str(error)))
    if problems:
        raise InvalidInputError(problems)
    return sources


def run_collection(workspace: Workspace, *, purpose: str, only: Sequence[str] = ()) -> list[StreamResult]:
    """Collect from all sources (or ``only`` some) into the store; one failing source stops no other.

    Raises:
        InvalidInputError: the configuration of a source is wrong; nothing was collected.
        LockedError: another run writes to the store.
    """
    sources = configured_sources(workspace.configuration)
    known = [source.name for source in sources]
    unknown = sorted(set(only) - set(known))
    if unknown:
        raise UsageError(f"There is no source '{unknown[0]}'. {nearest(unknown[0], known)}")
    store = workspace.store
    settings = workspace.configuration.settings
    invocation = workspace.invocation
    with store.writing(purpose), collecting(quiet=invocation.quiet) as progress:
        assignment = Assignment(
            run=store.next_run(),
            until=invocation.clock(),
            history=timedelta(days=settings.history_days),
            services=settings.services,
            pseudonym_key=store.pseudonym_key(),
        )
        chosen = [source for source in sources if not only or source.name in only]
        return collect(chosen, store, assignment, invocation.clock, progress=progress)


def is_complete(results: Sequence[StreamResult]) -> bool:
    """Whether every stream of every source was read whole."""
    return all(result.outcome.complete for result in results)


def print_results(results: Sequence[StreamResult]) -> None:
    """Print a row for each source, then what went wrong, in words."""
    by_source: dict[str, list[StreamResult]] = {}
    for result in results:
        by_source.setdefault(result.source, []).append(result)
    rows = [
        (
            source,
            streams[0].collector,
            f"{sum(stream.outcome.complete for stream in streams)} of {len(streams)}",
            f"{sum(stream.records for stream in streams):,}",
            f"{sum(stream.requests for stream in streams):,}",
            "complete" if is_complete(streams) else "incomplete",
        )
        for source, streams in by_source.items()
    ]
    headings = ("source", "collector", "streams", "records", "requests", "")
    print_table("Collected", headings, rows, right=(2, 3, 4))
    for source, streams in by_source.items():
        _print_faults(source, [stream for stream in streams if not stream.outcome.complete])
        unmapped = sum(stream.outcome.unmapped for stream in streams)
        if unmapped:
            print_paragraph(f"  {source}: {unmapped:,} records belong to no configured service.")


def _print_faults(source: str, failed: Sequence[StreamResult]) -> None:
    by_message: dict[str, list[str]] = {}
    for stream in failed:
        by_message.setdefault(stream.outcome.error, []).append(stream.record_type)
    for message, record_types in by_message.items():
        print_paragraph(f"  {source}: {', '.join(record_types)} incomplete. {message}", style="red")


def _resolved(written: Mapping[str, Any], configuration: Configuration) -> dict[str, Any]:
    """A source's settings with its path made relative to the configuration file."""
    path = written.get("path")
    return {**written, "path": str(configuration.folder / path)} if isinstance(path, str) else dict(written)
