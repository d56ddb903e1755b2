"""What one Jira site calls things: its fields, statuses, priorities and issue types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from itomm.collectors.jira.history import CATEGORIES
from itomm.collectors.jira.settings import JiraSettings
from itomm.collectors.payload import Payload, mapping_of, text_of

SERVICE_LEVEL_FIELD = "com.atlassian.servicedesk:sd-sla-field"
"""The custom type of every service level clock of Jira Service Management."""

METRICS = {"time_to_first_response": "response", "time_to_resolution": "resolution"}


@dataclass(frozen=True)
class ServiceLevelField:
    """A field that holds one service level clock; ``metric`` is response, resolution or other."""

    id: str
    name: str
    metric: str


@dataclass(frozen=True)
class Site:
    """A site's vocabulary, read once per run.

    Attributes:
        server: the address that people open, without a slash at its end.
        settings: the source's settings.
        field_ids: field ids by our field name, in the site's order; only fields that the site has. Several
            fields may bear one name: team-managed projects of Cloud each bring their own.
        service_levels: the site's service level clocks.
        categories: open, in_progress or done by status id.
        priorities: 1 (highest) to 5 by priority id, by position in the site's list.
        issue_types: the site's issue type names.
    """

    server: str
    settings: JiraSettings
    field_ids: Mapping[str, tuple[str, ...]]
    service_levels: tuple[ServiceLevelField, ...]
    categories: Mapping[str, str]
    priorities: Mapping[str, int]
    issue_types: frozenset[str]

    def has(self, name: str) -> bool:
        """Whether the site has our field ``name``."""
        return name in self.field_ids

    def value(self, issue: Payload, name: str) -> object:
        """The issue's value of our field ``name``, as sent; None when absent.

        Of several fields of that name, the first that says something.
        """
        fields = mapping_of(issue.get("fields"))
        values = [fields.get(field_id) for field_id in self.field_ids.get(name, ())]
        return next((value for value in values if value not in (None, "", [])), None)

    def text(self, issue: Payload, name: str) -> str | None:
        """The issue's value of our field ``name`` in words; None when absent or empty."""
        return words_of(self.value(issue, name))

    def url(self, key: str) -> str:
        """The page that shows the issue."""
        return f"{self.server}/browse/{key}"

    def present_issue_types(self, *kinds: str) -> list[str]:
        """The configured issue types of ``kinds`` that the site has, as the site spells them."""
        wanted = {name.casefold() for name in self.settings.issue_types_of(*kinds)}
        return sorted(name for name in self.issue_types if name.casefold() in wanted)

    def kind_of(self, issue_type: str | None) -> str | None:
        """Our kind of an issue type's name; None when the settings do not map it."""
        folded = (issue_type or "").casefold()
        return next(
            (kind for name, kind in self.settings.issue_types.items() if name.casefold() == folded), None
        )


def words_of(value: object) -> str | None:
    """A field's value in words, whatever its type: text, option, list, number or rich text."""
    if isinstance(value, Mapping):
        if value.get("type") == "doc":
            return text_of(" ".join(_rich_text(value)))
        request_type = mapping_of(value.get("requestType"))
        found = (
            value.get("value") or value.get("name") or request_type.get("name") or value.get("displayName")
        )
        return words_of(found)
    if isinstance(value, list):
        return text_of(", ".join(words for words in map(words_of, value) if words))
    if isinstance(value, bool) or value is None:
        return None
    return text_of(str(value))


def _rich_text(node: Payload) -> Iterable[str]:
    """The words of an Atlassian document, which is a tree of nodes."""
    text = text_of(node.get("text"))
    if text:
        yield text
    for child in node.get("content") or ():
        yield from _rich_text(mapping_of(child))


def read_site(
    server: str,
    settings: JiraSettings,
    *,
    fields: Iterable[Payload],
    statuses: Iterable[Payload],
    priorities: Iterable[Payload],
    issue_types: Iterable[Payload],
) -> Site:
    """Build the vocabulary from the site's field, status, priority and issue type lists."""
    listed = list(fields)
    field_ids = {
        ours: found
        for ours, theirs in settings.field_names().items()
        if (found := tuple(str(field["id"]) for field in listed if _is_called(field, theirs)))
    }
    return Site(
        server=server.rstrip("/"),
        settings=settings,
        field_ids={ours: found for ours, found in field_ids.items() if ours not in METRICS},
        service_levels=_service_levels(listed, field_ids),
        categories={
            str(status["id"]): CATEGORIES[key]
            for status in statuses
            if (key := str(mapping_of(status.get("statusCategory")).get("key"))) in CATEGORIES
        },
        priorities={
            str(priority["id"]): min(position, 5) for position, priority in enumerate(priorities, start=1)
        },
        issue_types=frozenset(name for found in issue_types if (name := text_of(found.get("name")))),
    )


def _is_called(field: Payload, name: str) -> bool:
    """Whether a field has this name, in the account's language or the site's own, or this id."""
    names = (field.get("name"), field.get("untranslatedName"), field.get("id"))
    return name.casefold() in {str(known).casefold() for known in names if known}


def _service_levels(
    fields: list[Payload], field_ids: Mapping[str, Sequence[str]]
) -> tuple[ServiceLevelField, ...]:
    metric_by_id = {
        field_id: metric for ours, metric in METRICS.items() for field_id in field_ids.get(ours, ())
    }
    return tuple(
        ServiceLevelField(field_id, str(field.get("name", "")), metric_by_id.get(field_id, "other"))
        for field in fields
        if (field_id := str(field["id"])) in metric_by_id
        or mapping_of(field.get("schema")).get("custom") == SERVICE_LEVEL_FIELD
    )
