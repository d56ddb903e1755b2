"""A strict reading of a page: a tree to ask questions of, or a failure where an element is not closed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "hr", "input"}
PHRASING = {"a", "bdi", "b", "code", "em", "small", "span", "strong", "time"}


@dataclass
class Node:
    tag: str
    attributes: dict[str, str]
    parent: Node | None = None
    contents: list[Node | str] = field(default_factory=list)

    @property
    def children(self) -> list[Node]:
        return [each for each in self.contents if isinstance(each, Node)]

    @property
    def words(self) -> list[str]:
        return [each for each in self.contents if isinstance(each, str)]

    def walk(self) -> Iterator[Node]:
        for child in self.children:
            yield child
            yield from child.walk()

    def all(self, *tags: str) -> list[Node]:
        return [node for node in self.walk() if node.tag in tags]

    def classed(self, name: str) -> list[Node]:
        return [node for node in self.walk() if name in node.attributes.get("class", "").split()]

    @property
    def raw(self) -> str:
        end = "" if self.tag in PHRASING else " "
        return "".join(each if isinstance(each, str) else each.raw for each in self.contents) + end

    @property
    def text(self) -> str:
        """What is read, with whitespace as a browser shows it."""
        return " ".join(self.raw.split())

    @property
    def ancestors(self) -> Iterator[Node]:
        if self.parent:
            yield self.parent
            yield from self.parent.ancestors


class StrictParser(HTMLParser):
    """Builds a tree; any element that is not closed by its own end tag fails."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("document", {})
        self.current = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"attribute twice in {self.get_starttag_text()}"
        node = Node(tag, {name: value or "" for name, value in attrs}, self.current)
        self.current.contents.append(node)
        if tag not in VOID:
            self.current = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.current.tag == tag, f"</{tag}> closes <{self.current.tag}> at line {self.getpos()[0]}"
        assert self.current.parent
        self.current = self.current.parent

    def handle_data(self, data: str) -> None:
        self.current.contents.append(data)


def parse(html: str) -> Node:
    parser = StrictParser()
    parser.feed(html)
    parser.close()
    assert parser.current is parser.root, f"<{parser.current.tag}> is never closed"
    return parser.root


def by_id(page: Node, name: str) -> Node:
    return next(node for node in page.walk() if node.attributes.get("id") == name)


def criterion_details(page: Node, criterion: str) -> Node:
    parent = by_id(page, f"criterion-{criterion}").parent
    assert parent
    return parent
