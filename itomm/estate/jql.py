"""A small part of JQL: what a collector needs, and Jira's own words for the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itomm.estate.company import TRACKER_PROJECTS
from itomm.estate.jira_fields import CUSTOM_FIELDS
from itomm.estate.tickets import Ticket

ISSUE_TYPES = (
    "Incident",
    "Change",
    "Problem",
    "Service Request",
    "Improvement",
    "Risk",
    "Post-incident review",
    "Task",
)
_TOKEN = re.compile(
    r"""\s*(?:("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(>=|<=|!=|=|<|>|\(|\)|,)|([^\s"'()=<>!,]+))"""
)
_CLOCK_FIELD = re.compile(r"cf\[(\d+)\]")
_RELATIVE = re.compile(r"-(\d+)([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DATE_FORMATS = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")
_SORTABLE = ("created", "updated", "key")

Condition = Callable[[Ticket], bool]


class JqlError(ValueError):
    """The query is wrong; the text is what Jira would answer."""


@dataclass(frozen=True)
class Query:
    """A checked query."""

    conditions: tuple[Condition, ...]
    order: tuple[tuple[str, bool], ...]  # field, descending

    def select(self, tickets: Sequence[Ticket]) -> list[Ticket]:
        """The tickets that satisfy the query, in its order (default: newest first, as Jira does)."""
        found = [ticket for ticket in tickets if all(condition(ticket) for condition in self.conditions)]
        for name, descending in reversed(self.order or (("created", True),)):
            found.sort(key=_SORT_KEYS[name], reverse=descending)
        return found


def _key_number(ticket: Ticket) -> tuple[str, int]:
    project, _, number = ticket.key.partition("-")
    return project, int(number)


_SORT_KEYS: dict[str, Callable[[Ticket], tuple[object, ...]]] = {
    "created": lambda ticket: (ticket.created_at, _key_number(ticket)),
    "updated": lambda ticket: (ticket.updated_at, _key_number(ticket)),
    "key": _key_number,
}


def parse(text: str, now: datetime) -> Query:
    """Read a query.

    Raises:
        JqlError: it is no JQL, or uses what the stand-in does not know.
    """
    tokens = list(_tokens(text))
    conditions: list[Condition] = []
    position = 0
    while position < len(tokens) and tokens[position].lower() != "order":
        if conditions:
            if tokens[position].lower() != "and":
                raise JqlError(
                    f"Error in the JQL Query: Expecting either 'OR' or 'AND' but got '{tokens[position]}'. "
                    f"(line 1, character {text.find(tokens[position]) + 1})"
                )
            position += 1
        condition, position = _either(tokens, position, now)
        conditions.append(condition)
    return Query(tuple(conditions), _order(tokens[position:]))


def _tokens(text: str) -> Iterator[str]:
    position = 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None:
            raise JqlError(
                f"Error in the JQL Query: The character '{stripped[position]}' is not expected here."
            )
        quoted, symbol, word = match.groups()
        yield quoted[1:-1] if quoted else symbol or word
        position = match.end()


def _either(tokens: Sequence[str], position: int, now: datetime) -> tuple[Condition, int]:
    """A clause, or several in brackets of which one must hold."""
    if tokens[position : position + 1] != ["("]:
        return _clause(tokens, position, now)
    conditions: list[Condition] = []
    while True:
        condition, position = _clause(tokens, position + 1, now)
        conditions.append(condition)
        following = tokens[position].lower() if position < len(tokens) else ""
        if following == ")":
            return lambda ticket: any(holds(ticket) for holds in conditions), position + 1
        if following != "or":
            raise JqlError(f"Error in the JQL Query: Expecting ')' or 'OR' but got '{following}'.")


def _clause(tokens: Sequence[str], position: int, now: datetime) -> tuple[Condition, int]:
    if position + 2 >= len(tokens):
        last = tokens[-1] if tokens else ""
        raise JqlError(f"Error in the JQL Query: The query ends after '{last}' where more is expected.")
    field, operator = tokens[position].lower(), tokens[position + 1].lower()
    position += 2
    if operator == "in":
        if tokens[position] != "(":
            raise JqlError(f"Error in the JQL Query: Expecting '(' but got '{tokens[position]}'.")
        end = next((at for at in range(position, len(tokens)) if tokens[at] == ")"), None)
        if end is None:
            raise JqlError("Error in the JQL Query: Expecting ')' before the end of the query.")
        values = [word for word in tokens[position + 1 : end] if word != ","]
        return _listed(field, values), end + 1
    value = tokens[position]
    clock = _CLOCK_FIELD.fullmatch(field)
    if clock is not None and tokens[position + 1 : position + 3] == ["(", ")"]:
        return _state_of_clock(clock[1], value.lower()), position + 3
    if field in {"created", "updated"}:
        return _dated(field, operator, value, now), position + 1
    if operator != "=":
        raise JqlError(f"The operator '{operator}' is not supported by the '{field}' field.")
    return _listed(field, [value]), position + 1


def _state_of_clock(number: str, state: str) -> Condition:
    """Issues whose service level clock, a custom field, runs; the stand-in's clocks never pause."""
    names = [one.name for one in CUSTOM_FIELDS if one.id == f"customfield_{number}" and one.shape == "clock"]
    if not names or state not in {"running", "paused"}:
        raise JqlError(f"Unable to find JQL function '{state}()'.")

    def holds(ticket: Ticket) -> bool:
        clock = ticket.clock(names[0])
        return state == "running" and clock is not None and clock.stopped_at is None

    return holds


def _listed(field: str, values: Sequence[str]) -> Condition:
    wanted = {value.lower() for value in values}
    if field == "project":
        _must_exist(field, values, {name.lower() for name in TRACKER_PROJECTS})
        return lambda ticket: ticket.project.lower() in wanted
    if field in {"issuetype", "type"}:
        _must_exist("issuetype", values, {name.lower() for name in ISSUE_TYPES})
        return lambda ticket: ticket.kind.lower() in wanted
    if field in {"labels", "label"}:
        return lambda ticket: any(label.lower() in wanted for label in ticket.labels)
    if field in {"key", "issuekey"}:
        return lambda ticket: ticket.key.lower() in wanted
    if field == "component":
        return lambda ticket: (ticket.component or "").lower() in wanted
    raise JqlError(f"Field '{field}' does not exist or you do not have permission to view it.")


def _must_exist(field: str, values: Sequence[str], known: set[str]) -> None:
    for value in values:
        if value.lower() not in known:
            raise JqlError(f"The value '{value}' does not exist for the field '{field}'.")


def _dated(field: str, operator: str, value: str, now: datetime) -> Condition:
    moment = _moment(value, now)
    if moment is None:
        raise JqlError(
            f"Date value '{value}' for field '{field}' is invalid. Valid formats include: "
            "'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', "
            "or a period format e.g. '-5d', '4w 2d'."
        )
    compare: dict[str, Callable[[datetime], bool]] = {
        ">=": lambda at: at >= moment,
        ">": lambda at: at > moment,
        "<=": lambda at: at <= moment,
        "<": lambda at: at < moment,
        "=": lambda at: at == moment,
    }
    if operator not in compare:
        raise JqlError(f"The operator '{operator}' is not supported by the '{field}' field.")
    check = compare[operator]
    if field == "created":
        return lambda ticket: check(ticket.created_at)
    return lambda ticket: check(ticket.updated_at)


def _moment(text: str, now: datetime) -> datetime | None:
    relative = _RELATIVE.fullmatch(text)
    if relative is not None:
        return now - timedelta(**{_UNITS[relative[2]]: int(relative[1])})
    for form in _DATE_FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _order(tokens: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    if not tokens:
        return ()
    words = [token.lower() for token in tokens]
    if words[:2] != ["order", "by"] or len(words) < 3:
        raise JqlError("Error in the JQL Query: Expecting 'BY' and a field after 'ORDER'.")
    order: list[tuple[str, bool]] = []
    for word in words[2:]:
        if word in {"asc", "desc"} and order:
            order[-1] = (order[-1][0], word == "desc")
        elif word == ",":
            continue
        elif word in _SORTABLE:
            order.append((word, False))
        else:
            raise JqlError(f"Not able to sort using field '{word}'.")
    return tuple(order)
