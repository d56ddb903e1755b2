"""What ``itomm doctor`` says of a Redmine. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from itomm.collectors.contract import Check, CheckState
from itomm.collectors.redmine.settings import RedmineSettings
from itomm.collectors.redmine.site import Site


def checks_of(site: Site, settings: RedmineSettings, refused: Mapping[str, int]) -> list[Check]:
    """Who is signed in, and which projects and trackers can be read; ``refused`` ones with their status."""
    signed_in = Check("Signed in", CheckState.OK, f"Redmine as {site.account}")
    return [signed_in, *_project_checks(site, settings, refused), *_tracker_checks(site, settings)]


def _project_checks(site: Site, settings: RedmineSettings, refused: Mapping[str, int]) -> Iterator[Check]:
    by_identifier = {project.identifier: project for project in site.projects.values()}
    if not by_identifier:
        yield Check(
            "Projects",
            CheckState.FAILED,
            "The account sees no project.",
            "Make it a member of the projects, with a role that has the permission 'View issues'.",
        )
    for name in settings.projects or sorted(by_identifier):
        project = by_identifier.get(name)
        if project is None:
            remedy = "Check the identifier, or make the account a member of the project."
            yield Check(f"Project {name}", CheckState.FAILED, "The account does not see it.", remedy)
        elif name in refused:
            remedy = "Give the account a role there with the permission 'View issues'."
            yield Check(f"Project {name}", CheckState.FAILED, f"Redmine answered {refused[name]}.", remedy)
        elif project.hidden:
            yield Check(f"Project {name}", CheckState.FAILED, f"{project.hidden}.")
        elif not project.has_issues:
            yield Check(f"Project {name}", CheckState.OK, "has no issue tracking and is left out")
        elif project.private_hidden:
            remedy = "Give its role the issues visibility 'All issues'."
            yield Check(f"Project {name}", CheckState.WARNING, "Private issues are not seen.", remedy)
        else:
            yield Check(f"Project {name}", CheckState.OK, "all issues are seen")


def _tracker_checks(site: Site, settings: RedmineSettings) -> Iterator[Check]:
    present = {name.casefold() for name in site.trackers.values()}
    for name, kind in settings.trackers.items():
        if name.casefold() not in present:
            yield Check(
                f"Tracker {name}",
                CheckState.WARNING,
                f"Redmine has no such tracker, so no {kind} is read.",
                "Name yours under trackers.",
            )
