"""Settings of a tool that answers JSON over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from itomm.collectors.contract import NetworkedSettings
from itomm.collectors.framework.secret_keys import is_secret_key
from itomm.collectors.http_json.times import form_fault, names_no_time_of_day
from itomm.collectors.mapping.declared import RecordMapping, Texts
from itomm.collectors.mapping.fitting import Fault, fitting, refuse
from itomm.collectors.mapping.links import is_web_address
from itomm.collectors.mapping.paths import path_fault
from itomm.collectors.mapping.zones import ZoneName
from itomm.config.secrets import SCHEMES
from itomm.config.structure import StrictModel
from itomm.evidence.record_types import record_types

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
IN_QUERIES = frozenset({"since", "until", "scope"})
OWN = "$scope"
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection"})


def _must_be_path(text: str) -> str:
    wrong = path_fault(text)
    if wrong:
        raise ValueError(wrong)
    return text


ExpressionText = Annotated[str, AfterValidator(_must_be_path)]


class Paging(StrictModel):
    """How a list goes on after its first page.

    Attributes:
        by: ``none``; ``number`` (of the page); ``offset`` (rows so far); ``cursor`` (a token in the answer);
            ``link`` (an address in the answer or its Link header, of which only the query is used).
        parameter: the query parameter for number, offset or cursor.
        first: the number of the first page, or the first offset.
        size: how many rows a full page has.
        size_parameter: the query parameter by which so many are asked for.
        next: where the token or address of the next page stands in the answer; for a link in place of its
            Link header.
        more: where the answer says whether there is more (true or false).
        total: where the answer says how many rows there are in all.
        total_header: the header that says so.
    """

    by: Literal["none", "number", "offset", "cursor", "link"] = "none"
    parameter: str | None = None
    first: Annotated[int, Field(ge=0)] | None = None
    size: Annotated[int, Field(ge=1, le=100_000)] | None = None
    size_parameter: str | None = None
    next: ExpressionText | None = None
    more: ExpressionText | None = None
    total: ExpressionText | None = None
    total_header: str | None = None

    @model_validator(mode="after")
    def _holds_together(self) -> Paging:
        refuse(list(self._faults()))
        return self

    def _faults(self) -> Iterator[Fault]:
        if self.by in ("number", "offset", "cursor") and self.parameter is None:
            yield ("by",), f"paging by {self.by} needs parameter, the name of its query parameter"
        if self.by in ("none", "link") and self.parameter is not None:
            yield ("parameter",), f"parameter says nothing about paging by {self.by}"
        if self.by == "cursor" and self.next is None:
            yield ("by",), "paging by cursor needs next, where the token stands in the answer"
        if self.by in ("none", "number", "offset") and self.next is not None:
            yield ("next",), f"next says nothing about paging by {self.by}"
        if self.by not in ("number", "offset") and self.first is not None:
            yield ("first",), f"first says nothing about paging by {self.by}"
        if self.size_parameter is not None and self.size is None:
            yield ("size_parameter",), "size_parameter needs size, how many rows to ask for"
        if self.total is not None and self.total_header is not None:
            yield ("total_header",), "say either total or total_header"


class HttpRecords(RecordMapping):
    """Which list holds one record type, and how to read it.

    Attributes:
        get: the path below the source's url, with ``{scope}`` where a scope belongs.
        query: query parameters, in which ``{since}``, ``{until}`` and ``{scope}`` are filled in.
        time: how ``{since}`` and ``{until}`` are written: ``iso``, ``epoch``, ``epoch_ms`` or directives.
        zone: the time zone in which directives write them.
        changes: the query parameter that keeps the list to rows changed since an instant.
        scopes: parts of the tool that are asked one by one, by the names that services use.
        rows: where the rows are in an answer; default: the answer itself.
        page: how the list goes on.
    """

    get: str
    query: dict[str, str] = Field(default_factory=dict)
    time: str = "iso"
    zone: ZoneName = "UTC"
    changes: Annotated[str, Field(min_length=1)] | None = None
    scopes: Texts = ()
    rows: ExpressionText | None = None
    page: Paging = Paging()

    @field_validator("query", mode="before")
    @classmethod
    def _plain_values(cls, query: object) -> object:
        if not isinstance(query, dict):
            return query
        return {name: _as_parameter(value) for name, value in query.items()}

    @model_validator(mode="after")
    def _holds_together(self) -> HttpRecords:
        refuse(list(self._faults()))
        return self

    def _faults(self) -> Iterator[Fault]:
        yield from _path_faults(self.get)
        yield from self._scope_faults()
        for name, value in self.query.items():
            unknown = sorted(set(PLACEHOLDER.findall(value)) - IN_QUERIES)
            if unknown:
                yield (
                    ("query", name),
                    f"there is no {{{unknown[0]}}}; there are {{since}}, {{until}}, {{scope}}",
                )
            if "{until}" in value and names_no_time_of_day(self.time):
                yield ("query", name), "a date without a time of day would cut off the last day; leave it out"
            if value.startswith(SCHEMES):
                yield ("query", name), "a secret in an address is seen by many; send it in one of the headers"
        wrong = form_fault(self.time)
        if wrong:
            yield ("time",), wrong
        if self.link is not None and not _is_link(self.link):
            yield ("link",), "write an address: https://host/…, /path/… below the host, or {a field with one}"

    def _scope_faults(self) -> Iterator[Fault]:
        used = any("scope" in PLACEHOLDER.findall(text) for text in (self.get, *self.query.values()))
        if self.scopes and not used:
            yield ("scopes",), "write {scope} in get or query, so that each scope is asked for"
        if used and not self.scopes:
            yield ("get",), "list the scopes that are to be filled in"
        if len(set(self.scopes)) < len(self.scopes):
            yield ("scopes",), "a scope stands here twice"


class HttpJsonSettings(NetworkedSettings):
    """A tool that answers JSON over HTTP.

    Attributes:
        headers: sent with every request; secrets among them are references such as ``env:DESK_KEY``.
        records: by record type: which list, how it is paged, and what its fields mean.
    """

    headers: dict[str, str] = Field(default_factory=dict)
    records: dict[str, HttpRecords]

    @field_validator("headers")
    @classmethod
    def _holds_no_secret(cls, headers: dict[str, str]) -> dict[str, str]:
        refuse([((name,), text) for name, value in headers.items() for text in _header_faults(name, value)])
        return headers

    @field_validator("records")
    @classmethod
    def _fits_the_record_types(cls, records: dict[str, HttpRecords]) -> dict[str, HttpRecords]:
        fitting(records, _expression_fault)
        refuse(
            [
                ((kind, "changes"), f"{kind} is state, which is always read whole; leave changes out")
                for kind, mapping in records.items()
                if mapping.changes and record_types()[kind].is_state
            ]
        )
        return records


def _as_parameter(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else value


def _path_faults(path: str) -> Iterator[Fault]:
    parts = urlsplit(path)
    if not path.startswith("/") or path.startswith("//") or ".." in path.split("/") or "\\" in path:
        yield ("get",), "write the path below the source's url, beginning with '/'"
    if parts.query or parts.fragment:
        yield ("get",), "write what follows the '?' under query"
    unknown = sorted(set(PLACEHOLDER.findall(path)) - {"scope"})
    if unknown:
        yield ("get",), f"there is no {{{unknown[0]}}} in a path; there is {{scope}}"


def _is_link(template: str) -> bool:
    if PLACEHOLDER.fullmatch(template) or re.match(r"/(?!/)", template):
        return True
    start = template.partition("{")[0]
    return is_web_address(start) and urlsplit(start).path.startswith("/")


def _header_faults(name: str, value: str) -> Iterator[str]:
    if not _HEADER_NAME.fullmatch(name) or not value.isprintable():
        yield "this is no header of HTTP"
    if name.lower() in _OURS:
        yield f"the header {name} is set by the client"
    may_be_secret = is_secret_key(name) or any(word in name.lower() for word in ("auth", "key", "token"))
    if may_be_secret and not value.startswith(SCHEMES):
        yield "a secret stands here literally. Put it elsewhere and refer to it, such as env:NAME"


def _expression_fault(mapping: RecordMapping, path: str) -> str | None:
    if not path.startswith("$"):
        return path_fault(path)
    if path != OWN:
        return f"there is no '{path}' here; there is {OWN}"
    has_scopes = isinstance(mapping, HttpRecords) and mapping.scopes
    return None if has_scopes else f"{OWN} needs scopes"
