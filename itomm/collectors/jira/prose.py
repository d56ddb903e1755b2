"""The texts and addresses in a description, in wiki markup or an Atlassian document. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from itomm.collectors.payload import Payload, mapping_of, rows_of, text_of


def texts_of(description: object) -> Iterator[str]:
    """What a description says, and where its links and cards lead, in no particular order."""
    if isinstance(description, str):
        yield description
        return
    waiting = [mapping_of(description)]
    while waiting:
        node = waiting.pop()
        waiting += rows_of(node.get("content"))
        yield from _said_by(node)


def _said_by(node: Payload) -> Iterator[str]:
    links = [mapping_of(mark.get("attrs")).get("href") for mark in rows_of(node.get("marks"))]
    for said in (node.get("text"), mapping_of(node.get("attrs")).get("url"), *links):
        text = text_of(said)
        if text:
            yield text
