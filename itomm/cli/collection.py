"""Building sources from the configuration and running a collection; shared by collect, assess, demo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from itomm.cli.options import Command
from itomm.cli.progress import collecting, working
from itomm.cli.tables import print_paragraph, print_table
from itomm.cli.workspace import Workspace
from itomm.collectors.catalogue import catalogue_source, scope_source
from itomm.collectors.discovery import UnknownCollectorError, UnknownRecordTypeError, load_collector
from itomm.collectors.framework.asking import asked_of_run
from itomm.collectors.framework.continuing import Resumption, can_be_resumed, continuations, standing
from itomm.collectors.framework.kept_answers import AnswersFolder
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import StreamResult, collect
from itomm.collectors.framework.sharing import sources_apart
from itomm.collectors.scope_import import Scope, one_scope, read_catalogue
from itomm.collectors.source import Source, build_source
from itomm.config.clock import format_instant
from itomm.config.errors import InvalidInputError, Problem, UsageError
from itomm.config.scope_settings import import_names
from itomm.config.settings import CATALOGUE_SOURCE, Configuration, Service
from itomm.config.structure import nearest, problems_of
from itomm.config.yaml_source import PathInDocument
from itomm.evidence.letting_go.removals import forgotten_people
from itomm.evidence.observation import UnknownReason
from itomm.evidence.reading.held import HeldRecords
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.store import Store

MOST_WARNINGS = 5
"""Of one source; a handbook may have one for every page."""

_PATHS = ("path", "rules_in_git")
"""Settings of collectors that name files or folders."""


def configured_sources(configuration: Configuration) -> list[Source]:
    """Every configured source, the service catalogue first.

    Raises:
        InvalidInputError: with every fault of every source's settings.
    """
    settings = configuration.settings
    written = [(name, source, ("sources", name)) for name, source in settings.sources.items()]
    catalogue = catalogue_source(Path(configuration.document.file), settings.services)
    return [catalogue, *_built(written, configuration)]


def imported_catalogues(configuration: Configuration) -> list[Source]:
    """The other catalogues that services are imported from, in the order in which they count.

    Raises:
        InvalidInputError: with every fault of every catalogue's settings.
    """
    imports = configuration.settings.scopes.imports
    names = import_names(imports)
    return _built(
        [
            (name, one, ("scopes", "import", index))
            for index, (name, one) in enumerate(zip(names, imports, strict=True))
        ],
        configuration,
    )


def _built(
    written: Iterable[tuple[str, Mapping[str, Any], PathInDocument]], configuration: Configuration
) -> list[Source]:
    """Sources by name, as they are written at some place of the configuration."""
    problems: list[Problem] = []
    sources: list[Source] = []
    for name, one, path in written:
        try:
            sources.append(build_source(name, _resolved(one, configuration)))
        except ValidationError as error:
            model = load_collector(str(one["collector"])).settings_model
            problems += problems_of(error, model, configuration.document, path)
        except UnknownCollectorError as error:
            problems.append(Problem(configuration.document.place((*path, "collector")), str(error)))
        except UnknownRecordTypeError as error:
            problems.append(Problem(configuration.document.place((*path, "record_types")), str(error)))
    if problems:
        raise InvalidInputError(problems)
    return sources


@dataclass(frozen=True)
class Manner:
    """How a collection goes about it.

    Attributes:
        full: read every stream whole, also those of which only what changed would be read.
        afresh: begin a new run, also where an interrupted one could be gone on with.
    """

    full: bool = False
    afresh: bool = False


def manner_options(command: Command) -> Command:
    """Add --full and --afresh."""
    for decorate in (
        click.option("--afresh", is_flag=True, help="Begin anew, also after an interrupted run."),
        click.option("--full", is_flag=True, help="Read everything, not only what changed."),
    ):
        command = decorate(command)
    return command


def run_collection(
    workspace: Workspace, *, purpose: str, only: Sequence[str] = (), manner: Manner = Manner()
) -> list[StreamResult]:
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
    store, invocation = workspace.store, workspace.invocation
    with store.writing(purpose):
        services, asked_of_catalogues = workspace.configuration.settings.services, 0
        if workspace.configuration.settings.scopes.imports and (not only or CATALOGUE_SOURCE in only):
            in_scope, services = _scope(workspace, sources)
            asked_of_catalogues = in_scope.requests
            sources[0] = scope_source(Path(workspace.configuration.document.file), in_scope)
        chosen = [source for source in sources if not only or source.name in only]
        assignment = _assignment(workspace, chosen, services, manner)
        processes = workspace.configuration.settings.processes
        apart = sources_apart(chosen, store.collections(), processes=processes)
        with collecting(quiet=invocation.quiet) as progress:
            results = collect(chosen, store, assignment, invocation.clock, progress=progress, apart=apart)
        store.end_run()
    return [
        replace(one, requests=one.requests + asked_of_catalogues) if one.source == CATALOGUE_SOURCE else one
        for one in results
    ]


def _scope(workspace: Workspace, sources: Sequence[Source]) -> tuple[Scope, tuple[Service, ...]]:
    """The services of the configuration and of all catalogues that it imports, and those to map records to.

    What a catalogue that cannot be read listed before is among these, so that records find their services.
    """
    now = workspace.invocation.clock()
    with working("Reading service catalogues", quiet=workspace.invocation.quiet):
        read = [read_catalogue(source, now) for source in imported_catalogues(workspace.configuration)]
    scope = one_scope(workspace.configuration.as_written, read, sources)
    if all(catalogue.outcome.complete for catalogue in read):
        return scope, scope.services
    listed = {service.id for service in scope.services}
    before = [one for one in workspace.configuration.settings.services if one.id not in listed]
    return scope, (*scope.services, *before)


def _assignment(
    workspace: Workspace, sources: Sequence[Source], services: tuple[Service, ...], manner: Manner
) -> Assignment:
    """What is asked of the sources: the rest of an interrupted run, or a new one."""
    store, settings = workspace.store, workspace.configuration.settings
    history = timedelta(days=settings.history_days)
    asked = asked_of_run(sources, services, history, full=manner.full)
    now = workspace.invocation.clock()
    unfinished = store.unfinished_run()
    if unfinished and not manner.afresh and can_be_resumed(unfinished, asked, now):
        run, until = unfinished.run, unfinished.until
        resumption = _resumption(store, run)
        if not workspace.invocation.quiet:
            _say_what_is_resumed(run, format_instant(until), resumption)
    else:
        run, until, resumption = store.begin_run(now, asked), now, Resumption()
    earlier = [collection for collection in store.collections() if collection.run < run]
    return Assignment(
        run=run,
        until=until,
        history=history,
        services=services,
        pseudonym_key=store.pseudonym_key(),
        forgotten=forgotten_people(store),
        resumption=resumption,
        continue_from={}
        if manner.full
        else continuations(
            sources,
            earlier,
            services=services,
            history=history,
            until=until,
            full_reading_every=timedelta(days=settings.full_reading_days),
        ),
        held=HeldRecords(Snapshot(store.folder, tuple(earlier), tuple(store.compactions())), until),
        standing={} if manner.full else standing(sources, earlier, services=services, history=history),
        answers=AnswersFolder(store.answers_folder(run), asked),
    )


def _resumption(store: Store, run: int) -> Resumption:
    finished = {
        (collection.source, collection.record_type): collection
        for collection in store.collections()
        if collection.run == run
    }
    return Resumption(finished, store.kept_pages(run))


def _say_what_is_resumed(run: int, until: str, resumption: Resumption) -> None:
    pages = sum(kept.pages for kept in resumption.kept.values())
    click.echo(
        f"itomm: going on with run {run} of {until}, which was interrupted: "
        f"{len(resumption.finished)} streams are done, {pages:,} pages of others are kept.",
        err=True,
    )


def is_complete(results: Sequence[StreamResult]) -> bool:
    """Whether every stream was read whole of every source that is connected."""
    return all(result.outcome.as_configured for result in results)


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
            _state(streams),
        )
        for source, streams in by_source.items()
    ]
    headings = ("source", "collector", "streams", "records", "requests", "")
    print_table("Collected", headings, rows, right=(2, 3, 4))
    for source, streams in by_source.items():
        _print_faults(source, [stream for stream in streams if not stream.outcome.as_configured])
        if source != CATALOGUE_SOURCE:  # its conflicts are told with the scope
            _print_warnings(source, streams)


def _state(streams: Sequence[StreamResult]) -> str:
    kept = sum(stream.kept for stream in streams)
    if all(stream.outcome.reason is UnknownReason.NEVER_COLLECTED for stream in streams):
        return "not connected"
    state = "complete" if is_complete(streams) else "incomplete"
    return f"{state}, {kept} kept" if kept else state


def _print_faults(source: str, failed: Sequence[StreamResult]) -> None:
    by_message: dict[str, list[str]] = {}
    for stream in failed:
        by_message.setdefault(stream.outcome.error, []).append(stream.record_type)
    for message, record_types in by_message.items():
        print_paragraph(f"  {source}: {', '.join(record_types)} incomplete. {message}", style="red")


def _print_warnings(source: str, streams: Sequence[StreamResult]) -> None:
    """What harms nothing and is still worth knowing, each once."""
    by_warning: dict[str, list[str]] = {}
    for stream in streams:
        for warning in stream.outcome.warnings:
            by_warning.setdefault(warning, []).append(stream.record_type)
    shown = list(by_warning.items())[:MOST_WARNINGS]
    for warning, record_types in shown:
        kinds = f" ({', '.join(record_types)})" if len(record_types) < len(streams) else ""
        print_paragraph(f"  {source}: {warning}{kinds}")
    if len(by_warning) > len(shown):
        print_paragraph(f"  {source}: and {len(by_warning) - len(shown)} more warnings.")


def _resolved(written: Mapping[str, Any], configuration: Configuration) -> dict[str, Any]:
    """A source's settings with its paths made relative to the configuration file."""
    found = dict(written)
    for name in _PATHS:
        value = written.get(name)
        if isinstance(value, str):
            found[name] = str(configuration.folder / value)
        elif isinstance(value, list):
            found[name] = [str(configuration.folder / one) if isinstance(one, str) else one for one in value]
    return found
