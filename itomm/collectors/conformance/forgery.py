"""Attempts to lead a collector to another host: by redirects, and by addresses in answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from itomm.collectors.conformance.exchange import Answer, Asked, Tool

Form = Callable[[str, int], str]
"""Given the source's base address and the port of another listener on this machine, an address there."""


def _host_of(base: str) -> str:
    return base.partition("://")[2]


FORMS: Mapping[str, Form] = {
    "another port": lambda _, port: f"http://127.0.0.1:{port}",
    "another name of the host": lambda _, port: f"http://localhost:{port}",
    "the host as a user name": lambda base, port: f"http://{_host_of(base)}@127.0.0.1:{port}",
    "a user name and a backslash": lambda base, port: f"http://127.0.0.1:{port}\\@{_host_of(base)}",
    "no scheme": lambda _, port: f"//127.0.0.1:{port}",
    "a scheme in capitals": lambda _, port: f"HTTP://127.0.0.1:{port}",
    "another scheme": lambda _, port: f"https://127.0.0.1:{port}",
    "a decimal address": lambda _, port: f"http://2130706433:{port}",
    "a short address": lambda _, port: f"http://127.1:{port}",
    "IPv6 for IPv4": lambda _, port: f"http://[::ffff:127.0.0.1]:{port}",
    "a dot behind the host": lambda _, port: f"http://127.0.0.1.:{port}",
    "a space before it": lambda _, port: f" http://127.0.0.1:{port}",
}
"""Ways to write an address elsewhere that careless checks take for the source's own."""


def redirecting(form: str, port: int, status: int = 302) -> Tool:
    """A tool that sends every request on to an address elsewhere, with the same path and query."""

    def answer(asked: Asked) -> Answer:
        return Answer(status, b"", {"Location": f"{FORMS[form](asked.base, port)}{asked.target}"})

    return answer


def misleading(tool: Tool, form: str, port: int) -> Tool:
    """The tool, in whose answers every address of its own leads elsewhere: links, avatars, base URLs."""

    def answer(asked: Asked) -> Answer:
        healthy, elsewhere = tool(asked), FORMS[form](asked.base, port)
        headers = {name: text.replace(asked.base, elsewhere) for name, text in healthy.headers.items()}
        escaped = elsewhere.replace("\\", "\\\\").encode()
        body = healthy.body.replace(asked.base.encode(), escaped)
        slashes = asked.base.replace("/", "\\/").encode()
        return replace(healthy, body=body.replace(slashes, escaped), headers=headers)

    return answer
