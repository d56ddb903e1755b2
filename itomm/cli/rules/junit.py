"""Test results as JUnit XML, which build servers show: one suite a rule, one case a test."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree

from itomm.rules.rule_tests import RuleTestResult


def junit_text(results: Sequence[RuleTestResult]) -> str:
    """The XML document; it holds no times, so that the same results give the same bytes."""
    failures = sum(bool(result.faults) for result in results)
    root = ElementTree.Element(
        "testsuites", {"name": "itomm rules", "tests": str(len(results)), "failures": str(failures)}
    )
    for rule, grouped in groupby(results, key=lambda result: result.rule):
        cases = list(grouped)
        failed = sum(bool(result.faults) for result in cases)
        suite = ElementTree.SubElement(
            root, "testsuite", {"name": rule, "tests": str(len(cases)), "failures": str(failed)}
        )
        for result in cases:
            _add_case(suite, result)
    ElementTree.indent(root)
    text: str = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _add_case(suite: ElementTree.Element, result: RuleTestResult) -> None:
    file, line, _column = result.place.rsplit(":", 2)
    case = ElementTree.SubElement(
        suite,
        "testcase",
        {"classname": result.rule, "name": _printable(result.test), "file": file, "line": line},
    )
    if result.faults:
        message = _printable("; ".join(result.faults))
        ElementTree.SubElement(case, "failure", {"message": message}).text = f"{result.place}: {message}"


def _printable(text: str) -> str:
    """XML has no place for most control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
