"""Notification routes: for every node of the route tree, which receiver it reaches and how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from itomm.collectors.alertmanager.api import AlertmanagerApi
from itomm.collectors.alertmanager.matchers import Matcher, equal_values, matchers_of_route
from itomm.collectors.alertmanager.settings import AlertmanagerSettings
from itomm.collectors.contract import CollectionContext, SourceError
from itomm.collectors.payload import Payload, mapping_of, rows_of, text_of
from itomm.evidence.observation import Observation, Page

MOST_ROUTES = 20_000
_CONFIGURATIONS = "_configs"


@dataclass(frozen=True)
class Route:
    """A node of the tree with what it inherits: matchers of its ancestors, and their receiver."""

    receiver: str
    matchers: tuple[Matcher, ...]
    raw: Payload


def route_pages(
    api: AlertmanagerApi, settings: AlertmanagerSettings, _context: CollectionContext
) -> Iterator[Page]:
    """One page with every node of the route tree."""
    text = api.configuration()
    yield Page(tuple(notification_routes(text, settings)), api.last_request)


def notification_routes(text: str, settings: AlertmanagerSettings) -> Iterator[Observation]:
    """The routes in a configuration's text.

    Raises:
        SourceError: the text is not the configuration of an Alertmanager, or its tree has no end.
    """
    try:
        configuration = yaml.safe_load(text)
    except yaml.YAMLError:
        raise SourceError("Alertmanager's configuration is not valid YAML; it could not be read.") from None
    root = mapping_of(mapping_of(configuration).get("route"))
    if not root:
        raise SourceError("Alertmanager's configuration has no route; it could not be read.")
    kinds = integrations_by_receiver(rows_of(mapping_of(configuration).get("receivers")))
    seen: Counter[str] = Counter()
    for number, route in enumerate(walk(root), start=1):
        if number > MOST_ROUTES:
            raise SourceError(f"Alertmanager's route tree has more than {MOST_ROUTES:,} nodes.")
        name = f"{route.receiver} {{{','.join(map(str, route.matchers))}}}"
        seen[name] += 1
        source_ref = f"{name}#{seen[name]}" if seen[name] > 1 else name
        yield _notification_route(route, kinds.get(route.receiver, []), source_ref, settings)


def integrations_by_receiver(receivers: list[Payload]) -> dict[str, list[str]]:
    """For each receiver the kinds of its integrations, sorted; an empty list reaches nobody."""
    return {
        str(receiver.get("name", "")): sorted(
            key.removesuffix(_CONFIGURATIONS)
            for key, configured in receiver.items()
            if key.endswith(_CONFIGURATIONS) and isinstance(configured, list) and configured
        )
        for receiver in receivers
    }


def walk(node: Payload, above: Route | None = None) -> Iterator[Route]:
    """The node and all below it, parents first."""
    inherited = (above.receiver, above.matchers) if above else ("", ())
    route = Route(
        receiver=text_of(node.get("receiver")) or inherited[0],
        matchers=(*inherited[1], *matchers_of_route(node)),
        raw={key: value for key, value in node.items() if key != "routes"},
    )
    yield route
    for child in rows_of(node.get("routes")):
        yield from walk(child, route)


def _notification_route(
    route: Route, integrations: list[str], source_ref: str, settings: AlertmanagerSettings
) -> Observation:
    paging = route.receiver in settings.paging_receivers or not set(settings.paging_integrations).isdisjoint(
        integrations
    )
    return Observation(
        source_ref=source_ref,
        fields={
            "receiver": route.receiver,
            "matchers": [str(matcher) for matcher in route.matchers],
            "integrations": integrations,
            "paging": paging,
        },
        raw={"route": route.raw, "receiver": {"name": route.receiver, "integrations": integrations}},
        url=f"{settings.page}/#/status",
        service_keys=equal_values(route.matchers, settings.service_labels),
    )
